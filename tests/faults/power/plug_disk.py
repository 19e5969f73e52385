"""A disk as a pulled plug leaves it: synced data is there, other data may be in any state.

Knows only calls to a file system, not their meaning. A file's bytes are safe once it was synced, a
name once its folder was; anything else is lost, there, torn at sectors, or zeros. Names in a folder
survive in the order in which they were made, as on every file system with a journal.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final, cast

SECTOR_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came back: its name, its words, what it returned."""

    name: str
    words: tuple[bytes | int | str, ...]
    result: int


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes from `offset` on; None: the file ends there."""

    offset: int
    data: bytes | None


@dataclass(slots=True, eq=False)
class File:
    """A file: its durable bytes, and the changes since."""

    sure: bytes = b""
    since: list[Change] = field(default_factory=list)

    def now(self) -> bytes:
        """As a running program sees it."""
        data = bytearray(self.sure)
        for change in self.since:
            _change(data, change)
        return bytes(data)

    def sync(self) -> None:
        """All of it is sure."""
        self.sure, self.since = self.now(), []

    def left(self, chance: random.Random) -> bytes:
        """What a pulled plug leaves of it."""
        data = bytearray(self.sure)
        luck = chance.choice(("all lost", "all there", "torn", "torn"))
        for change in self.since:
            if luck == "all there" or (luck == "torn" and change.data is None and _tossed(chance)):
                _change(data, change)
            elif luck == "torn" and change.data is not None:
                _tear(data, change.offset, change.data, chance)
        return bytes(data)


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A name that is another one's: all of it lies in its folder, so it is there whole or not."""

    target: Path


@dataclass(slots=True, eq=False)
class Folder:
    """Names that are sure, and what was done to names since."""

    sure: dict[str, "File | Folder | Link"] = field(default_factory=dict)
    since: list[dict[str, "File | Folder | Link | None"]] = field(default_factory=list)
    """Each at once: name → what it is now, None: nothing."""

    def now(self, steps: int | None = None) -> dict[str, "File | Folder | Link"]:
        """As a running program sees it, or after so many steps."""
        names: dict[str, File | Folder | Link | None] = dict(self.sure)
        for step in self.since[:steps]:
            names |= step
        return {name: one for name, one in names.items() if one is not None}

    def sync(self) -> None:
        """All names are sure."""
        self.sure, self.since = self.now(), []

    def left(self, chance: random.Random) -> Iterator[tuple[PurePath, "bytes | Path | None"]]:
        """What a pulled plug leaves in it: paths and bytes; None for a folder, a link's target."""
        steps = chance.choice((0, len(self.since), chance.randint(0, len(self.since))))
        for name, one in self.now(steps).items():
            if isinstance(one, File):
                yield PurePath(name), one.left(chance)
            elif isinstance(one, Link):
                yield PurePath(name), one.target
            else:
                yield PurePath(name), None
                for path, data in one.left(chance):
                    yield PurePath(name, path), data


