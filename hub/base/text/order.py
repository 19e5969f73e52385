"""Order of Vietnamese names: "Đ" comes after "D", tones count last, and 2 comes before 10.

A database sorts by code points or by the rules of its installation. So lists for people are sorted
in Python, by the keys of this module.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

Order = tuple[object, ...]
"""Compares with others of its kind."""

_ALPHABET: Final = {
    letter: place for place, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")
}
_TONES: Final = {mark: place for place, mark in enumerate("\u0300\u0309\u0303\u0301\u0323", 1)}
"""Huyền, hỏi, ngã, sắc, nặng; a letter without a mark comes first."""
_PARTS: Final = re.compile(r"[0-9]{1,18}|.", re.DOTALL)
_OTHER, _NUMBER, _LETTER, _FOREIGN = range(4)


@lru_cache(maxsize=16_384)  # the map sorts the same thousands of names every few seconds
def by_name(name: str) -> Order:
    """Sorting key of a name."""
    letters: list[tuple[int, int]] = []
    tones: list[int] = []
    for part in _PARTS.findall(unicodedata.normalize("NFC", name).casefold()):
        if part.isascii() and part.isdigit():
            letters.append((_NUMBER, int(part)))
            tones.append(0)
        else:
            letter, tone = _apart(part)
            letters.append(letter)
            tones.append(tone)
    return tuple(letters), tuple(tones), name


def by_place(place: str) -> Order:
    """Sorting key of an area's name with the names of the areas above it: "Ngã tư 1, Tân Khai"; the
    widest area counts first."""
    return tuple(by_name(part) for part in reversed(place.split(", ")))


def _apart(letter: str) -> tuple[tuple[int, int], int]:
    """Place of a letter in the alphabet, and its tone: "ấ" is "â" with sắc."""
    marks = unicodedata.normalize("NFD", letter)
    tone = next((_TONES[mark] for mark in marks if mark in _TONES), 0)
    bare = unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in _TONES))
    if bare in _ALPHABET:
        return (_LETTER, _ALPHABET[bare]), tone
    return (_FOREIGN if bare.isalpha() else _OTHER, ord(bare[0]) if bare else 0), tone
