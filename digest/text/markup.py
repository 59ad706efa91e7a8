"""HTML to text, where the text may just as well be mathematics that uses `<`."""

import html
import re

_BLOCK = "p|br|hr|div|li|ul|ol|dl|dt|dd|tr|td|th|table|tbody|thead|h[1-6]|blockquote|pre|section|article|title|sec|figure|img"
_INLINE = (
    "a|abbr|acronym|b|big|cite|code|dfn|em|font|i|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var|italic|bold|sc|"
    "inline-formula|tex-math|ext-link|xref|label|math|mi|mn|mo|mrow|msub|msup|semantics|annotation|center|nobr|wbr|nav|header|"
    "footer|main|picture|video|audio|iframe|object|embed|form|input|button|svg|path|g"
)
# An attribute needs its `=`, so that `a <b and c> d` stays mathematics.
_ATTRIBUTES = r"""(?:\s+[\w:@.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=]+))*"""
_TAG = re.compile(rf"<(/?)((?:jats:|mml:)?(?:{_BLOCK}|{_INLINE})){_ATTRIBUTES}\s*/?>", re.IGNORECASE)
_BLOCKS = re.compile(_BLOCK, re.IGNORECASE)
_UNSEEN = re.compile(
    r"<!--.*?-->|<(script|style|template|noscript)\b[^<>]*>.*?</\1\s*>|<\?xml[^<>]*\?>|<!doctype[^<>]*>", re.S | re.I
)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.S)
_SCRIPT = re.compile(r"<(sub|sup)\s*>([^<>]{1,40})</\1\s*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def _script(match: re.Match[str]) -> str:
    """Scripts are handed to the TeX stage, which knows the Unicode letters for them."""
    return f"{'_' if match[1].lower() == 'sub' else '^'}{{{match[2]}}}"


def _tag(match: re.Match[str]) -> str:
    name = match[2].lower().removeprefix("jats:").removeprefix("mml:")
    return " " if _BLOCKS.fullmatch(name) else ""


def plain(text: str) -> str:
    """Known tags resolved, entities decoded once; a `<` that opens no known tag stays."""
    if "<" in text:
        text = _CDATA.sub(r"\1", text)
        text = _UNSEEN.sub(" ", text)
        text = _TAG.sub(_tag, _SCRIPT.sub(_script, text))
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text