class Disk:
    """The folder `root`, which is sure and empty at first, under the calls of one process."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._top = Folder()
        self._handles: dict[int, tuple[File | Folder, int]] = {}
        """With the place where the next write goes."""

    def left(self, chance: random.Random) -> dict[Path, bytes | None]:
        """What a pulled plug leaves now; asking changes nothing. Links are left out."""
        left = self.left_with_links(chance)
        return {path: data for path, data in left.items() if not isinstance(data, Path)}

    def left_with_links(self, chance: random.Random) -> dict[Path, bytes | Path | None]:
        """The remaining files, with the target of each link."""
        return {self._root / path: data for path, data in self._top.left(chance)}

    def now(self, path: Path) -> bytes | None:
        """The bytes of a file as a running program sees them; None where there is none."""
        found = self._find(path)
        return found.now() if isinstance(found, File) else None

    def take(self, call: Call) -> None:
        """One call that succeeded; ValueError for one that is not known here."""
        match call.name, call.words:
            case "openat", (_, bytes(path), str(flags), *_):
                self._open(Path(path.decode()), flags, call.result)
            case "close", (int(handle),):
                self._handles.pop(handle, None)
            case "lseek", (int(handle), *_) if handle in self._handles:
                self._handles[handle] = self._handles[handle][0], call.result
            case "write", (int(handle), bytes(data), _) if handle in self._handles:
                one, place = self._handles[handle]
                self._write(handle, data[: call.result], place)
                self._handles[handle] = one, place + call.result
            case "pwrite64", (int(handle), bytes(data), _, int(place)) if handle in self._handles:
                self._write(handle, data[: call.result], place)
            case "ftruncate", (int(handle), int(size)) if handle in self._handles:
                self._file(handle).since.append(Change(size, None))
            case "fallocate", (int(handle), 0, 0, int(size)) if handle in self._handles:
                file = self._file(handle)
                file.since.append(Change(max(size, len(file.now())), None))
            case (("fsync" | "fdatasync"), (int(handle),)) if handle in self._handles:
                self._handles[handle][0].sync()
            case _, words if call.name in _ON_HANDLES and words[0] not in self._handles:
                pass  # of a file elsewhere
            case _:
                self._take_name(call)

    def _take_name(self, call: Call) -> None:
        words = call.words[1:] if call.name.startswith("symlink") else call.words  # where, not what
        paths = [Path(word.decode()) for word in words if isinstance(word, bytes)]
        mine = [path for path in paths if self._root in path.parents]
        if not mine and call.name not in _ON_HANDLES:
            return
        if not mine or len(mine) != len(paths) or len({path.parent for path in mine}) != 1:
            raise ValueError(f"not known here: {call.name} {paths}")
        folder, name = self._folder(mine[0].parent), mine[0].name
        match call.name, mine:
            case (("rename" | "renameat" | "renameat2"), [_, into]):
                folder.since.append({into.name: folder.now()[name], name: None})
            case (("symlink" | "symlinkat"), [_]):
                folder.since.append({name: Link(Path(os.fsdecode(cast("bytes", call.words[0]))))})
            case (("unlink" | "unlinkat"), [_]):
                folder.since.append({name: None})
            case (("mkdir" | "mkdirat"), [_]):
                folder.since.append({name: Folder()})
            case _:
                raise ValueError(f"not known here: {call}")

    def _open(self, path: Path, flags: str, handle: int) -> None:
        self._handles.pop(handle, None)
        if path != self._root and self._root not in path.parents:
            return
        found = self._find(path)
        if found is None:
            assert "O_CREAT" in flags, path
            found = File()
            self._folder(path.parent).since.append({path.name: found})
        assert not isinstance(found, Link), path
        assert isinstance(found, Folder) or "O_APPEND" not in flags or not found.now(), path
        if "O_TRUNC" in flags and isinstance(found, File):
            found.since.append(Change(0, None))
        self._handles[handle] = found, 0

    def _write(self, handle: int, data: bytes, place: int) -> None:
        self._file(handle).since.append(Change(place, data))

    def _file(self, handle: int) -> File:
        found = self._handles[handle][0]
        assert isinstance(found, File)
        return found

    def _folder(self, path: Path) -> Folder:
        found = self._find(path)
        assert isinstance(found, Folder), path
        return found

    def _find(self, path: Path) -> File | Folder | Link | None:
        at: File | Folder | Link | None = self._top
        for part in path.relative_to(self._root).parts:
            at = at.now().get(part) if isinstance(at, Folder) else None
        return at


_ON_HANDLES: Final = frozenset(
    {
        *("lseek", "write", "writev", "pwrite64", "pwritev", "ftruncate", "fsync", "fdatasync"),
        *("fallocate", "sync_file_range", "copy_file_range", "dup", "dup2", "dup3"),
    }
)


def _change(data: bytearray, change: Change) -> None:
    if change.data is None:
        del data[change.offset :]
        data.extend(bytes(change.offset - len(data)))
        return
    data.extend(bytes(max(0, change.offset - len(data))))
    data[change.offset : change.offset + len(change.data)] = change.data


def _tear(data: bytearray, offset: int, new: bytes, chance: random.Random) -> None:
    """Some sectors of a write; where the file had grown further than them, zeros stand."""
    whole = _tossed(chance)  # all up to one, or any
    start, last = 0, chance.randint(0, len(new))
    while start < len(new):
        end = min(len(new), start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES)
        if start < last if whole else _tossed(chance):
            _change(data, Change(offset + start, new[start:end]))
        start = end
    if _tossed(chance) and len(data) < offset + len(new):
        data.extend(bytes(offset + len(new) - len(data)))


def _tossed(chance: random.Random) -> bool:
    return chance.random() < 0.5
