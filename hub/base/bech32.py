"""Text of a key that a person can copy by hand: Bech32 of BIP 173.

Its letters leave out what is easily confused (1, b, i, o), and the last six are a checksum: up to
four wrong letters are always noticed.
"""

from typing import Final

LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECK_LETTERS: Final = 6
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class MistypedError(ValueError):
    """The text is no key; the message says what is wrong with it, and has no part of it."""


def encode(prefix: str, content: bytes) -> str:
    """The text of `content`, in small letters."""
    values = _regroup(content, 8, 5, pads=True)
    check = _checksum([*_expanded(prefix), *values, *[0] * CHECK_LETTERS]) ^ 1
    values += [check >> 5 * (5 - place) & 31 for place in range(CHECK_LETTERS)]
    return f"{prefix}1{''.join(LETTERS[value] for value in values)}"


def decode(prefix: str, text: str, *, size_bytes: int) -> bytes:
    """The content of a text with this prefix, in small or capital letters; MistypedError."""
    begin, text = f"{prefix}1", text.lower()
    shown = begin.upper() if prefix.endswith("-") else begin
    if not text.startswith(begin):
        raise MistypedError(f"it must begin with {shown}")
    letters = text[len(begin) :]
    for place, letter in enumerate(letters, start=1):
        if letter not in LETTERS:
            raise MistypedError(f"letter {place} after {shown} is none that a key has")
    wanted = -(-size_bytes * 8 // 5) + CHECK_LETTERS
    if len(letters) != wanted:
        raise MistypedError(f"it has {len(letters)} letters after {shown}, and must have {wanted}")
    values = [LETTERS.index(letter) for letter in letters]
    if not _is_whole(prefix, values):
        wrong = _wrong_place(prefix, values)
        where = f"letter {wrong} after {shown} is" if wrong else "some of its letters are"
        raise MistypedError(f"{where} mistyped")
    return bytes(_regroup(values[:-CHECK_LETTERS], 5, 8, pads=False))


def _wrong_place(prefix: str, values: list[int]) -> int | None:
    """The letter, from 1, that alone is wrong; None if several are."""
    for place in range(len(values)):
        for other in range(32):
            if _is_whole(prefix, [*values[:place], other, *values[place + 1 :]]):
                return place + 1
    return None


def _is_whole(prefix: str, values: list[int]) -> bool:
    return _checksum([*_expanded(prefix), *values]) == 1


def _checksum(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate(_GENERATOR):
            check ^= term if top >> place & 1 else 0
    return check


def _expanded(prefix: str) -> list[int]:
    return [*(ord(one) >> 5 for one in prefix), 0, *(ord(one) & 31 for one in prefix)]


def _regroup(values: bytes | list[int], bits: int, into: int, *, pads: bool) -> list[int]:
    """The same bits in groups of another size."""
    held = count = 0
    groups = []
    for value in values:
        held, count = held << bits | value, count + bits
        while count >= into:
            count -= into
            groups.append(held >> count & (1 << into) - 1)
    if pads and count:
        groups.append(held << into - count & (1 << into) - 1)
    return groups
