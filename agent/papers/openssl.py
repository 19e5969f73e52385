"""Papers by the OpenSSL that Python has loaded already: no second one on a node.

What goes wrong is said in OpenSSL's own words. Its queue of errors is one for each thread, and
Python's `ssl` reads the same: it is emptied before and after each question. Everything that is
made is freed; keys live as long as their object here.
"""

import ctypes
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_size_t, c_void_p
from datetime import UTC, datetime
from typing import Final

from agent.papers.libcrypto import Tm
from agent.papers.port import Certificate, PapersError, WrongKindError

NO_PASSWORD: Final = b""
"""With neither this nor a function OpenSSL would ask at the terminal."""
P256: Final = b"prime256v1"
_NAME_BYTES: Final = 64
_WORDS_BYTES: Final = 256


class OpensslError(Exception):
    """A key that could be read signs nothing."""


class Openssl:
    """Reads papers by a library that `libcrypto.load` gave."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def signing_key(self, pem: bytes) -> "EcKey":
        """See the port."""
        if b"ENCRYPTED" in pem:
            raise PapersError("it is under a password")
        key = EcKey(self._library, self._key(pem, "PEM_read_bio_PrivateKey"))
        if not key.is_p256():
            raise WrongKindError("no key of the kind ECDSA P-256")
        if not key.is_whole():
            raise PapersError("its two halves are not of one key")
        return key

    def update_key(self, pem: bytes) -> "Ed25519Key":
        """See the port."""
        key = Ed25519Key(self._library, self._key(pem, "PEM_read_bio_PUBKEY"))
        if not key.is_a(b"ED25519"):
            raise WrongKindError("no key of the kind Ed25519")
        return key

    def certificates(self, pem: bytes) -> tuple[Certificate, ...]:
        """See the port."""
        with _questions(self._library), self._bio(pem) as bio:
            found = tuple(self._read_certificates(bio))
            why = _last_words(self._library)
        # What ends the list is that no more begins; anything else is one that cannot be read.
        if not found or not why.endswith(":no start line"):
            raise PapersError(why)
        return found

    def _read_certificates(self, bio: int) -> Iterator[Certificate]:
        while found := self._library.PEM_read_bio_X509(bio, None, None, NO_PASSWORD):
            try:
                yield self._certificate(found)
            finally:
                self._library.X509_free(found)

    def _certificate(self, found: int) -> Certificate:
        der = ctypes.create_string_buffer(max(0, self._library.i2d_X509(found, None)))
        if not len(der) or self._library.i2d_X509(found, byref(_at(der))) != len(der):
            raise PapersError(_last_words(self._library))
        return Certificate(
            der.raw,
            not_before=self._time(self._library.X509_get0_notBefore(found)),
            not_after=self._time(self._library.X509_get0_notAfter(found)),
        )

    def _time(self, said: int) -> datetime:
        tm = Tm()
        if self._library.ASN1_TIME_to_tm(said, byref(tm)) != 1:
            raise PapersError(_last_words(self._library))
        year, month = tm.year_from_1900 + 1900, tm.month_from_0 + 1
        try:
            return datetime(year, month, tm.day, tm.hour, tm.minute, tm.second, tzinfo=UTC)
        except ValueError as error:
            raise PapersError(str(error)) from error

    def _key(self, pem: bytes, reader: str) -> int:
        """The address of a new key, which is the caller's to free."""
        with _questions(self._library), self._bio(pem) as bio:
            found: int | None = getattr(self._library, reader)(bio, None, None, NO_PASSWORD)
            if not found:
                raise PapersError(_last_words(self._library))
            return found

    @contextmanager
    def _bio(self, pem: bytes) -> Iterator[int]:
        """Something to read `pem` from, which is not copied and stays until the end of it."""
        bio = self._library.BIO_new_mem_buf(pem, len(pem))
        if not bio:
            raise PapersError(_last_words(self._library))
        try:
            yield bio
        finally:
            self._library.BIO_free(bio)


