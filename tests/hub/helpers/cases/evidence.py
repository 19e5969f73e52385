"""Helpers of the tests of evidence, used by more than one module."""

import io
import random
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.base.moment import Moment
from hub.base.private_files import write_private, write_public
from hub.cases.evidence import keys
from hub.cases.evidence.check import PackageCheck, check_package
from hub.cases.evidence.keys import EvidenceSigner
from hub.cases.evidence.layout import PackageWriter
from hub.cases.evidence.manifest import MANIFEST, SIGNATURE, ExportedFootage
from hub.cases.evidence.package import Item, Order, path_of, write_package

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
NOW_US = round(NOW.timestamp() * 1e6)


def signer(folder: Path, now: datetime = NOW) -> EvidenceSigner:
    return keys.new_key(folder, now, private=write_private, public=write_public)


def item(number: int, kind: str, content: bytes) -> Item:
    media_id = UUID(int=number)
    footage = ExportedFootage(
        path=path_of(number, kind, media_id),
        media_id=media_id,
        kind=kind,  # one of the three
        node="nga-tu-01",
        camera="cam-1",
        label="Camera cổng chợ",
        place="Xã Tân Khai › Ngã tư Chợ Cũ",
        first_frame_utc_us=NOW_US - 60_000_000,
        first_frame_error_ms=12,
        duration_ms=8000 if kind == "clip" else 0,
        stored_utc_us=NOW_US - 50_000_000,
        seal="unsealed",
    )
    return Item(footage, sha256(content).hexdigest(), len(content), lambda: [content])


def order(*items: Item, case: str = "VA-12/2026") -> Order:
    return Order(
        package_id=UUID(int=7),
        case_number=case,
        reason="trộm xe máy",
        exported_by="Anh can-bo (can-bo)",
        now=Moment(NOW_US, 5),
        items=items,
        custody=[{"seq": 3, "at": "…", "who": "can-bo", "act": "media.open", "detail": ""}],
        log_seq=12,
        log_hash="ab" * 32,
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    )


def package(by: EvidenceSigner, *items: Item, case: str = "VA-12/2026") -> bytes:
    file = io.BytesIO()
    write_package(order(*items, case=case), signer=by, file=file)
    return file.getvalue()


def check(content: bytes, *trusted: EvidenceSigner) -> PackageCheck:
    return check_package(io.BytesIO(content), [one.certificate for one in trusted])


CLIP, PICTURE = random.Random(1).randbytes(40_000), random.Random(2).randbytes(9_000)  # noqa: S311


def entries_of(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def packed(entries: list[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    writer = PackageWriter(file)
    for name, content in entries:
        writer.add(name, [content])
    writer.close()
    return file.getvalue()


def flip(content: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    place = dice.randrange(len(content) * 8)
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed), ""


def drop(content: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    entries = entries_of(content)
    name, _ = entries.pop(dice.randrange(len(entries)))
    return packed(entries), name


def swap(content: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    entries = entries_of(content)
    one, two = dice.sample(range(len(entries)), 2)
    (name, a), (second, b) = entries[one], entries[two]
    entries[one], entries[two] = (name, b), (second, a)
    return packed(entries), f"{name}|{second}"


def splice(content: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    """A file of another true package of the same hub in the place of this one's."""
    mine, theirs = entries_of(content), dict(entries_of(other))
    differing = [n for n, (name, its) in enumerate(mine) if theirs[name] != its]
    at = dice.choice(differing)
    name, _ = mine[at]
    mine[at] = (name, theirs[name])
    return packed(mine), name


def redate(content: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    entries = dict(entries_of(content))
    later = str(NOW_US - 60_000_000 + dice.randrange(1, 10**9)).encode()
    entries[MANIFEST] = entries[MANIFEST].replace(str(NOW_US - 60_000_000).encode(), later, 1)
    return packed(list(entries.items())), SIGNATURE


def resign(content: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    """Signed anew by a key of the forger's own, certificate and all."""
    entries = dict(entries_of(content))
    theirs = dict(entries_of(other))
    for name in ("evidence-key.crt", "evidence-key.pub"):
        entries[name] = theirs[name]
    return packed(list(entries.items())), "evidence-key"


def add(content: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    name = f"footage/{dice.randrange(900, 999)}-clip.mp4"
    return packed([*entries_of(content), (name, b"another")]), name


FORGERIES: list[Callable[[bytes, random.Random, bytes], tuple[bytes, str]]] = [
    flip,
    drop,
    swap,
    splice,
    redate,
    resign,
    add,
]


def repacked(content: bytes, *, way: int, folder: str = "", leave: str = "") -> bytes:
    """The package after somebody unpacked it and packed it again."""
    anew = io.BytesIO()
    with zipfile.ZipFile(anew, "w", way) as archive:
        if folder:
            archive.mkdir(folder)
        for name, its in entries_of(content):
            if name != leave:
                archive.writestr(f"{folder}{name}", its)
    return anew.getvalue()
