"""HTML as mail clients take it: every rule inlined, at-rules kept for dark mode and small screens."""

import functools
from collections.abc import Sequence

import css_inline

_CUT = "<!--cut-->"


@functools.cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, minify_css=True, load_remote_stylesheets=False)


def inlined(document: str) -> str:
    """The whole document with its style sheet inlined."""
    return str(_inliner().inline(document))


def inlined_blocks(blocks: Sequence[str], style: str, *, within: str = "") -> list[str]:
    """Blocks of a body, inlined by the `<style>` element as they would be within a document that has it.

    `within`: the start tags, all of them, of what they stand in when they are no blocks of the body itself, such as rows.
    """
    document = f"<!doctype html><html><head>{style}</head><body>{within}{_CUT}{_CUT.join(blocks)}{_CUT}</body></html>"
    return inlined(document).split(_CUT)[1:-1]


def text(value: str) -> str:
    """The value escaped for element content and quoted attributes, as HTML serialises them (WHATWG HTML, section 13.3)."""
    return value.replace("&", "&amp;").replace("\xa0", "&nbsp;").replace("<", "&lt;").replace(">", "&gt;")
