"""Files of an archive that is not the hub's own, written again as a package to be checked."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from hub.cases.evidence.layout import MOST_FILES, PIECE_BYTES, LayoutError, PackageWriter
from hub.cases.evidence.manifest import MANIFEST

_SPARE_BYTES: Final = 64 * 2**20
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # locked by a password, or packed in a way that is not known here
    ValueError,
)


def pack_anew(file: BinaryIO, anew: BinaryIO) -> None:
    """Write the archive's files into a package; LayoutError if it cannot be read.

    Compression makes footage hardly smaller, so an archive is refused if its files are much larger
    than itself. A folder around the whole package is left out.
    """
    file.seek(0, 2)
    most_bytes = 2 * file.tell() + _SPARE_BYTES
    try:
        with zipfile.ZipFile(file) as archive:
            infos = [one for one in archive.infolist() if not one.is_dir()]
            if len(infos) > MOST_FILES or sum(one.file_size for one in infos) > most_bytes:
                raise LayoutError("it would be too large")
            folder = _folder([one.filename for one in infos])
            writer = PackageWriter(anew)
            for info in infos:
                writer.add(info.filename.removeprefix(folder), _pieces(archive, info))
            writer.close()
    except _UNREADABLE as error:
        raise LayoutError(str(error)) from error


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as content:
        while piece := content.read(PIECE_BYTES):
            yield piece


def _folder(names: list[str]) -> str:
    """The folder with the manifest, if the whole package was put into one: "name/"."""
    [folder, *others] = [
        name.removesuffix(MANIFEST)
        for name in names
        if name.endswith(f"/{MANIFEST}") and name.count("/") == 1
    ] or [""]
    return "" if others or MANIFEST in names else folder
