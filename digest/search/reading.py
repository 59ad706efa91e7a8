"""What somebody typed, as words, phrases and words to leave out. Pure; whatever was typed can be read.

koopman "graph neural network" -survey robots OR drones author:"Ada Lovelace"
"""

import re
import unicodedata
from dataclasses import dataclass, replace

from digest import text

LONGEST = 300
"""Characters that are read; a title has fewer than this."""
MOST_TERMS = 24

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
# A minus, however it was typed, leaves out only where it begins a word.
_TOKEN = re.compile(r'(?P<minus>[-−–]?)(?:(?P<field>author:)\s*)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))', re.IGNORECASE)
# These set words apart inside a word ("vision-language"), in what is typed and in what is stored; see `keeping`.
APART = "-/_‐‑–—−"
_APART = str.maketrans(dict.fromkeys(APART, " "))
_UNREADABLE = {"Cc", "Cs", "Cn", "Co"}
# Letters that Unicode does not take apart and PostgreSQL's unaccent does.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Term:
    """One word, or several that stand side by side."""

    text: str
    quoted: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Its words as they are compared: letters and digits alone, folded."""
        return words(self.text)

    def __str__(self) -> str:
        return f'"{self.text}"' if self.quoted else self.text


@dataclass(frozen=True, slots=True)
class Query:
    """Each of `wanted` is a choice of terms of which one is asked for; none of `unwanted` may stand in a paper.

    `notes` say in plain words what of the typed text was not read.
    """

    wanted: tuple[tuple[Term, ...], ...] = ()
    unwanted: tuple[Term, ...] = ()
    author: str = ""
    notes: tuple[str, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        return tuple(term for choice in self.wanted for term in choice)

    @property
    def empty(self) -> bool:
        return not self.wanted

    @property
    def plain(self) -> str:
        """The wanted words in order, as a sentence to be understood."""
        return " ".join(term.text for term in self.terms)

    def spelled(self, corrections: dict[str, str]) -> "Query":
        """The same query with words replaced: folded word -> the word meant. Phrases are corrected within; authors stay."""

        def mend(term: Term) -> Term:
            mended = " ".join(corrections.get(word, word) for word in term.words)
            return term if not set(term.words) & corrections.keys() else replace(term, text=mended)

        return replace(self, wanted=tuple(tuple(map(mend, choice)) for choice in self.wanted))

    def __str__(self) -> str:
        """The query as it would be typed."""
        parts = [" OR ".join(map(str, choice)) for choice in self.wanted]
        parts += [f"-{term}" for term in self.unwanted]
        parts += [f'author:"{self.author}"'] if self.author else []
        return " ".join(parts)


def read(typed: str) -> Query:
    """Read a query. Only its first LONGEST characters and MOST_TERMS terms count; the notes say when there were more."""
    notes = []
    typed = tidy(typed, 2 * LONGEST)
    if len(typed) > LONGEST:
        notes.append(f"Only the first {LONGEST} characters were read.")
    typed = typed[:LONGEST].translate(_QUOTES)
    if "\\" in typed or "$" in typed:
        # TeX, copied from an abstract: papers are kept as plain text.
        typed = text.clean(typed)
    wanted: list[tuple[Term, ...]] = []
    unwanted: list[Term] = []
    author, joining, taken = "", False, 0
    for found in _TOKEN.finditer(typed):
        if found["word"] == "OR" and not found["minus"] and not found["field"]:
            joining = bool(wanted)
            continue
        quoted = found["phrase"] is not None
        inside = " ".join((found["phrase"] if quoted else found["word"]).translate(_APART).split())
        term = Term(inside, quoted or " " in inside)
        if not term.words:
            continue
        if taken == MOST_TERMS:
            notes.append(f"Only the first {MOST_TERMS} words and phrases were read.")
            break
        taken += 1
        if found["field"]:
            author = author or inside
        elif found["minus"]:
            unwanted.append(term)
        elif joining:
            wanted[-1] = (*wanted[-1], term)
        else:
            wanted.append((term,))
        joining = False
    if unwanted and not wanted:
        notes.append("There are only words to leave out. Name something to look for as well.")
    return Query(tuple(wanted), tuple(unwanted), author, tuple(notes))


def tidy(typed: str, longest: int = LONGEST) -> str:
    """One line without what no paper holds and some of which no database takes: controls, NUL, halves of surrogate pairs."""
    readable = "".join(" " if unicodedata.category(letter) in _UNREADABLE else letter for letter in typed[:longest])
    return " ".join(unicodedata.normalize("NFC", readable).split())


def words(phrase: str) -> tuple[str, ...]:
    """The words of a text, lower case without accents: "Schrödinger's cat" -> ("schrodinger", "s", "cat")."""
    return tuple(_WORD.findall(folded(phrase)))


def folded(phrase: str) -> str:
    """Lower case without accents, as the stored words are."""
    if phrase.isascii():
        return phrase.lower()
    decomposed = unicodedata.normalize("NFKD", phrase.lower().translate(_LETTERS))
    return unicodedata.normalize("NFC", "".join(letter for letter in decomposed if not unicodedata.combining(letter)))
