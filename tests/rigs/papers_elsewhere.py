"""Whether the OpenSSL of another Python signs, checks and refuses as `cryptography` here.

    python -m tests.rigs.papers_elsewhere PYTHON [ARGUMENT...]

PYTHON is 3.11 or newer, of any processor that this machine can run or emulate; it needs nothing
installed. For an unpacked Debian 12 for arm64 in $ROOT (which `tests/rigs/arm64.sh` leaves behind):

    python -m tests.rigs.papers_elsewhere qemu-aarch64-static -L $ROOT \
        -E LD_LIBRARY_PATH=$ROOT/usr/lib/aarch64-linux-gnu -E PYTHONHOME=$ROOT/usr \
        $ROOT/usr/bin/python3.11
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from agent.papers.by_cryptography import Cryptography
from hub.enrol.authority import Authority

ROOT = Path(__file__).parents[2]
SAID = bytes(range(54))
SIGNATURES = 20_000
ASKED = f"""
import json, platform, ssl, sys
from pathlib import Path
from agent import papers

library, folder, said = papers.library(), Path(sys.argv[1]), bytes(range(54))
read = lambda name: (folder / name).read_bytes()
key, certificate = library.signing_key(read("node.key")), library.certificates(read("node.crt"))[0]

def refusal(ask, name):
    try:
        ask(read(name))
    except papers.PapersError as error:
        return f"{{type(error).__name__}}: {{error}}"

def rss_kib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4

answers = dict(
    python=platform.python_version(), machine=platform.machine(), openssl=ssl.OPENSSL_VERSION,
    library=type(library).__name__, signature=key.sign(said).hex(),
    takes=[key.holds(said, read("signature")), key.is_of(certificate),
           library.update_key(read("update.pub")).holds(said, read("update.sig"))],
    takes_falsely=[key.holds(said + b".", read("signature")), key.holds(said, read("update.sig")),
                   key.is_of(library.certificates(read("ca.crt"))[0])],
    certificate=[certificate.der.hex(), certificate.not_after.isoformat()],
    refusals=[refusal(library.signing_key, name) for name in
              ("rsa.key", "p384.key", "locked.key", "node.crt", "none")]
             + [refusal(library.certificates, "none"), refusal(library.update_key, "node.crt")],
)
for _ in range({SIGNATURES // 4}):
    key.sign(said)
before = rss_kib()
for _ in range({SIGNATURES}):
    key.sign(said)
print(json.dumps(answers | dict(grown_kib=rss_kib() - before)))
"""


def lay_out(folder: Path) -> None:
    """Papers of every kind, and what only their owners can have signed."""
    now = datetime.now(UTC)
    papers = Authority.create(folder / "ca", now).issue_client("nga-tu-01", now)
    for file, name in (
        (papers.ca_file, "ca.crt"),
        (papers.cert_file, "node.crt"),
        (papers.key_file, "node.key"),
    ):
        shutil.copyfile(file, folder / name)
    form, lock = (Encoding.PEM, PrivateFormat.PKCS8), BestAvailableEncryption(b"bi mat")
    rsa_key, p384 = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())
    locked, update = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    (folder / "rsa.key").write_bytes(rsa_key.private_bytes(*form, NoEncryption()))
    (folder / "p384.key").write_bytes(p384.private_bytes(*form, NoEncryption()))
    (folder / "locked.key").write_bytes(locked.private_bytes(*form, lock))
    public = update.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "update.pub").write_bytes(public)
    (folder / "update.sig").write_bytes(update.sign(SAID))
    (folder / "none").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    node = Cryptography().signing_key((folder / "node.key").read_bytes())
    (folder / "signature").write_bytes(node.sign(SAID))


def faults(said: dict[str, Any], folder: Path) -> list[str]:
    """What it did otherwise than `cryptography` does."""
    theirs = Cryptography()
    node = theirs.signing_key((folder / "node.key").read_bytes())
    (own,) = theirs.certificates((folder / "node.crt").read_bytes())
    wrong = {
        "it asked cryptography": said["library"] != "Openssl",
        "its signature does not hold": not node.holds(SAID, bytes.fromhex(said["signature"])),
        "it refuses what is good": not all(said["takes"]),
        "it takes what is not": any(said["takes_falsely"]) or not all(said["refusals"]),
        "it misread a certificate": said["certificate"]
        != [own.der.hex(), own.not_after.isoformat()],
        "it kept what it made": said["grown_kib"] > 512,
    }
    return [what for what, is_so in wrong.items() if is_so]


def main(python: list[str]) -> int:
    """0: it does the same."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        lay_out(folder)
        lent = folder / "lent"  # only what its own environment would have
        shutil.copytree(ROOT / "agent" / "papers", lent / "agent" / "papers")
        (lent / "agent" / "__init__.py").touch()
        shutil.copytree(Path(structlog.__file__).parent, lent / "structlog")
        done = subprocess.run(
            [*python, "-c", ASKED, folder],
            env=os.environ | {"PYTHONPATH": str(lent), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            return done.returncode
        said = json.loads(done.stdout)
        wrong = faults(said, folder)
    del said["signature"], said["certificate"]
    sys.stdout.write(json.dumps(said | {"wrong": wrong}, indent=2) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [sys.executable]))
