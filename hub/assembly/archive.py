"""The file of a backup: a ZIP whose last member says what all others are, by hash.

A half-written one has no manifest and not its final name. Secrets may be sealed with a
passphrase (scrypt, then AES-256-GCM for each file); the file itself is for its owner alone in
either case, because the database names people.
"""

import contextlib
import hashlib
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, ValidationError

PIECE_BYTES: Final = 256 * 1024
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1


class ArchiveError(Exception):
    """The file is no whole backup, or cannot be opened: which and why, in a sentence."""


class Member(BaseModel):
    """One file of the backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    size_bytes: int


class Manifest(BaseModel):
    """What the backup is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    made_utc_us: int
    software: str
    database_kind: str
    schema_revision: str
    tables: dict[str, list[str]]
    has_media: bool
    sealed_with: str | None
    """The salt of the passphrase's key in hex; None: secrets are in the clear."""
    members: dict[str, Member]


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals secrets with a passphrase."""

    salt: bytes
    key: bytes

    @classmethod
    def make(cls, passphrase: str, salt: bytes | None = None) -> "Seal":
        """The key of a passphrase; takes some tenths of a second, as it should."""
        salt = salt or secrets.token_bytes(16)
        key = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
        return cls(salt, key)

    def close(self, name: str, content: bytes) -> bytes:
        """Sealed: nobody reads it, or passes it off as another file, without the passphrase."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self.key).encrypt(nonce, content, name.encode())

    def open(self, name: str, content: bytes) -> bytes:
        """ArchiveError for another passphrase."""
        try:
            return AESGCM(self.key).decrypt(content[:12], content[12:], name.encode())
        except InvalidTag as error:
            raise ArchiveError("the passphrase is not that of this backup") from error


class ArchiveWriter:
    """Writes a backup; complete only after `finish`."""

    def __init__(self, path: Path, *, overwrites: bool = False) -> None:
        if path.exists() and not overwrites:
            raise ArchiveError(f"{path} is there already; --force writes over it")
        self._path = path
        self._draft = path.with_name(f".{path.name}.part")
        self._draft.unlink(missing_ok=True)
        descriptor = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", allowZip64=True)
        self.members: dict[str, Member] = {}

    def add(self, name: str, pieces: Iterable[bytes], *, compresses: bool = True) -> Member:
        """Write a file piece by piece."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compresses else zipfile.ZIP_STORED
        digest, size_bytes = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                size_bytes += len(piece)
        self.members[name] = Member(sha256=digest.hexdigest(), size_bytes=size_bytes)
        return self.members[name]

    def finish(self, manifest: Manifest) -> None:
        """Durably: bytes, then name, then folder."""
        self._zip.writestr(MANIFEST, manifest.model_dump_json(indent=1))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.rename(self._path)
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def abort(self) -> None:
        """Leave nothing; harmless after `finish`."""
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        with contextlib.suppress(OSError):
            self._file.close()
        self._draft.unlink(missing_ok=True)


class ArchiveReader:
    """Reads a backup that is whole: every hash is checked before anything is handed out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except FileNotFoundError as error:
            raise ArchiveError(f"there is no {path}") from error
        try:
            self._zip = zipfile.ZipFile(self._file)
            self.manifest = self._read_manifest()
        except ArchiveError:
            self._file.close()
            raise
        except (zipfile.BadZipFile, KeyError, OSError) as error:
            self._file.close()
            raise ArchiveError(
                f"{path} is no whole backup: it was cut off, or is another file"
            ) from error

    def _read_manifest(self) -> Manifest:
        try:
            return Manifest.model_validate_json(self._zip.read(MANIFEST))
        except ValidationError as error:
            why = str(error).splitlines()[0]
            raise ArchiveError(f"{self._path} was made by another version: {why}") from error

    def check(self) -> None:
        """ArchiveError unless every file is there and is what the manifest says."""
        if self.manifest.format != FORMAT:
            raise ArchiveError(f"{self._path} has format {self.manifest.format}, not {FORMAT}")
        for name, said in self.manifest.members.items():
            digest, size_bytes = hashlib.sha256(), 0
            try:
                for piece in self.read(name):
                    digest.update(piece)
                    size_bytes += len(piece)
            except (KeyError, zipfile.BadZipFile, OSError, EOFError) as error:
                raise ArchiveError(f"{self._path} is damaged at {name}: {error}") from error
            if (digest.hexdigest(), size_bytes) != (said.sha256, said.size_bytes):
                raise ArchiveError(f"{self._path} is damaged: {name} is not what was backed up")

    def names(self, folder: str) -> list[str]:
        """The members below a folder, without its name."""
        prefix = f"{folder}/"
        return [name[len(prefix) :] for name in self.manifest.members if name.startswith(prefix)]

    def read(self, name: str) -> Iterator[bytes]:
        """A member, piece by piece."""
        with self._zip.open(name) as member:
            while piece := member.read(PIECE_BYTES):
                yield piece

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._file.close()
