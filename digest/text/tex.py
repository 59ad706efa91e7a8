"""TeX to Unicode, as far as it is understood.

One pass finds which braces and dollars belong together; a second walks the text and rewrites it from left to right. Both take
time in proportion to the length of the text, whatever is in it.
"""

import re
import unicodedata
from collections.abc import Callable

from digest.text import lost
from digest.text import symbols as s

_SOFT = "\ue000"  # a space where a letter or digit stands on both sides; removed from the input before
_DEEPEST = 30
_TOKEN = re.compile(r"\\([A-Za-z]+)(\*?)|\\(.)|[${^_~]|---?", re.DOTALL)
_WORDS = re.compile(r"[\w\s\\$*'’:./+&-]*", re.DOTALL)
_LETTER = r"[^\W_¹²³⁰-⁹ⁿᵃ-ᶻᴬ-ᵂ₀-ₜ]"  # or digit, but none that is a script
_SOFT_BETWEEN = re.compile(rf"(?<=[^\W_])\ue000+(?={_LETTER})|(?<=[)\]⟩])\ue000+(?={_LETTER})|(?<=[^\W_])\ue000+(?=[√∑])")
_ATOM = re.compile(r"[-−]?√?(?:\d[\d.,]*|[^\W\d_]|[∞∂∇])[\u0300-\u036f⁰¹²³⁴-⁾ⁿ₀-ₜᵀ′*†]*(?:\^\([^()]*\))?|\([^()]*\)")
_NAME = re.compile(r"[A-Za-z0-9Α-Ωα-ωϵℓ]+")
_ASIDE = re.compile(r"\([^()]*\)")
_ADDED = re.compile(r"[-+−±∓/ ]")
_POWER = re.compile(r"[-−+]?\d{1,4}(?![\w.]*\w*\^)")
_INDEX = re.compile(r"\d{1,2}(?![a-z0-9_])")
_INDEXED = re.compile(r"(?:^|[^\w\\])[^\W\d_]{1,2}$|[)\]]$")
_MATHS_INSIDE = re.compile(r"[\\^_={}<>+]|^\s*[^\W\d_]\s*$")
_ARGUMENT = re.compile(r"\\[A-Za-z]+|\\.|[^\s{}]", re.DOTALL)


def plain(text: str) -> str:
    """Readable Unicode; what is not understood stays as it was written, braces, dollars and all."""
    if not (
        "\\" in text or "{" in text or "$" in text or "^" in text or "_" in text or "~" in text or "``" in text or "--" in text
    ):
        return text
    if _SOFT in text:
        text = text.replace(_SOFT, "")
    text = lost.restore(text)
    if "``" in text:
        text = text.replace("``", "“").replace("''", "”")
    out = _Walk(text).all()
    if _SOFT in out:
        out = _SOFT_BETWEEN.sub(" ", out).replace(_SOFT, "")
    return out


def _matching_braces(text: str) -> dict[int, int]:
    pairs: dict[int, int] = {}
    stack: list[int] = []
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match[0] == "{":
            stack.append(match.start())
        elif match[0] == "}" and stack:
            pairs[stack.pop()] = match.start()
    return pairs


def _matching_dollars(text: str) -> dict[int, tuple[int, int]]:
    """Where each opening `$` or `$$` closes: start -> (end of content, end). Money ("$5 and $10") opens nothing."""
    pairs: dict[int, tuple[int, int]] = {}
    found = [match for match in re.finditer(r"\\.|\$\$?", text, re.DOTALL) if match[0][0] == "$"]
    position = 0
    while position < len(found) - 1:
        opening, closing = found[position], found[position + 1]
        content = text[opening.end() : closing.start()]
        if opening[0] == closing[0] and _is_maths(content, text[closing.end() : closing.end() + 1]):
            pairs[opening.start()] = (closing.start(), closing.end())
            position += 2
        else:
            position += 1
    return pairs


