"""Small signed bundles of programs, with a town's update key."""

import hashlib
from pathlib import Path

from deploy.node import sign

INSTALLER = "deploy/node/install.sh"


def bundle(
    folder: Path,
    *,
    number: int = 100,
    name: str = "1.0",
    script: str = "#!/bin/sh\nexit 0\n",
    ballast: bytes = b"wheel" * 1000,
    keys: str = "keys",
) -> Path:
    """A signed bundle as one file, of this release; the key is made where it is missing."""
    key = folder / keys / "update.key"
    if not key.exists():
        sign.make_key(folder / keys)
    made = folder / f"bundle-{number}-{keys}-{len(ballast)}"
    (made / INSTALLER).parent.mkdir(parents=True)
    (made / INSTALLER).write_text(script)
    (made / "wheel one.whl").write_bytes(ballast)
    (made / "RELEASE").write_text(f"{number} {name}\n")
    names = sorted(str(path.relative_to(made)) for path in made.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256((made / one).read_bytes()).hexdigest()}  ./{one}" for one in names]
    (made / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    sign.sign(key, made)
    packed = made.with_suffix(".tar")
    sign.pack(made, packed)
    return packed


def public_of(folder: Path, keys: str = "keys") -> Path:
    """The public half."""
    return folder / keys / "update.pub"


def sha256_of(path: Path) -> str:
    """SHA-256 of the file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
