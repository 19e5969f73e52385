"""The nearest words that a search knows, for words that it does not: "áo dỏ" is near "áo đỏ".

Nearness is the number of letters and diacritics that are wrong: of a text in NFD, or without any
diacritics if none were typed. An offer is read again before it is made: its words mean something,
and no other part of the sentence means less.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from hub.base.text.normalize import fold
from hub.search.rules import people_words, time_words, vocabulary
from hub.search.rules.chips import PlaceName, Sentence, Unknown
from hub.search.rules.place_names import name_words
from hub.search.rules.sentence import parsed
from hub.search.rules.tokens import Token, tokens
from hub.search.rules.unsearchable import unsearchable_at

LEAST_LETTERS: Final = 2
LONG: Final = 5
"""In words of so many letters two may be wrong, in shorter ones one."""
SHORT: Final = 4
"""In words of fewer letters the first one is right: else "kho" would be near to "cho"."""
MOST_TRIED: Final = 4
"""Words that are tried for one typed word."""
MOST_CORRECTED: Final = 3
"""Typed words of one sentence for which others are tried."""
_KNOWN: Final = vocabulary.KNOWN | people_words.KNOWN | time_words.KNOWN
_SHORT_FILLERS: Final = frozenset(
    word for word in vocabulary.FILLERS.words if len(fold(word)) < LONG
)
"""Say nothing, and are near to too much; "người" is worth its correction."""
_NOT_TRIED: Final = frozenset(form for word in _KNOWN for form in (word, fold(word)))


def offers(sentence: Sentence, names: Sequence[PlaceName], *, today: date) -> list[str]:
    """For each unknown part of the sentence the same with the nearest known words in place of
    unknown ones; empty if none is near. `names` and `today` are those it was read with."""
    speller = _Speller(names, today)
    return [speller.corrected(sentence, part) for part in sentence.unknown]


class _Speller:
    def __init__(self, names: Sequence[PlaceName], today: date) -> None:
        self._names, self._today = names, today
        known = sorted((_KNOWN | name_words(names)) - _SHORT_FILLERS)
        self._known = [(word, fold(word), _apart(word)) for word in known]
        self._left = MOST_CORRECTED

    def corrected(self, sentence: Sentence, part: Unknown) -> str:
        before, after = sentence.text[: part.start], sentence.text[part.end :]
        said, is_changed = part.text, False
        for n, _ in enumerate(tokens(said)):
            better = self._best(sentence, before, said, after, n)
            if better:
                said, is_changed = better, True
        return said if is_changed else ""

    def _best(self, sentence: Sentence, before: str, said: str, after: str, n: int) -> str:
        """`said` with the nearest word in place of its word `n`; empty if there is none."""
        word = tokens(said)[n]
        if n in _named_things(said) or not self._is_tried(word):
            return ""
        self._left -= 1
        at = len(before) + word.start
        found: list[tuple[int, int, str]] = []
        for near in self._near(word):
            tried = f"{said[: word.start]}{near}{said[word.end :]}"
            read = self._read(f"{before}{tried}{after}")
            longer = len(near) - (word.end - word.start)
            kept = (one.start + longer * (one.start > at) for one in sentence.chips)
            is_read = not any(one.start <= at < one.end for one in read.unknown)
            if is_read and all(_is_in_chip(read, place) for place in kept):
                unread = sum(one.end - one.start for one in read.unknown)
                meant = sum(chip.end - chip.start for chip in read.chips)
                found.append((unread, len(near) - meant, tried))
        return min(found, key=lambda one: one[:2], default=(0, 0, ""))[2]

    def _is_tried(self, word: Token) -> bool:
        is_word = word.folded.isalpha() and len(word.folded) >= LEAST_LETTERS
        return is_word and self._left > 0 and word.said not in _NOT_TRIED

    def _near(self, word: Token) -> Sequence[str]:
        return [one for _, one in sorted(self._distances(word))[:MOST_TRIED]]

    def _distances(self, word: Token) -> Iterator[tuple[tuple[int, int], str]]:
        is_bare = word.said == word.folded
        most = 2 if len(word.folded) >= LONG else 1
        typed = word.folded if is_bare else _apart(word.said)
        letters = set(typed)
        for known, bare, apart in self._known:
            meant = bare if is_bare else apart
            if bare == word.folded:  # all letters are right, however wrong the diacritics are
                yield (0, distance(typed, meant)), known
            # What differs more than this cannot be near; it is most words, and quickly seen.
            elif abs(len(meant) - len(typed)) <= most and len(letters ^ set(meant)) <= 2 * most:
                if len(word.folded) < SHORT and bare[0] != word.folded[0]:
                    continue
                far = distance(typed, meant)
                if far <= most:
                    yield (distance(word.folded, bare), far), known

    def _read(self, text: str) -> Sentence:
        return parsed(text, self._names, today=self._today)


def _named_things(said: str) -> frozenset[int]:
    """Places of the words that say what cannot be searched for: they are no typing errors."""
    words = tokens(said)
    found = ((place, unsearchable_at(words, place)) for place in range(len(words)))
    return frozenset(at for place, one in found if one for at in range(place, one[1]))


def _is_in_chip(sentence: Sentence, place: int) -> bool:
    return any(chip.start <= place < chip.end for chip in sentence.chips)


def _apart(word: str) -> str:
    return unicodedata.normalize("NFD", word)


def distance(one: str, other: str) -> int:
    """Least number of letters to insert, leave out, replace or swap with their neighbour (optimal
    string alignment)."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, 1):
        row, above = [i], rows[-1]
        for j, its in enumerate(other, 1):
            least = min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != its))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], its):
                least = min(least, rows[-2][j - 2] + 1)
            row.append(least)
        rows.append(row)
    return rows[-1][-1]
