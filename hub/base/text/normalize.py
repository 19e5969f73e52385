"""Normalisation of typed names: "Tan Khai" finds "Tân Khai"."""

import unicodedata


def fold(name: str) -> str:
    """Lower case, without diacritics (đ too), single spaces."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
        if not unicodedata.combining(letter)
    )
    return " ".join(bare.casefold().split())


def fold_login(login: str) -> str:
    """Normalised login for storage and lookup: case and outer spaces do not matter."""
    return unicodedata.normalize("NFC", login).strip().casefold()[:200].replace("\0", "")
