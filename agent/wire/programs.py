"""The node's programs from the hub: which are wanted, how far the node has come, and the bundle.

A bundle is a tar file of plain files. Its first three are the list of hashes, the list's signature
by the town's update key, and `RELEASE`, which is on the list like all that follows.
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
"""Reasons that every node gives in these words, so that the hub may say them in its reader's."""
MOST_FILES: Final = 20_000
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(.+)")
_RELEASE: Final = re.compile(r"(\d{1,15}) ([A-Za-z0-9][A-Za-z0-9._+-]{0,59})")

ReleaseNumber = Annotated[int, Field(ge=0, lt=10**15)]
ReleaseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,59}$")]


IsSigned = Callable[[bytes, bytes], bool]
"""A list and a signature: true if the town's update key made it."""


class TakePrograms(Words):
    """Run these programs. The node fetches the bundle over HTTPS from `programs/` and its hash
    below the address of uploads, and believes the update key's signature alone, not the hub.

    A repeat, known by `version` and `sha256`, changes nothing and is answered again.
    """

    kind: Literal["take_programs"] = "take_programs"
    version: Annotated[int, Field(ge=1, lt=2**53)]
    """The hub's running number of what it wants of this node."""
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0, le=MOST_BUNDLE_BYTES)]
    may_be_older: bool = False
    """Whether a lower release than the one that runs is taken."""


class ProgramsAnswer(Words):
    """What became of the programs that the hub wanted last."""

    version: Annotated[int, Field(ge=1, lt=2**53)]
    sha256: Sha256
    outcome: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    """fetching, installing, on_probation, in_force, refused, fell_back; a newer node may know
    more."""
    reason: Annotated[str, Field(max_length=1000)]
    brought_bytes: Count = 0


class ProgramsReport(Words):
    """Which programs a node runs, and what became of the last that were wanted. Retained."""

    v: Literal[1] = VERSION
    node: Name
    number: ReleaseNumber | None
    """Of the release that runs; None where its bundle told none."""
    name: ReleaseName | None
    last: ProgramsAnswer | None


@dataclass(frozen=True, slots=True)
class Release:
    """`number` grows with every release: an older one has a lower number."""

    number: int
    name: str


class BundleFault(Exception):  # noqa: N818 - said in one sentence, no fault of ours
    """Why a file is no bundle, or not one of this town."""


class UnsignedFault(BundleFault):
    """This town's update key did not sign its list."""


class AlteredFault(BundleFault):
    """The list is signed, and what comes with it is not what stands on the list."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a bundle says of itself before all else."""

    release: Release
    listed: dict[str, str]
    """Every file's hash by its name."""
    sums: bytes
    release_text: bytes


def read_release(text: str) -> Release:
    """From `NUMBER NAME`; BundleFault."""
    found = _RELEASE.fullmatch(text.strip())
    if found is None:
        raise BundleFault("its RELEASE is not NUMBER NAME")
    return Release(int(found[1]), found[2])


def read_head(bundle: tarfile.TarFile, is_signed: IsSigned | None) -> Head:
    """The first three files of an opened bundle; raises BundleFault.

    Without `is_signed` the signature is not looked at.
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
    """The files after the head, each with its name as listed; their hashes are the caller's to
    compare. Raises BundleFault for what is no plain file of the list, or comes twice."""
    seen = {RELEASE}
    try:
        while (member := bundle.next()) is not None:
            name = member.name.removeprefix("./")
            content = bundle.extractfile(member) if member.isreg() else None
            if content is None or name not in head.listed or name in seen:
                raise AlteredFault(f"{name[:100]} is not on its list")
            seen.add(name)
            yield name, content
    except (tarfile.TarError, OSError, EOFError) as error:
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
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BundleFault(f"it is no bundle: {error}") from error


def _listed(sums: bytes) -> Iterator[tuple[str, str]]:
    for line in sums.decode("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None or any(part in ("", ".", "..") for part in found[2].split("/")):
            raise BundleFault("its list names no files")
        yield found[2], found[1]
