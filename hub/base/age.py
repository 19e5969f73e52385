"""Files encrypted to a public key, in the format of the program `age`.

age-encryption.org/v1 with one X25519 recipient: a header with the file's own key, closed by an
HMAC; then ChaCha20-Poly1305 in chunks of 64 KiB, the last one marked. What was cut off or altered
is noticed, nothing is ever whole in memory, and a chunk can be read without those before it. Who
has the private half can also open such a file with `age -d`, without a hub.
"""

import base64
import binascii
import hmac
import io
import os
import secrets
from itertools import pairwise
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.base import bech32

INTRO: Final = b"age-encryption.org/v1"
CHUNK_BYTES: Final = 65_536
_TAG_BYTES: Final = 16
_SEALED_BYTES: Final = CHUNK_BYTES + _TAG_BYTES
_NONCE_BYTES: Final = 16
_FILE_KEY_BYTES: Final = 16
_STANZA: Final = b"-> X25519 "
_END: Final = b"---"
_HEADER_BYTES: Final = 65_536
"""A longer header is of no backup."""


class AgeError(ValueError):
    """The file is no whole encrypted file, or another key opens it; the message says which."""


class PublicKey:
    """The half of a key pair that encrypts."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """The key of a text such as age1…; MistypedError."""
        return cls(bech32.decode("age", text.strip(), size_bytes=32))

    def __str__(self) -> str:
        return bech32.encode("age", self.raw)


class PrivateKey:
    """The half that opens what the public one encrypted."""

    def __init__(self, key: X25519PrivateKey) -> None:
        self.key = key
        self.public = PublicKey(key.public_key().public_bytes_raw())

    @classmethod
    def new(cls) -> "PrivateKey":
        """A new pair."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> "PrivateKey":
        """The key of a text such as AGE-SECRET-KEY-1…, blanks and lines with # aside;
        MistypedError."""
        lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
        typed = "".join("".join(lines).split())
        raw = bech32.decode("age-secret-key-", typed, size_bytes=32)
        return cls(X25519PrivateKey.from_private_bytes(raw))

    def line(self) -> str:
        """The text of this key, to write down."""
        raw = self.key.private_bytes_raw()
        return bech32.encode("age-secret-key-", raw).upper()


def is_encrypted(file: BinaryIO) -> bool:
    """Whether the file begins like an encrypted one; it is read from its beginning afterwards."""
    begin = file.read(len(INTRO) + 1)
    file.seek(0)
    return begin == INTRO + b"\n"


class EncryptedWriter:
    """Encrypts what is written; whole only after `finish`."""

    def __init__(self, file: BinaryIO, recipient: PublicKey) -> None:
        file_key = secrets.token_bytes(_FILE_KEY_BYTES)
        file.write(_header(file_key, recipient))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        file.write(nonce)
        self._file = file
        self._cipher = ChaCha20Poly1305(_derived(file_key, salt=nonce, info=b"payload"))
        self._held = bytearray()
        self._chunks = 0

    def write(self, content: bytes) -> int:
        """Encrypt each chunk that is full and not the last."""
        self._held += content
        while len(self._held) > CHUNK_BYTES:
            self._put(bytes(self._held[:CHUNK_BYTES]), is_last=False)
            del self._held[:CHUNK_BYTES]
        return len(content)

    def flush(self) -> None:
        """For those who write a file: a chunk is written when it is full."""

    def finish(self) -> None:
        """Write the last chunk."""
        self._put(bytes(self._held), is_last=True)
        self._held.clear()

    def _put(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._chunks, is_last), chunk, None))
        self._chunks += 1


