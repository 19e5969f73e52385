"""What a package says of its boxes' keys: the authority, and the lines of their enrolments.

The file is signed by the manifest. Each line can be checked: its hash covers it and the hash of the
line before, and a stamp over that hash proves that the line existed then.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import Field

from hub.base.rfc3161 import Stamp, StampError, check_stamp, read_roots
from hub.cases.evidence.manifest import PackagePart, Sha256
from hub.cases.evidence.seal_rules import BoxPapers, EnrolledKey, read_key_line
from hub.nodes.enrolment.key_lines import KeyLine

ENROLMENTS: Final = "enrolments.json"
Long = Annotated[str, Field(max_length=40_000)]


class PackedLine(PackagePart):
    """One line of the log; with `anchor`, its stamp is the file `enrolments/<seq>.tsr`."""

    node: Long
    seq: Annotated[int, Field(ge=1)]
    previous: Sha256
    line: Long
    """The fields as the hash covers them: JSON, see `hub.base.hash_chain.line_of`."""
    hash: Sha256
    anchor: Long = ""
    """The stamped text, also in `enrolments/<seq>.txt`; empty without a stamp."""

    @property
    def stem(self) -> str:
        """Path of the files of its stamp, without their endings."""
        return f"enrolments/{self.seq}"


class PackedPapers(PackagePart):
    """The file `enrolments.json`."""

    v: Literal[1] = 1
    authority: Long = ""
    """Certificate (PEM) of the hub's authority, which issues the certificates of boxes; empty if it
    could not be read at the export."""
    lines: tuple[PackedLine, ...] = ()

    def to_bytes(self) -> bytes:
        """The bytes of the file."""
        said = self.model_dump(mode="json")
        return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()

    @property
    def authorities(self) -> list[x509.Certificate]:
        """The authority's certificate, if it is in the package; ValueError if unreadable."""
        return x509.load_pem_x509_certificates(self.authority.encode()) if self.authority else []

    def keys(self, stamp_of: Callable[[PackedLine], Stamp | None]) -> dict[str, list[EnrolledKey]]:
        """Lines by the name of their box; ValueError for a line that its hash does not cover."""
        found: dict[str, list[EnrolledKey]] = {}
        for one in sorted(self.lines, key=lambda one: one.seq):
            stamp = stamp_of(one) if one.anchor else None
            stamped = stamp.at if stamp else None
            try:
                key = read_key_line(one.previous, one.line, one.hash, stamped)
            except (ValueError, IndexError, TypeError, KeyError, OverflowError) as error:
                raise ValueError(f"record {one.seq}: {error}") from error
            if one.anchor and one.anchor.split(" ")[1:] != [str(one.seq), one.hash]:
                raise ValueError(f"record {one.seq}: another record was stamped")
            found.setdefault(one.node, []).append(key)
        return found


@dataclass(frozen=True, slots=True)
class BoxPapersFiles:
    """What is known of the keys of boxes, and the files of a package that say it."""

    packed: PackedPapers
    files: Mapping[str, bytes]

    def papers(self) -> "Papers":
        """The same to judge by; stamps count as far as they hold."""
        keys = self.packed.keys(lambda one: stamp_of(one, self.files.__getitem__))
        return Papers(self.packed.authorities, keys)


@dataclass(frozen=True, slots=True)
class Papers:
    """The authorities, and the keys of each box; None: nothing is known of keys."""

    authorities: Sequence[x509.Certificate] = ()
    keys: Mapping[str, Sequence[EnrolledKey]] | None = None

    def of(self, node: str) -> BoxPapers:
        """What is known of one box."""
        return BoxPapers(self.authorities, None if self.keys is None else self.keys.get(node, ()))


def pack_papers(authority: x509.Certificate | None, lines: Iterable[KeyLine]) -> BoxPapersFiles:
    """The files of a package about its boxes' keys."""
    packed, files = [], {}
    for one in lines:
        said = {name: getattr(one, name) for name in PackedLine.model_fields}
        packed.append(PackedLine(**said))
        if one.anchor:
            stem = packed[-1].stem
            files[f"{stem}.txt"] = one.anchor.encode()
            files[f"{stem}.tsr"] = one.stamp
            files[f"{stem}.pem"] = one.roots.encode()
    pem = authority.public_bytes(Encoding.PEM).decode() if authority else ""
    papers = PackedPapers(authority=pem, lines=tuple(packed))
    return BoxPapersFiles(papers, files | {ENROLMENTS: papers.to_bytes()})


def stamp_of(
    one: PackedLine,
    file: Callable[[str], bytes],
    given: Sequence[x509.Certificate] = (),
) -> Stamp | None:
    """The stamp over a line; None if it does not hold by the `given` roots.

    Without any the roots in the package count. `file` reads a file of it, empty if missing. Raises
    StampError for a stamp that does not even hold by these.
    """
    answer, content = file(f"{one.stem}.tsr"), file(f"{one.stem}.txt")
    if content != one.anchor.encode():
        raise StampError("the stamped text is another")
    stamp = check_stamp(answer, content, read_roots(file(f"{one.stem}.pem")))
    try:
        return check_stamp(answer, content, given) if given else stamp
    except StampError:
        return None
