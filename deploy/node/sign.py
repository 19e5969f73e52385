"""The key of updates, and its signature below a bundle; on a computer that is no hub.

    python deploy/node/sign.py key FOLDER          update.key and update.pub, made anew
    python deploy/node/sign.py sign KEY BUNDLE     SHA256SUMS.sig of a bundle
    python deploy/node/sign.py pack BUNDLE FILE    a signed bundle as one file, for the hub

Needs the package `cryptography`. `update.pub` goes to every node as /etc/matthan/update.pub; the
key stays with whoever answers for what the nodes run.
"""

import os
import sys
import tarfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


def make_key(folder: Path) -> None:
    """A new pair; OSError where there is one already."""
    key = Ed25519PrivateKey.generate()
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "update.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "update.pub").write_bytes(public)


def sign(key_file: Path, bundle: Path) -> None:
    """Write the signature of the bundle's list of hashes beside it."""
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (ValueError, TypeError):  # no key at all, or one with a password
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SystemExit(f"{key_file} holds no Ed25519 key: make one with: sign.py key FOLDER")
    (bundle / "SHA256SUMS.sig").write_bytes(key.sign((bundle / "SHA256SUMS").read_bytes()))


def pack(bundle: Path, into: Path) -> None:
    """One file of the signed bundle: list, signature and release first, then the listed files."""
    listed = (bundle / "SHA256SUMS").read_text().splitlines()
    names = [line.split(" ", 1)[1][1:].removeprefix("./") for line in listed]
    first = ["SHA256SUMS", "SHA256SUMS.sig", "RELEASE"]
    draft = into.with_name(f"{into.name}.part")
    with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as packed:
        for name in [*first, *(name for name in names if name != "RELEASE")]:
            packed.add(bundle / name, name, recursive=False)
    draft.replace(into)


def main(words: list[str]) -> int:
    """The command."""
    try:
        match words:
            case ["key", folder]:
                make_key(Path(folder))
            case ["sign", key_file, bundle]:
                sign(Path(key_file), Path(bundle))
            case ["pack", bundle, into]:
                pack(Path(bundle), Path(into))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except FileExistsError as error:
        print(f"{error.filename} is there already, and every node trusts it.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
