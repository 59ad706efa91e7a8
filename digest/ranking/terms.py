"""Words and phrases: how titles, abstracts and what readers type become numbers that can be compared.

A text is read in two layers. The exact layer keeps each word as it was written, hyphens and plurals included, for authors
choose their forms with care: papers on "vision-language models" and on "the vision and language of one model" are not the same.
The folded layer cuts at hyphens and takes plurals back to the singular, so that what a reader types finds its papers however
they spell it. Function words are dropped in both.

A phrase is a run of up to three words within a sentence, packed into one integer, 20 bits a word. Scripts without spaces are
cut into characters, whose runs of two and three then serve as words.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]

BREAK = 0
"""The number that stands for the end of a sentence; no word has it."""
FUNCTION = -1
"""The number that stands for a function word."""
PUNCTUATION = -2
"""The number that stands for a mark within a sentence."""
_BITS = 20
_MASK = (1 << _BITS) - 1
SHORTEST_PHRASE = 1 << _BITS
"""Packed phrases below it are single words."""
LONGEST = 3
"""Words in a phrase, at most."""
MOST_WORDS = _MASK - 4096
"""Words that a lexicon can hold; the numbers above are lent to words that it does not know."""

_TOKEN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*[+#]*|[.!?;:](?=\s)|[^\W_a-z0-9]+|[^\w\s.!?;:]")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013", "-"))
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_UNSPACED = re.compile(
    "([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f])"
)

_STOP_WORDS = (
    "a about above across after again against all almost along already also although always am among an and another any are "
    "aren as at away be because been before being below between both but by can cannot could did do does doing done during "
    "each either else enough et al etc even ever every for from further furthermore had has have having he hence her here "
    "hers him his how however i ie eg if in into indeed instead is isn it its itself just less like made mainly make many "
    "may me might more moreover most much must my namely near need neither nevertheless no nor not of off often on once "
    "only onto or other others otherwise our ours out over own per perhaps please quite rather really s same several she "
    "should since so some still such t than that the their theirs them themselves then thence there thereby therefore these "
    "they this those through throughout thus to together too toward towards under until up upon us used using various very "
    "via was we well were what when where whereas whether which while who whole whom whose why will with within without "
    "would yet you your yours "
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Function words of English. What every abstract says beyond them is for its rarity to discount."""


def fold(text: str) -> str:
    """Lower case without accents or compatibility forms; letters of scripts without spaces stand alone."""
    if text.isascii():
        return text.lower()
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text.translate(_DASHES))).casefold()
    return _UNSPACED.sub(r" \1 ", unicodedata.normalize("NFC", plain))


def stem(word: str) -> str:
    """An English plural becomes its singular (after Harman, "How effective is suffixing?", 1991); all else stays."""
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y" if len(word) > 4 else word
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith(("us", "ss", "is")):
        return word
    return word[:-1]


class Numbered(dict[str, int]):
    """Numbers of texts; that of one not met before is asked for, once."""

    def __init__(self, first_met: Callable[[str], int]) -> None:
        super().__init__()
        self._first_met = first_met

    def __missing__(self, text: str) -> int:
        number = self[text] = self._first_met(text)
        return number


