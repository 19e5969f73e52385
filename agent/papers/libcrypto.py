"""The libcrypto that Python's own `ssl` has loaded, with those of its functions that papers need.

All are documented and not deprecated in OpenSSL 3.0 to 3.5; every one is declared, for what ctypes
guesses of an undeclared one is half a pointer. Their meaning is in the manual page of each.
"""

import _ssl
import ctypes
import ssl
from ctypes import POINTER, c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from typing import Any, Final


class UnfitError(Exception):
    """Why the library that Python loaded cannot be asked."""


class Tm(ctypes.Structure):
    """`struct tm`; what glibc and musl put behind the nine numbers is room here."""

    _fields_ = (
        ("second", c_int),
        ("minute", c_int),
        ("hour", c_int),
        ("day", c_int),
        ("month_from_0", c_int),
        ("year_from_1900", c_int),
        ("_weekday", c_int),
        ("_day_of_year", c_int),
        ("_is_summer_time", c_int),
        ("_more", c_long * 4),
    )


_PEM_READER: Final = (c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p))
"""BIO, where to put it (NULL), the asker for a password (NULL) and what it is given instead."""
_FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "OpenSSL_version_num": (c_ulong, ()),
    "ERR_clear_error": (None, ()),
    "ERR_get_error": (c_ulong, ()),
    "ERR_error_string_n": (None, (c_ulong, c_char_p, c_size_t)),
    "BIO_new_mem_buf": (c_void_p, (c_char_p, c_int)),
    "BIO_free": (c_int, (c_void_p,)),
    "PEM_read_bio_PrivateKey": _PEM_READER,
    "PEM_read_bio_PUBKEY": _PEM_READER,
    "PEM_read_bio_X509": _PEM_READER,
    "X509_free": (None, (c_void_p,)),
    "X509_get0_notBefore": (c_void_p, (c_void_p,)),
    "X509_get0_notAfter": (c_void_p, (c_void_p,)),
    "X509_get0_pubkey": (c_void_p, (c_void_p,)),
    "d2i_X509": (c_void_p, (c_void_p, POINTER(c_void_p), c_long)),
    "i2d_X509": (c_int, (c_void_p, POINTER(c_void_p))),
    "ASN1_TIME_to_tm": (c_int, (c_void_p, POINTER(Tm))),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_is_a": (c_int, (c_void_p, c_char_p)),
    "EVP_PKEY_eq": (c_int, (c_void_p, c_void_p)),
    "EVP_PKEY_get_size": (c_int, (c_void_p,)),
    "EVP_PKEY_get_group_name": (c_int, (c_void_p, c_char_p, c_size_t, POINTER(c_size_t))),
    "EVP_sha256": (c_void_p, ()),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_DigestSignInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestSign": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_DigestVerifyInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestVerify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
}

OURS: Final[str | None] = getattr(_ssl, "__file__", None)
"""Python's module, through which its library is found; None where `ssl` is part of the program."""


def load(file: str | None = OURS) -> ctypes.CDLL:
    """The very library that `ssl` uses, its functions declared; raises UnfitError."""
    try:
        library = ctypes.CDLL(file)
        for name, (returned, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = returned, arguments
    except (OSError, AttributeError) as error:
        raise UnfitError(str(error)) from error
    if library.OpenSSL_version_num() != ssl.OPENSSL_VERSION_NUMBER:
        raise UnfitError(f"{file} leads to another library than {ssl.OPENSSL_VERSION}")
    return library