class _Key:
    """A key of the library; each question has a context of its own, so any thread may ask."""

    def __init__(self, library: ctypes.CDLL, address: int) -> None:
        self._library = library
        self._address = address
        # At the very end of the program another thread may still be signing.
        weakref.finalize(self, library.EVP_PKEY_free, address).atexit = False

    def is_a(self, kind: bytes) -> bool:
        """By OpenSSL's name of it."""
        return bool(self._library.EVP_PKEY_is_a(self._address, kind) == 1)

    def _holds(self, data: bytes, signature: bytes, digest: int | None) -> bool:
        lib = self._library
        with _questions(lib), _context(lib) as context:
            if lib.EVP_DigestVerifyInit(context, None, digest, None, self._address) != 1:
                raise OpensslError(_last_words(lib))
            # 0 is another's, below it a signature that is none: neither holds.
            done = lib.EVP_DigestVerify(context, signature, len(signature), data, len(data))
            return bool(done == 1)


class EcKey(_Key):
    """A SigningKey."""

    def is_p256(self) -> bool:
        """Whether it is of the one curve that seals are signed on."""
        name, length = ctypes.create_string_buffer(_NAME_BYTES), c_size_t()
        with _questions(self._library):
            done = self._library.EVP_PKEY_get_group_name(
                self._address, name, len(name), byref(length)
            )
        return self.is_a(b"EC") and done == 1 and name.value == P256

    def is_whole(self) -> bool:
        """Whether the public half, which a file brings along, is that of the private one."""
        try:
            return self.holds(b"", self.sign(b""))
        except OpensslError:
            return False

    def sign(self, data: bytes) -> bytes:
        """See the port; raises OpensslError, which nothing but a fault of ours can bring about."""
        lib = self._library
        room = c_size_t(lib.EVP_PKEY_get_size(self._address))
        signature = ctypes.create_string_buffer(room.value)
        with _questions(lib), _context(lib) as context:
            done = lib.EVP_DigestSignInit(context, None, lib.EVP_sha256(), None, self._address)
            if done == 1:
                done = lib.EVP_DigestSign(context, signature, byref(room), data, len(data))
            if done != 1:
                raise OpensslError(_last_words(lib))
        return signature.raw[: room.value]

    def holds(self, data: bytes, signature: bytes) -> bool:
        """See the port."""
        return self._holds(data, signature, self._library.EVP_sha256())

    def is_of(self, certificate: Certificate) -> bool:
        """See the port."""
        lib, der = self._library, ctypes.create_string_buffer(certificate.der, len(certificate.der))
        with _questions(lib):
            found = lib.d2i_X509(None, byref(_at(der)), len(der))
            if not found:
                raise PapersError(_last_words(lib))
            try:
                public = lib.X509_get0_pubkey(found)
                return bool(public) and lib.EVP_PKEY_eq(public, self._address) == 1
            finally:
                lib.X509_free(found)


class Ed25519Key(_Key):
    """An UpdateKey."""

    def holds(self, data: bytes, signature: bytes) -> bool:
        """See the port."""
        return self._holds(data, signature, None)  # this kind brings its own digest


@contextmanager
def _questions(library: ctypes.CDLL) -> Iterator[None]:
    """Among which this thread's errors are ours alone, and after which there are none."""
    library.ERR_clear_error()
    try:
        yield
    finally:
        library.ERR_clear_error()


@contextmanager
def _context(library: ctypes.CDLL) -> Iterator[int]:
    context = library.EVP_MD_CTX_new()
    if not context:
        raise OpensslError(_last_words(library))
    try:
        yield context
    finally:
        library.EVP_MD_CTX_free(context)


def _last_words(library: ctypes.CDLL) -> str:
    """Of this thread's errors, the last: what came of those before."""
    number = 0
    while following := library.ERR_get_error():
        number = following
    words = ctypes.create_string_buffer(_WORDS_BYTES)
    library.ERR_error_string_n(number, words, len(words))
    return words.value.decode("ascii", "replace")


def _at(buffer: "ctypes.Array[ctypes.c_char]") -> c_void_p:
    """Where it begins: OpenSSL moves such a pointer on."""
    return c_void_p(ctypes.addressof(buffer))
