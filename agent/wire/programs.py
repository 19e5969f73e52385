"""Software releases of a node: the desired one, its progress, and the bundle format.

A bundle is a tar file of plain files. The first three are the list of hashes, the list's signature
by the town's update key, and `RELEASE`, which is on the list like all files after it.
"""

import hashlib
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Annotated, Final, Literal

from pydantic import Field

from agent.wire.terms import VERSION, Count, Name, Sha256, Words

SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = "SHA256SUMS.sig"
RELEASE: Final = "RELEASE"
MOST_BUNDLE_BYTES: Final = 400 * 2**20
MOST_LIST_BYTES: Final = 4 * 2**20
FELL_BACK: Final = "it did not reach its broker within 15 minutes or four starts"
UNSIGNED: Final = "it is not signed by this town's update key"
"""Reasons with the same text in every node, so that the hub can translate them."""
MOST_FILES: Final = 20_000
DAMAGED: Final = (tarfile.TarError, EOFError, ValueError, OverflowError)
"""What Python's tarfile raises while it reads a damaged bundle."""
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(.+)")
_RELEASE: Final = re.compile(r"(\d{1,15}) ([A-Za-z0-9][A-Za-z0-9._+-]{0,59})")

ReleaseNumber = Annotated[int, Field(ge=0, lt=10**15)]
ReleaseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,59}$")]


IsSigned = Callable[[bytes, bytes], bool]
"""List and signature: true if the town's update key made the signature."""


class TakePrograms(Words):
    """Run this release. The node downloads the bundle over HTTPS from `programs/` and its hash
    below the upload address. It trusts only the signature of the update key, not the hub.

    A repetition, known by `version` and `sha256`, changes nothing and is answered again.
    """

    kind: Literal["take_programs"] = "take_programs"
    version: Annotated[int, Field(ge=1, lt=2**53)]
    """The hub's version number of this node's desired state."""
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0, le=MOST_BUNDLE_BYTES)]
    may_be_older: bool = False
    """True if a lower release than the running one is accepted."""


class ProgramsAnswer(Words):
    """Result of the last desired release."""

    version: Annotated[int, Field(ge=1, lt=2**53)]
    sha256: Sha256
    outcome: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    """One of `fetching`, `installing`, `on_probation`, `in_force`, `refused`, `fell_back`. A newer
    node may send others."""
    reason: Annotated[str, Field(max_length=1000)]
    brought_bytes: Count = 0


class ProgramsReport(Words):
    """Running release of a node and result of the last desired one. Retained."""

    v: Literal[1] = VERSION
    node: Name
    number: ReleaseNumber | None
    """Number of the running release; None if its bundle had none."""
    name: ReleaseName | None
    last: ProgramsAnswer | None


@dataclass(frozen=True, slots=True)
class Release:
    """A release; its `number` is higher than the number of every earlier release."""

    number: int
    name: str


class BundleFault(Exception):  # noqa: N818 - said in one sentence, no fault of ours
    """The file is not a bundle, or not one of this town; the message says why."""


class UnsignedFault(BundleFault):
    """The list is not signed by this town's update key."""


class AlteredFault(BundleFault):
    """The list is signed, but the content differs from it."""


@dataclass(frozen=True, slots=True)
class Head:
    """Content of the first three files of a bundle."""

    release: Release
    listed: dict[str, str]
    """Hash of every file by name."""
    sums: bytes
    release_text: bytes


def read_release(text: str) -> Release:
    """Parse `NUMBER NAME`; raises BundleFault."""
    found = _RELEASE.fullmatch(text.strip())
    if found is None:
        raise BundleFault("its RELEASE is not NUMBER NAME")
    return Release(int(found[1]), found[2])


def read_head(bundle: tarfile.TarFile, is_signed: IsSigned | None) -> Head:
    """Read and check the first three files of an opened bundle; raises BundleFault.

    Without `is_signed` the signature is not checked.
    """
    sums = _next(bundle, SUMS, MOST_LIST_BYTES)
    signature = _next(bundle, SIGNATURE, 4096)
    release = _next(bundle, RELEASE, 4096)
    if is_signed is not None and not is_signed(sums, signature):
        raise UnsignedFault(UNSIGNED)
    listed = dict(_listed(sums))
    if len(listed) > MOST_FILES:
        raise BundleFault("its list is too long")
    if listed.get(RELEASE) != hashlib.sha256(release).hexdigest():
        raise AlteredFault("its RELEASE differs from what was signed")
    return Head(read_release(release.decode("utf-8", "replace")), listed, sums, release)


def files(bundle: tarfile.TarFile, head: Head) -> Iterator[tuple[str, IO[bytes]]]:
    """Files after the head, with their listed names; the caller compares the hashes. Raises
    BundleFault for anything that is not a plain listed file, and for a repeated one."""
    seen = {RELEASE}
    try:
        while (member := bundle.next()) is not None:
            name = member.name.removeprefix("./")
            content = bundle.extractfile(member) if member.isreg() else None
            if content is None or name not in head.listed or name in seen:
                raise AlteredFault(f"{name[:100]} is not on its list")
            seen.add(name)
            yield name, content
    except (OSError, *DAMAGED) as error:
        raise BundleFault(f"it cannot be read: {error}") from error
    if missing := head.listed.keys() - seen:
        raise AlteredFault(f"{sorted(missing)[0][:100]} is missing")


def _next(bundle: tarfile.TarFile, name: str, most_bytes: int) -> bytes:
    try:
        member = bundle.next()
        content = bundle.extractfile(member) if member is not None and member.isreg() else None
        if member is None or content is None or member.name.removeprefix("./") != name:
            fault = UnsignedFault if name == SIGNATURE else BundleFault
            raise fault(f"it has no {name} in its place")
        if member.size > most_bytes:
            raise BundleFault(f"its {name} is too long")
        return content.read()
    except (OSError, *DAMAGED) as error:
        raise BundleFault(f"it is no bundle: {error}") from error


def _listed(sums: bytes) -> Iterator[tuple[str, str]]:
    for line in sums.decode("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None or any(part in ("", ".", "..") for part in found[2].split("/")):
            raise BundleFault("its list names no files")
        yield found[2], found[1]
