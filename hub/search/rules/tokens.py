"""Words of a typed sentence, and phrases found in them with or without diacritics."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Generic, TypeVar

from hub.base.text.normalize import fold

_PARTS: Final = re.compile(r"\d+[.,]\d+|\d+|[^\W\d_]+(?:[-'’][^\W\d_]+)*|[-–—/:+]", re.UNICODE)
SIGNS: Final = "-/:+"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number, or one of `-/:+`; other signs only part words."""

    said: str
    """The word as typed, in small letters."""
    folded: str
    """Without diacritics."""
    start: int
    end: int

    @property
    def number(self) -> int | None:
        """Value of the token, if it is a whole number of at most four digits."""
        is_whole = self.said.isascii() and self.said.isdigit() and len(self.said) < 5
        return int(self.said) if is_whole else None

    def may_be(self, word: str) -> bool:
        """True if the typed word is this one, or the same without any diacritics."""
        return self.said == word or (self.said == self.folded and self.folded == fold(word))


def tokens(text: str) -> list[Token]:
    """The tokens of a text in NFC (in NFD its marks would part the words), with their places."""
    found = []
    for match in _PARTS.finditer(text):
        said = match[0].casefold().replace("’", "'")
        said = "-" if said in ("–", "—") else said
        found.append(Token(said, fold(said), match.start(), match.end()))
    return found


class Phrases(Generic[T]):
    """Phrases with their meanings; the longest that fits is found."""

    def __init__(self, meanings: Mapping[str, T] | Iterable[tuple[str, T]]) -> None:
        pairs = meanings.items() if isinstance(meanings, Mapping) else meanings
        self._by_folded: dict[tuple[str, ...], list[tuple[tuple[str, ...], T]]] = {}
        for phrase, meaning in pairs:
            words = tuple(phrase.split())
            key = tuple(fold(word) for word in words)
            self._by_folded.setdefault(key, []).append((words, meaning))
        self._longest = max((len(key) for key in self._by_folded), default=0)

    @property
    def words(self) -> frozenset[str]:
        """Each word of each phrase."""
        phrases = chain.from_iterable(self._by_folded.values())
        return frozenset(chain.from_iterable(phrase for phrase, _ in phrases))

    def at(self, said: Sequence[Token], place: int) -> tuple[T, int] | None:
        """The meaning of the phrase that begins there, and the place after it."""
        for length in range(min(self._longest, len(said) - place), 0, -1):
            part = said[place : place + length]
            for words, meaning in self._by_folded.get(tuple(one.folded for one in part), ()):
                if all(one.may_be(word) for one, word in zip(part, words, strict=True)):
                    return meaning, place + length
        return None