def _is_maths(content: str, after: str) -> bool:
    if not content.strip() or len(content) > 1000:
        return False
    if _MATHS_INSIDE.search(content):
        return True
    # Pandoc's rule: no space inside the dollars, no digit after the second.
    return not content[0].isspace() and not content[-1].isspace() and not after.isdigit()


def _wrapped(text: str) -> str:
    return text if _ATOM.fullmatch(text) else f"({text})"


def _script(marker: str, text: str) -> str:
    """`text` as a subscript or superscript: in Unicode's letters where they all exist and read well, else marked."""
    text = text.replace(_SOFT, "").strip()
    letters, signs = (s.SUBSCRIPT, s.SUBSCRIPT_SIGNS) if marker == "_" else (s.SUPERSCRIPT, s.SUPERSCRIPT_SIGNS)
    if text in signs:
        return signs[text]
    compact = text.replace(" ", "")
    if compact and all(char in letters for char in compact) and not re.search(r"[^\W\d_]{3}", compact):
        return "".join(letters[char] for char in compact)
    return marker + (f"{text}{_SOFT if len(text) > 1 else ''}" if _NAME.fullmatch(text) else f"({text})")


def _accented(base: str, accent: str) -> str | None:
    """The letter with its accent, or None when there is not one letter to put it on."""
    base = {"ı": "i", "ȷ": "j"}.get(base, base)
    if len(base) == 1 and base.isalnum():
        return unicodedata.normalize("NFC", base + accent)
    decomposed = unicodedata.normalize("NFD", base)
    if decomposed[:1].isalnum() and all(unicodedata.combining(char) for char in decomposed[1:]):
        return unicodedata.normalize("NFC", decomposed + accent)
    return None