class DecryptedReader(io.RawIOBase):
    """Reads an encrypted file at any place. AgeError at once for another key or a file that was cut
    off, and for an altered chunk when it is read."""

    def __init__(self, file: BinaryIO, key: PrivateKey) -> None:
        file_key = _opened_header(file, key)
        nonce = file.read(_NONCE_BYTES)
        self._file = file
        self._cipher = ChaCha20Poly1305(_derived(file_key, salt=nonce, info=b"payload"))
        self._begin = file.tell()
        sealed_bytes = os.fstat(file.fileno()).st_size - self._begin
        self._last = max(-(-sealed_bytes // _SEALED_BYTES) - 1, 0)
        self._size_bytes = sealed_bytes - (self._last + 1) * _TAG_BYTES
        self._place = 0
        self._number, self._chunk = -1, b""
        self._load(self._last)

    def readable(self) -> bool:
        """It is read."""
        return True

    def seekable(self) -> bool:
        """At any place."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.IOBase`."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            raise ValueError(f"no place before the beginning: {base + offset}")
        self._place = base + offset
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        """Up to the end of a chunk; 0 at the end of the file."""
        if self._place >= self._size_bytes:
            return 0
        number, offset = divmod(self._place, CHUNK_BYTES)
        self._load(number)
        piece = self._chunk[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def _load(self, number: int) -> None:
        if number == self._number:
            return
        is_last = number == self._last
        self._file.seek(self._begin + number * _SEALED_BYTES)
        sealed = self._file.read(_SEALED_BYTES)
        try:
            self._chunk = self._cipher.decrypt(_nonce(number, is_last), sealed, None)
        except InvalidTag as error:
            what = "it was cut off, or its end was altered" if is_last else "it was altered"
            raise AgeError(what) from error
        self._number = number


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _derived(secret: bytes, *, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=salt, info=info).derive(secret)


def _wrapping(shared: bytes, share: bytes, recipient: bytes) -> ChaCha20Poly1305:
    """Encrypts the file's key under the secret that both halves share."""
    key = _derived(shared, salt=share + recipient, info=b"age-encryption.org/v1/X25519")
    return ChaCha20Poly1305(key)


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derived(file_key, salt=None, info=b"header"), header, "sha256")


def _header(file_key: bytes, recipient: PublicKey) -> bytes:
    own = X25519PrivateKey.generate()
    share = own.public_key().public_bytes_raw()
    shared = own.exchange(X25519PublicKey.from_public_bytes(recipient.raw))
    wrapped = _wrapping(shared, share, recipient.raw).encrypt(bytes(12), file_key, None)
    lines = (INTRO, _STANZA + _base64(share), _base64(wrapped), _END)
    header = b"\n".join(lines)
    return header + b" " + _base64(_mac(file_key, header)) + b"\n"


def _opened_header(file: BinaryIO, key: PrivateKey) -> bytes:
    """The file's own key; `file` is then at what follows the header."""
    lines: list[bytes] = []
    while not lines or not lines[-1].startswith(_END):
        line = file.readline(_HEADER_BYTES)
        if not line.endswith(b"\n") or file.tell() > _HEADER_BYTES:
            raise AgeError("it was cut off in its first lines")
        lines.append(line[:-1])
    end, _, mac = lines[-1].partition(b" ")
    for stanza, body in pairwise(lines):
        if stanza.startswith(_STANZA) and (file_key := _unwrapped(stanza, body, key)) is not None:
            header = b"\n".join([*lines[:-1], end])
            if not hmac.compare_digest(_base64(_mac(file_key, header)), mac):
                raise AgeError("its first lines were altered")
            return file_key
    raise AgeError(f"the key {key.public} does not open it: it was encrypted to another one")


def _unwrapped(stanza: bytes, body: bytes, key: PrivateKey) -> bytes | None:
    try:
        share, wrapped = (
            base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
            for text in (stanza.removeprefix(_STANZA), body)
        )
        shared = key.key.exchange(X25519PublicKey.from_public_bytes(share))
        return _wrapping(shared, share, key.public.raw).decrypt(bytes(12), wrapped, None)
    except (binascii.Error, ValueError, InvalidTag):
        return None


def _base64(content: bytes) -> bytes:
    return base64.b64encode(content).rstrip(b"=")
