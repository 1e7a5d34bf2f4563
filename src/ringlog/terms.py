"""The terms a text is found by: one pure function, for what is stored and for what is asked alike.

Standard library only. A store that keeps terms keeps VERSION beside them: it can take terms out again only
by making the very same ones from the same text.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

RULES = 2
"""Counts the changes to what `terms` gives for some text."""
VERSION = f"{RULES}/{unicodedata.unidata_version}"
"""Of the terms: what is a letter, and what folds to what, is Unicode's."""

MAX_TERM = 64
"""Characters. Longer words are cut: nobody types them, and both sides cut alike."""
MAX_NUMBER = 18
"""Digits. A longer row of groups is a table, not a number."""

# A word of most scripts of Asia south and east holds marks, which Unicode does not count as letters.
MARKS = "".join(chr(c) for c in range(0x300, 0x3100) if unicodedata.category(chr(c)).startswith("M"))
WORD = re.compile(f"[^\\W_](?:[^\\W_]|[{MARKS}])*")
ASCII_WORDS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else 32 for code in range(128)).ljust(256)
"""What each byte of an ASCII text becomes: its words in small letters, blanks between them."""
NUMBER = re.compile(r"[0-9]+(?:[ ().-]{1,3}[0-9]+)*")
"""Digit groups that may be one number. A `+` begins another."""
GROUP = re.compile("[0-9]+")
BETWEEN = str.maketrans("", "", " ().-")

UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\uac00-\ud7af]+"  # Korean, whose words take endings
)
"""Runs of scripts that leave no blanks between words, or whose words are not what one looks for."""


def terms(text: str) -> set[str]:
    """The terms of `text`, in no order: letters, marks and digits only, without regard to case or width.

    - Words, as Unicode has them. Of a run of Chinese, Japanese, Korean, Thai, Lao, Khmer or Burmese: each
      character and each pair.
    - Numbers: each group of digits, and groups joined by blanks, `( ) - .` as one number too. Eleven digits
      that begin with 1 stand without the 1, so a number is found with and without it (as
      `model.number_key` compares).
    """
    return _terms(text if text.isascii() else folded(text))


def _terms(text: str) -> set[str]:
    """Of ASCII, or of what is folded."""
    found = set(text.encode().translate(ASCII_WORDS).decode().split()) if text.isascii() else _words(text)
    for number in NUMBER.findall(text):
        # Most are a plain group, which is a word already.
        if len(number) > 10 or not number.isdigit():
            _add_number(found, number)
    if len(max(found, key=len, default="")) > MAX_TERM:
        return {term[:MAX_TERM] for term in found}
    return found


Ways = Sequence[frozenset[str]]
"""Of one thing that is asked for: it is there where all terms of any of these are."""


def asked(text: str) -> list[Ways]:
    """What a call's terms must hold, all of it, to be found by `text`.

    Most is a term. A number of several groups is there as one number or as its groups: `12 25` may be either.
    """
    text = text if text.isascii() else folded(text)
    numbers: list[Ways] = []

    def apart(number: re.Match[str]) -> str:
        """What stays in the text; a group at a letter is part of a word."""
        groups = GROUP.findall(number[0])
        if len(groups) == 1:
            return number[0]
        head = groups.pop(0) if is_word(text[max(number.start() - 1, 0) : number.start()]) else ""
        tail = groups.pop() if is_word(text[number.end() : number.end() + 1]) else ""
        joined: set[str] = set()
        _add_number(joined, number[0].translate(BETWEEN))
        ways = joined, {term for group in groups for term in _terms(group)}
        if groups:
            numbers.append([frozenset(way) for way in ways if way])
        return f"{head}|{tail}"

    words = _terms(NUMBER.sub(apart, text))
    return [*([frozenset((word,))] for word in sorted(words)), *numbers]


def is_word(character: str) -> bool:
    """Whether it is part of a word wherever it stands between letters."""
    return bool(character) and WORD.fullmatch(f"a{character}") is not None


ACCOUNT, MODULE_TYPE, KIND = "a", "m", "c"
"""What a facet is of."""
NO_WORD = re.compile(r"\W+")


@lru_cache(4096)
def facet(of: str, value: str) -> str:
    """A term for what an entry is and not for what it says: the colon keeps it apart from every word."""
    return f"{of}:{NO_WORD.sub('_', folded(value))[:MAX_TERM]}"


def folded(text: str) -> str:
    """Without regard to case and width."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _words(text: str) -> set[str]:
    found: set[str] = set()
    for word in WORD.findall(text):
        if word.isascii() or not UNSPACED.search(word):
            found.add(word)
        else:
            found.update(part for part in UNSPACED.sub(" ", word).split())
            for run in UNSPACED.findall(word):
                found.update(run)
                found.update(one + other for one, other in pairwise(run))
    return found


def _add_number(found: set[str], number: str) -> None:
    """A whole number stands for itself without its leading 1; its groups stay."""
    digits = number.translate(BETWEEN)
    if len(digits) <= MAX_NUMBER:
        found.add(digits)
    for one in (digits, *GROUP.findall(number)):
        if len(one) == 11 and one[0] == "1":
            found.discard(one)
            found.add(one[1:])