class Lexicon:
    """Numbers for words, given in the order of first use. Reading a text twice gives the same numbers.

    `read` learns new words; `look_up` lends them numbers that mean nothing outside of its answer, so that what readers type
    or have voted on changes nothing for others.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words = ["", *words]
        self._numbers = {word: number for number, word in enumerate(self.words)}
        self._tokens = Numbered(self._first_met)
        self._parts: dict[int, tuple[int, ...]] = {}
        self._pieces: dict[int, tuple[int, ...]] = {}

    def read(self, text: str) -> list[int]:
        """The numbers of a text's words as written, BREAK between sentences, FUNCTION and PUNCTUATION in their places."""
        return self.read_folded(fold(text))

    def read_folded(self, text: str) -> list[int]:
        """As `read`, of a text that is folded already."""
        return list(map(self._tokens.__getitem__, _TOKEN.findall(text)))

    def look_up(self, text: str) -> "Typed":
        """A text read without learning from it."""
        lent: dict[str, int] = {}
        exact, folded, pieces = [], [], []
        for token in _TOKEN.findall(fold(text)):
            sign = _sign(token)
            if sign is not None:
                pieces.append(sign)
                if sign == BREAK:
                    exact.append(sign)
                    folded.append(sign)
                continue
            exact.append(self._lent(token, lent))
            for piece in token.split("-"):
                stop = piece in STOP_WORDS
                pieces.append(FUNCTION if stop else self._lent(piece, lent))
                if not stop:
                    folded.append(self._lent(stem(piece), lent))
        return Typed(exact, folded, pieces)

    def parts(self, number: int) -> tuple[int, ...]:
        """The folded words that one word is made of: "vision-language" has two, "models" has one, "model"."""
        parts = self._parts.get(number)
        if parts is None:
            split = (piece for piece in self.words[number].split("-") if piece not in STOP_WORDS)
            parts = self._parts[number] = tuple(self._number(stem(piece)) for piece in split)
        return parts

    def pieces(self, number: int) -> tuple[int, ...]:
        """As `parts`, as written, with FUNCTION in the place of function words."""
        pieces = self._pieces.get(number)
        if pieces is None:
            word = self.words[number]
            split = word.split("-") if "-" in word else [word]
            pieces = tuple(FUNCTION if piece in STOP_WORDS else self._number(piece) for piece in split)
            self._pieces[number] = pieces
        return pieces

    def phrase(self, code: int) -> str:
        """The words of a packed phrase."""
        shifts = range((LONGEST - 1) * _BITS, -1, -_BITS)
        return " ".join(self.words[part] for part in ((code >> shift) & _MASK for shift in shifts) if part)

    def _first_met(self, token: str) -> int:
        sign = _sign(token)
        return self._number(token) if sign is None else sign

    def _number(self, word: str) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self.words)
            if number > MOST_WORDS:
                raise OverflowError(f"more than {MOST_WORDS:,} different words; rank in smaller batches")
            self.words.append(word)
        return number

    def _lent(self, word: str, lent: dict[str, int]) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = lent.setdefault(word, max(_MASK - len(lent), MOST_WORDS + 1))
        return number


@dataclass(frozen=True, slots=True)
class Typed:
    """What a reader typed: in the exact and in the folded layer, and in pieces as `Lexicon.pieces` has them, signs included."""

    exact: list[int]
    folded: list[int]
    pieces: list[int]


def _sign(token: str) -> int | None:
    """The number of a token that is no word, None for a word."""
    if token in STOP_WORDS:
        return FUNCTION
    if token[0].isalnum():
        return None
    return BREAK if token[0] in ".!?;:" else PUNCTUATION


def phrases(numbers: Codes, length: int, bits: int = _BITS) -> tuple[Codes, Codes]:
    """Phrases of exactly `length` words, packed with `bits` bits a word, and where each starts; none crosses a BREAK."""
    if len(numbers) < length:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    count = len(numbers) - length + 1
    codes = numbers[:count].copy()
    whole = codes != BREAK
    for offset in range(1, length):
        following = numbers[offset : offset + count]
        codes <<= bits
        codes |= following
        whole &= following != BREAK
    starts = np.flatnonzero(whole)
    return codes[starts], starts


def unpacked(codes: Codes, length: int, bits: int) -> list[Codes]:
    """The words of phrases of `length` words, packed with `bits` bits a word: an array for the first of each, and so on."""
    return [(codes >> (bits * after)) & ((1 << bits) - 1) for after in range(length - 1, -1, -1)]


def packed(words: Sequence[Codes]) -> Codes:
    """Phrases from their first words, their second ones, and so on."""
    codes = words[0].copy()
    for following in words[1:]:
        codes <<= _BITS
        codes |= following
    return codes


def phrases_of(numbers: Sequence[int]) -> list[int]:
    """Every phrase of one to LONGEST words in a short text, in order of length, then of place; each once."""
    found: dict[int, None] = {}
    for length in range(1, LONGEST + 1):
        for start in range(len(numbers) - length + 1):
            words = numbers[start : start + length]
            if BREAK not in words:
                code = 0
                for word in words:
                    code = (code << _BITS) | word
                found[code] = None
    return list(found)


def length_of(code: int) -> int:
    """How many words a packed phrase has."""
    return 1 if code < 1 << _BITS else 2 if code < 1 << (2 * _BITS) else 3
