"""Names of the town's places in a sentence, with or without diacritics."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from hub.base.text.normalize import fold
from hub.search.rules.chips import PlaceName
from hub.search.rules.tokens import SIGNS, Token, tokens
from hub.search.rules.vocabulary import GENERIC_PLACES

LONGEST: Final = 8
"""Words of a name that are compared."""
LEAST_TYPED, MOST_COMPLETED = 2, 8
_WORD: Final = re.compile(r"\d+|[^\W\d_]+")
_Words = tuple[tuple[str, ...], tuple[str, ...]]
ARTICLES: Final = frozenset(("the", "a", "an"))


def place_at(
    said: Sequence[Token], place: int, names: Sequence[PlaceName]
) -> tuple[tuple[PlaceName, ...], int] | None:
    """Places whose whole name or part of a name stands at `place`, and the index after these words.
    The longest match counts; a whole name counts before parts of other names."""
    if place < len(said) and said[place].folded in ARTICLES:
        place += 1
    names = _with_word(said, place, names)
    for length in range(min(LONGEST, len(said) - place), 0, -1):
        part = said[place : place + length]
        found = _meant(part, names) if part[0].folded[0].isalpha() else ()
        if found:
            return found, place + length
    return None


def whole_name_at(
    said: Sequence[Token], place: int, names: Sequence[PlaceName]
) -> tuple[tuple[PlaceName, ...], int] | None:
    """A place named without a word such as "near" before it: its whole name of two words or more,
    or the word for a kind of place ("market") that some names have."""
    names = _with_word(said, place, names)
    for length in range(min(LONGEST, len(said) - place), 1, -1):
        words = _said(said[place : place + length])
        whole = tuple(one for one in names if _is_whole(words, one))
        if whole:
            return whole, place + length
    if place < len(said) and kinds_of(said[place]):
        found = _meant(said[place : place + 1], names)
        return (found, place + 1) if found else None
    return None


def one_word_name_at(
    said: Sequence[Token], place: int, names: Sequence[PlaceName]
) -> tuple[PlaceName, ...]:
    """Places whose whole name is the next word."""
    word = _said(said[place : place + 1])
    return tuple(one for one in _with_word(said, place, names) if _is_whole(word, one))


def name_words(names: Iterable[PlaceName]) -> frozenset[str]:
    """Each word of these names, in small letters, with diacritics."""
    return frozenset(word for one in names for word in _words(one.name)[0] if word.isalpha())


def kinds_of(word: Token) -> tuple[str, ...]:
    """The kinds of places that this word may name: "market", "chợ" and "cho", but not "chó"."""
    return next((kinds for name, kinds in GENERIC_PLACES.items() if word.may_be(name)), ())


def _with_word(
    said: Sequence[Token], place: int, names: Sequence[PlaceName]
) -> Sequence[PlaceName]:
    """The names that have the next word, or the Vietnamese one for it."""
    if place >= len(said):
        return ()
    word = said[place]
    kinds = {*_words(word.folded)[1][:1], *(kind.split()[0] for kind in kinds_of(word))}
    return [one for one in names if not kinds.isdisjoint(_words(one.name)[1])]


def _meant(part: Sequence[Token], names: Sequence[PlaceName]) -> tuple[PlaceName, ...]:
    said, kinds = _said(part), [*_in_vietnamese(part)]
    whole = tuple(one for one in names if _is_whole(said, one))
    return whole or tuple(one for one in names if _has(said, kinds, one))


def _is_whole(said: _Words, one: PlaceName) -> bool:
    return 0 < len(said[0]) == len(_words(one.name)[0]) and _fits(said, one.name, 0)


def _has(said: _Words, kinds: Sequence[str], one: PlaceName) -> bool:
    accented, folded = _words(one.name)
    starts = range(len(accented) - len(said[0]) + 1)
    if said[0] and any(_fits(said, one.name, start) for start in starts):
        return True
    return any(words in f" {' '.join(folded)} " for words in kinds)


def _fits(said: _Words, name: str, start: int) -> bool:
    accented, folded = _words(name)
    return all(
        word == accented[start + n] or (word == bare and bare == folded[start + n])
        for n, (word, bare) in enumerate(zip(*said, strict=True))
    )


def _in_vietnamese(part: Sequence[Token]) -> Iterator[str]:
    """Of "Tan Khai market": " cho tan khai "."""
    rest = " ".join(one.folded for one in part[:-1])
    for kind in kinds_of(part[-1]):
        yield f" {kind} {rest}".rstrip() + " "


def _said(part: Sequence[Token]) -> _Words:
    """The words as in a name; none if a sign stands at an end: it belongs to no name."""
    if part[0].said in SIGNS or part[-1].said in SIGNS:
        return (), ()
    return _words(" ".join(one.said for one in part))


@lru_cache(maxsize=20_000)
def _words(name: str) -> _Words:
    """With and without diacritics; letters and digits are words of their own, as in a sentence."""
    accented = tuple(_WORD.findall(unicodedata.normalize("NFC", name).casefold()))
    return accented, tuple(fold(word) for word in accented)


def completed(text: str, names: Sequence[PlaceName]) -> list[str]:
    """The text with its last words completed to a name with words that begin like them; as many
    words as match any name are used, and names that begin with them come first. At most
    `MOST_COMPLETED`."""
    text = unicodedata.normalize("NFC", text)
    said = tokens(text)
    for length in range(min(LONGEST, len(said)), 0, -1):
        part = said[-length:]
        found = sorted(
            (at, one.name) for one in names if (at := _begins(part, one.name)) is not None
        )
        if found and sum(one.end - one.start for one in part) >= LEAST_TYPED:
            before = text[: part[0].start]
            unique = dict.fromkeys(f"{before}{name}" for _, name in found)
            return list(unique)[:MOST_COMPLETED]
    return []


def _begins(part: Sequence[Token], name: str) -> int | None:
    """Place of the first word of the name; the last typed word may be a beginning."""
    accented, folded = _words(name)
    words, bare = _words(" ".join(one.said for one in part))
    for start in range(len(accented) - len(words) + 1) if words else ():
        end = start + len(words) - 1
        fits = accented[end].startswith(words[-1]) or (
            words[-1] == bare[-1] and folded[end].startswith(bare[-1])
        )
        if fits and _fits((words[:-1], bare[:-1]), name, start):
            return start
    return None
