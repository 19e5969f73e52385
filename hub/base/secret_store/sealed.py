"""Keys of a hub on several machines: sealed in its database, and opened by the master key.

The master key is a file, or a systemd credential, on each machine: whoever has only the database,
the bucket or a backup cannot open anything. A key that is not in the database is looked for among
the files.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, select

from hub.base.db.database import FAULTS, Database
from hub.base.db.statements import add_once, put
from hub.base.secret_store.store import FILES
from hub.base.secret_store.tables import sealed_secrets

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class SealBrokenError(OSError):
    """A sealed key cannot be opened; the text names it."""


class SecretsAwayError(OSError):
    """The database with the keys does not answer."""


class MasterKey:
    """Encrypts and decrypts keys; for any thread."""

    def __init__(self, key: bytes) -> None:
        """ValueError unless the key has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes, this one {len(key)}")
        self._key = AESGCM(key)

    @classmethod
    def parse(cls, content: bytes) -> "MasterKey":
        """The master key in the content of its file: one line of 64 hexadecimal digits; ValueError
        otherwise."""
        try:
            return cls(bytes.fromhex(content.decode("ascii").strip()))
        except ValueError as error:
            raise ValueError("it must be one line of 64 hexadecimal digits") from error

    @classmethod
    def new_file(cls) -> bytes:
        """Content of the file for a new master key."""
        return f"{secrets.token_hex(KEY_BYTES)}\n".encode()

    def seal(self, name: str, content: bytes) -> bytes:
        """Encrypt a key: without the master key nobody can read it, or pass it off as another."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._key.encrypt(nonce, content, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """Decrypt a key; SealBrokenError for another master key, another name or changed bytes."""
        try:
            return self._key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError(
                f"{name} in the table sealed_secrets cannot be opened: it is damaged, or sealed by "
                "another master key"
            ) from error


class SealedSecrets:
    """See `SecretStore`; it reads the database each time, and so knows what others made."""

    def __init__(self, db: Database, key: MasterKey) -> None:
        self._db = db
        self._key = key

    def has(self, path: Path) -> bool:
        """See `SecretStore`."""
        return self._row(path.name) is not None or FILES.has(path)

    def read(self, path: Path, *, group_reads: bool = False) -> bytes:
        """See `SecretStore`; SealBrokenError."""
        row = self._row(path.name)
        if row is None:
            return FILES.read(path, group_reads=group_reads)
        return self._key.open(path.name, row)

    def make(self, path: Path, new: Callable[[], bytes], *, group_reads: bool = False) -> bytes:
        """See `SecretStore`. If two processes make it at once, both get the first one's."""
        if not self.has(path):
            sealed = self._key.seal(path.name, new())
            with self._reached(), self._db.writing() as conn:
                add_once(conn, sealed_secrets, {"name": path.name, "sealed": sealed})
        return self.read(path, group_reads=group_reads)

    def write(self, path: Path, content: bytes, *, conn: Connection | None = None) -> None:
        """See `SecretStore`."""
        row = {"name": path.name, "sealed": self._key.seal(path.name, content)}
        if conn is not None:
            put(conn, sealed_secrets, row)
            return
        with self._reached(), self._db.writing() as own:
            put(own, sealed_secrets, row)

    def find(self, folder: Path, pattern: str) -> list[Path]:
        """See `SecretStore`."""
        with self._reached(), self._db.reading() as conn:
            names = names_in(conn)
        here = {folder / name for name in names if fnmatchcase(name, pattern)}
        return sorted(here | set(FILES.find(folder, pattern)))

    def _row(self, name: str) -> bytes | None:
        query = select(sealed_secrets.c.sealed).where(sealed_secrets.c.name == name)
        with self._reached(), self._db.reading() as conn:
            row: bytes | None = conn.scalar(query)
        return row

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except FAULTS as error:
            raise SecretsAwayError(
                f"the database with the keys does not answer: {str(error).splitlines()[0]}"
            ) from error


def names_in(conn: Connection) -> list[str]:
    """Names of the keys sealed in this database, in order; empty for a hub that keeps files."""
    query = select(sealed_secrets.c.name).order_by(sealed_secrets.c.name)
    return list(conn.scalars(query))


def broken_in(conn: Connection, key: MasterKey) -> list[str]:
    """Names of the sealed keys that this master key does not open, in order."""
    rows = conn.execute(select(sealed_secrets).order_by(sealed_secrets.c.name)).all()
    return [row.name for row in rows if _opened(key, row.name, row.sealed) is None]


def import_into(
    conn: Connection, key: MasterKey, contents: Mapping[str, bytes], *, overwrites: bool
) -> int:
    """Seal these keys, by name; returns how many are new or differ from before.

    ValueError if another key of that name is there already, unless `overwrites`.
    """
    count = 0
    there = {row.name: row.sealed for row in conn.execute(select(sealed_secrets))}
    for name, content in contents.items():
        if name in there and _opened(key, name, there[name]) == content:
            continue
        if name in there and not overwrites:
            raise ValueError(f"{name} is sealed already and is another; --force replaces it")
        put(conn, sealed_secrets, {"name": name, "sealed": key.seal(name, content)})
        count += 1
    return count


def reseal(conn: Connection, old: MasterKey, new: MasterKey) -> list[str]:
    """Seal all keys by another master key; returns their names, in order. SealBrokenError if one
    cannot be opened."""
    rows = conn.execute(select(sealed_secrets).order_by(sealed_secrets.c.name)).all()
    for row in rows:
        sealed = new.seal(row.name, old.open(row.name, row.sealed))
        put(conn, sealed_secrets, {"name": row.name, "sealed": sealed})
    return [row.name for row in rows]


def _opened(key: MasterKey, name: str, sealed: bytes) -> bytes | None:
    try:
        return key.open(name, sealed)
    except SealBrokenError:
        return None