class _Walk:
    """One text on its way from TeX to Unicode."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.braces = _matching_braces(text) if "{" in text else {}
        self.dollars = _matching_dollars(text) if "$" in text else {}
        self.last = {closer: text.rfind(closer) for closer in ("\\)", "\\]")}
        self.has_tex = "\\" in text or bool(self.dollars)

    def all(self) -> str:
        return self.span(0, len(self.text), maths=False, depth=0)

    def span(self, start: int, end: int, *, maths: bool, depth: int) -> str:
        """`text[start:end]` rewritten; deeper than anyone writes it stays raw."""
        text = self.text
        if depth > _DEEPEST:
            return text[start:end]
        out: list[str] = []
        position = start
        while position < end:
            match = _TOKEN.search(text, position, end)
            if match is None:
                out.append(self._literal(text[position:end], maths))
                break
            if match.start() > position:
                out.append(self._literal(text[position : match.start()], maths))
            position = self._token(match, end, out, maths, depth)
        return "".join(out)

    @staticmethod
    def _literal(chunk: str, maths: bool) -> str:
        return chunk.replace("-", "−").replace("'", "′").replace("}", "") if maths else chunk

    def _token(self, match: re.Match[str], end: int, out: list[str], maths: bool, depth: int) -> int:
        """Append what the token at `match` stands for; returns where to go on."""
        if match[1]:
            return self._macro(match[1], match.start(), match.end(), end, out, maths, depth)
        if match[3]:
            return self._escape(match[3], match.start(), match.end(), end, out, maths, depth)
        sign, start, after = match[0], match.start(), match.end()
        if sign == "$":
            return self._dollar(start, end, out, depth)
        if sign == "{":
            return self._group(start, end, out, maths, depth)
        if sign in "_^":
            return self._scripted(sign, start, end, out, maths, depth)
        if sign == "~":
            # A tie stands between words; before a number after a space it means "about".
            tie = maths or (start > 0 and not self.text[start - 1].isspace() and self.text[start - 1] not in "(/")
            out.append(" " if tie else "~")
        elif maths:
            out.append("−" * len(sign))
        else:
            out.append(self._dash(sign, self.text[max(start - 1, 0) : start], self.text[after : after + 1]))
        return after

    @staticmethod
    def _dash(sign: str, before: str, behind: str) -> str:
        """TeX's dashes between words or between spaces; `--option` is none."""
        between_words = (before.isalnum() or before in {")", "$", "}"}) and (behind.isalnum() or behind in {"$", "\\", "("})
        if not (before and behind and (between_words or (before.isspace() and behind.isspace()))):
            return sign
        # TeX's -- is a short dash; between words in lower case most writers mean the long one.
        joins = (before.isdigit() and behind.isdigit()) or behind.isupper()
        return "–" if sign == "--" and joins else "—"

    def _dollar(self, start: int, end: int, out: list[str], depth: int) -> int:
        if start not in self.dollars or self.dollars[start][1] > end:
            out.append("$")
            return start + 1
        closing, after = self.dollars[start]
        opening = start + (after - closing)
        out.append(self.span(opening, closing, maths=True, depth=depth + 1).strip())
        return after

    def _group(self, start: int, end: int, out: list[str], maths: bool, depth: int) -> int:
        closing = self.braces.get(start, end)
        if closing >= end:
            out.append("{")
            return start + 1
        inner = self.text[start + 1 : closing]
        rewritten = self.span(start + 1, closing, maths=maths, depth=depth + 1)
        understood = inner[:1] == "\\" and "\\" not in rewritten
        # Braces around words only protect capitals; around anything else they may be a set, or someone's JSON.
        words = _WORDS.fullmatch(inner) and (self.has_tex or inner != inner.lower())
        bare = maths or not inner or understood or words
        out.append(rewritten if bare else f"{{{rewritten}}}")
        return closing + 1

    def _argument(self, position: int, end: int, maths: bool, depth: int) -> tuple[str, int] | None:
        """The rewritten argument that starts at `position`, and where it ends; None when there is none."""
        position = self._past_space(position, end)
        if position >= end:
            return None
        if self.text[position] == "{":
            closing = self.braces.get(position, end)
            if closing >= end:
                return None
            return self.span(position + 1, closing, maths=maths, depth=depth + 1), closing + 1
        single = _ARGUMENT.match(self.text, position, end)
        if single is None or single[0] == "$":
            return None
        return self.span(single.start(), single.end(), maths=maths, depth=depth + 1), single.end()

    def _optional(self, position: int, end: int) -> int:
        """Past `[...]`, if that is what comes."""
        if self.text.startswith("[", position):
            closing = self.text.find("]", position, min(end, position + 200))
            if closing != -1:
                return closing + 1
        return position

    def _scripted(self, marker: str, start: int, end: int, out: list[str], maths: bool, depth: int) -> int:
        if maths:
            found = self._argument(start + 1, end, maths=True, depth=depth)
            if found is None:
                out.append(marker)
                return start + 1
            out.append(_script(marker, found[0]))
            return found[1]
        before = self.text[start - 1] if start else " "
        if before.isalnum() or before in ")]}$★":
            following = self.text[start + 1 : start + 2]
            if following == "{" and (found := self._argument(start + 1, end, maths=True, depth=depth)):
                out.append(_script(marker, found[0]))
                return found[1]
            pattern = _POWER if marker == "^" else _INDEX
            number = pattern.match(self.text, start + 1, end)
            if number and (marker == "^" or _INDEXED.search(self.text, max(0, start - 4), start)):
                out.append(_script(marker, number[0]))
                return number.end()
        out.append(marker)
        return start + 1

    def _escape(self, char: str, start: int, after: int, end: int, out: list[str], maths: bool, depth: int) -> int:
        if char in "([":
            closer = "\\)" if char == "(" else "\\]"
            # Looked up once from the end, so that openers without closers cost no search each.
            closing = self.text.find(closer, after, end) if after <= self.last[closer] else -1
            if closing == -1:
                out.append(self.text[start:after])
                return after
            out.append(self.span(after, closing, maths=True, depth=depth + 1).strip())
            return closing + 2
        if char in "%$&#_{}":
            out.append(char)
        elif char in ",;: \n\t>\\":
            out.append(" ")
        elif char in "!/-@":
            pass
        elif char == "|":
            out.append("‖")
        elif char in s.ACCENTS and not maths:
            return self._accent(char, start, after, end, out, maths, depth)
        else:
            out.append(self.text[start:after])
        return after

    def _accent(self, name: str, start: int, after: int, end: int, out: list[str], maths: bool, depth: int) -> int:
        found = self._argument(after, end, maths, depth)
        letter = _accented(found[0], s.ACCENTS[name]) if found else None
        if found is None or letter is None:
            return self._raw(start, after, end, out)
        out.append(letter)
        return found[1]

    def _raw(self, start: int, after: int, end: int, out: list[str]) -> int:
        """Leave a macro as it was written, its arguments too."""
        position = after
        while position < end and self.text[position] == "{" and self.braces.get(position, end) < end:
            position = self.braces[position] + 1
        out.append(self.text[start:position])
        return position

    def _macro(self, name: str, start: int, after: int, end: int, out: list[str], maths: bool, depth: int) -> int:
        symbol = s.GREEK.get(name) or s.PLAIN.get(name) or s.SPACED.get(name) or (s.CUSTOMARY.get(name) if maths else None)
        if name in s.ACCENTS and (len(name) > 1 or not maths):
            return self._accent(name, start, after, end, out, maths, depth)
        if symbol is not None:
            out.append(f" {symbol} " if maths and name in s.SPACED else symbol)
            return self._past_symbol(symbol, after, end, out, maths)
        if name in s.OPERATORS:
            out.append(f"{_SOFT}{name}{_SOFT}")
            return self._past_space(after, end) if maths else after
        if name in s.SPACES:
            out.append(" ")
            return after
        if name in s.SIZES:
            return self._sized(after, end, out)
        if name in s.SWITCHES and not self.text.startswith("{", after):
            return self._past_name(after, end, maths)
        if handler := _MACROS.get(name):
            position = handler(self, after, end, out, maths, depth)
            return position if position is not None else self._raw(start, after, end, out)
        return self._raw(start, after, end, out)

    def _past_space(self, position: int, end: int) -> int:
        while position < end and self.text[position] in " \t\r\n":
            position += 1
        return position

    def _past_symbol(self, symbol: str, after: int, end: int, out: list[str], maths: bool) -> int:
        """Past the space that only ends the symbol's name, unless it is there for air: `\\Delta t`, but `a \\times b`."""
        airy = len(out) > 1 and out[-2][-1:] == " "
        following = self.text[after : after + 2].strip()
        if maths:
            return after if airy or not (following[:1].isalnum() or following[:1] == "\\") else self._past_space(after, end)
        return self._past_space(after, end) if symbol in _JOINING else self._past_name(after, end, maths)

    def _past_name(self, after: int, end: int, maths: bool) -> int:
        """TeX swallows the space after a name; in text `{}` says that it should not."""
        if self.text.startswith("{}", after):
            return after + 2
        if not maths and self.text[after : after + 1] != " ":
            return after
        return self._past_space(after, end) if maths else after

    def _sized(self, after: int, end: int, out: list[str]) -> int:
        position = self._past_space(after, end)
        bracket = self.text[position : position + 1]
        if bracket == ".":
            return position + 1
        if bracket and bracket in ")]|" and out:
            out[-1] = out[-1].rstrip()
        if bracket and bracket in "([|":
            out.append(bracket)
            return self._past_space(position + 1, end)
        return position

    # Each of these appends what the macro stands for and returns where to go on, or None when its arguments are missing.

    def shown(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        name = self._name_before(after)
        is_words = name.startswith("text") or name in {"emph", "mbox", "hbox", "url", "path", "enquote"}
        found = self._argument(after, end, maths and not is_words, depth)
        if found is None:
            return None
        if name == "textsubscript":
            out.append(_script("_", found[0]))
        elif name == "textsuperscript":
            out.append(_script("^", found[0]))
        else:
            out.append(found[0] if not name.startswith("operatorname") else f"{_SOFT}{found[0]}{_SOFT}")
        return found[1]

    def _name_before(self, after: int) -> str:
        backslash = self.text.rfind("\\", 0, after)
        return self.text[backslash + 1 : after].rstrip("*")

    def dropped(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        position = self._optional(self._optional(after, end), end)
        found = self._argument(position, end, maths, depth)
        if found is None:
            return None
        if out and self.text[found[1] : found[1] + 1] not in {"", " "}:
            out[-1] = out[-1].rstrip(" ~")
        return found[1]

    def fraction(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        over = self._argument(after, end, maths=True, depth=depth)
        under = self._argument(over[1], end, maths=True, depth=depth) if over else None
        if over is None or under is None:
            return None
        above = over[0].strip()
        out.append(f"{f'({above})' if _ADDED.search(_ASIDE.sub('', above)) else above}/{_wrapped(under[0].strip())}")
        return under[1]

    def root(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        position = self._optional(after, end)
        found = self._argument(position, end, maths=True, depth=depth)
        if found is None:
            return None
        degree = self.text[after + 1 : position - 1]
        out.append(f"{_script('^', degree) if degree else ''}√{_wrapped(found[0].strip())}")
        return found[1]

    def double_struck(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        found = self._argument(after, end, maths, depth)
        if found is None:
            return None
        out.append("".join(s.DOUBLE_STRUCK.get(char, char) for char in found[0]))
        return found[1]

    def link(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        address = self._argument(after, end, maths, depth)
        label = self._argument(address[1], end, maths, depth) if address else None
        if address is None or label is None:
            return None
        out.append(label[0] if label[0].strip() == address[0].strip() else f"{label[0]} ({address[0]})")
        return label[1]

    def coloured(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        colour = self._argument(self._optional(after, end), end, maths, depth)
        found = self._argument(colour[1], end, maths, depth) if colour else None
        if found is None:
            return None
        out.append(found[0])
        return found[1]

    def aside(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        found = self._argument(after, end, maths, depth)
        if found is None:
            return None
        out.append(f" ({found[0].strip()})")
        return found[1]

    def environment(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        found = self._argument(after, end, maths, depth)
        if found is None:
            return None
        out.append(" ")
        return found[1]

    def item(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        out.append(" • ")
        return after

    def negated(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        found = self._argument(after, end, maths, depth)
        if found is None or len(found[0].strip()) != 1:
            return None
        out.append(f" {unicodedata.normalize('NFC', found[0].strip() + chr(0x338))} ")
        return found[1]

    def code_point(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        match = re.compile(r"\{x([0-9A-Fa-f]{2,5})\}").match(self.text, after, end)
        if match is None or (char := chr(int(match[1], 16))).isspace() or not char.isprintable():
            return None
        out.append(char)
        return match.end()

    def binomial(self, after: int, end: int, out: list[str], maths: bool, depth: int) -> int | None:
        over = self._argument(after, end, maths=True, depth=depth)
        under = self._argument(over[1], end, maths=True, depth=depth) if over else None
        if over is None or under is None:
            return None
        out.append(f"({over[0].strip()} choose {under[0].strip()})")
        return under[1]


# Letters and signs that are part of a word, for which nobody writes a space but to end the name.
_JOINING = frozenset("/~øØłŁßæÆœŒåÅıȷðÐþÞ")

_Handler = Callable[[_Walk, int, int, list[str], bool, int], int | None]
_MACROS: dict[str, _Handler] = {
    **dict.fromkeys(s.SHOWN, _Walk.shown),
    **dict.fromkeys(s.DROPPED, _Walk.dropped),
    **dict.fromkeys(("frac", "tfrac", "dfrac", "nicefrac", "sfrac", "cfrac"), _Walk.fraction),
    **dict.fromkeys(("begin", "end"), _Walk.environment),
    "sqrt": _Walk.root,
    "mathbb": _Walk.double_struck,
    "mathds": _Walk.double_struck,
    "Bbb": _Walk.double_struck,
    "href": _Walk.link,
    "textcolor": _Walk.coloured,
    "footnote": _Walk.aside,
    "item": _Walk.item,
    "not": _Walk.negated,
    "unicode": _Walk.code_point,
    "binom": _Walk.binomial,
}
