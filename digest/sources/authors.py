"""One string of authors, as feeds write them, into names."""

import re

_AND = re.compile(r"(?:,\s*(?:and|&)\s+|\s+(?:and|&)\s+)")
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[- ]?){1,4}")
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|PhD|MD|M\.D|Ph\.D)\.?", re.IGNORECASE)
_ASIDE = re.compile(r"\s*\([^()]*\)")


def split(text: str) -> tuple[str, ...]:
    """The names, in order, without affiliations.

    Commas inside parentheses and braces separate nothing; semicolons win over commas; "Lovelace, A., Turing, A. M." are two.
    """
    text = " ".join(text.split())
    if not text:
        return ()
    separator = ";" if _outside(text, ";") else ","
    parts = []
    for part in _parts(text, separator):
        parts += _AND.split(part)
    names = [_without_affiliation(part) for part in parts]
    names = [name for name in names if name and name.lower() not in {"et al", "et al.", "and"}]
    if separator == ",":
        names = _in_order(names)
    return tuple(names)


def _outside(text: str, separator: str) -> bool:
    return separator in text and len(_parts(text, separator)) > 1


def _parts(text: str, separator: str) -> list[str]:
    """Split on the separator where it stands outside parentheses, brackets and braces."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(rf"[(\[{{]|[)\]}}]|{separator}", text):
        if match[0] in "([{":
            depth += 1
        elif match[0] in ")]}":
            depth = max(0, depth - 1)
        elif not depth:
            parts.append(text[start : match.start()])
            start = match.end()
    parts.append(text[start:])
    if depth and len(parts) == 1 and separator in text:
        # A parenthesis that never closes must not swallow everybody.
        return text.split(separator)
    return parts


def _without_affiliation(name: str) -> str:
    while (shorter := _ASIDE.sub("", name)) != name:
        name = shorter
    return name.strip(" ,;\t")


def _in_order(names: list[str]) -> list[str]:
    """Initials or a suffix that a comma cut off go back to their family name: "Lovelace", "A." -> "A. Lovelace"."""
    joined: list[str] = []
    for name in names:
        if joined and _SUFFIX.fullmatch(name):
            joined[-1] += f", {name}"
        elif joined and _INITIALS.fullmatch(name) and "." in name and "." not in joined[-1]:
            joined[-1] = f"{name} {joined[-1]}"
        else:
            joined.append(name)
    return joined
