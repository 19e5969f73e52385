"""Upload of one file: next request and progress."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx

from agent.uplink.upload.chunks import ChunkSizes
from agent.uplink.upload.tus import TusClient, UploadBody, UploadPlace
from agent.wire.answers import UploadToken

AT_ONCE_BYTES: Final = 256 * 1024
"""A file up to this size is sent in one request."""

Read = Callable[[Path, int, int], Iterator[bytes]]
"""Path, first byte, number of bytes → the bytes in small parts."""


class Transfer:
    """For the uploader's thread; `step` makes one request."""

    def __init__(self, path: Path, *, size_bytes: int | None, metadata: dict[str, str]) -> None:
        """`size_bytes` is None for a growing file: see `ready_bytes`."""
        self._path = path
        self._size_bytes = size_bytes
        self._metadata = metadata
        self._place: UploadPlace | None = None
        self._is_tried = False
        self._is_unsure = False
        self.ready_bytes = size_bytes or 0
        """Bytes that may be uploaded now."""

    @property
    def offset_bytes(self) -> int:
        """Bytes known to be stored at the hub."""
        return self._place.offset_bytes if self._place else 0

    @property
    def has_work(self) -> bool:
        """True if there is a request to make now."""
        return self._place is None or self._is_unsure or self.offset_bytes < self.ready_bytes

    def step(self, line: TusClient, token: UploadToken, *, pieces: ChunkSizes, read: Read) -> bool:
        """Create, ask for progress, or send one piece; True when the hub has everything.

        Raises the errors of `line`, and OSError if the file cannot be read.
        """
        if self._place is None:
            self._place = self._create(line, token, pieces=pieces, read=read)
        elif self._is_unsure:
            self._place = line.ask(token, self._place.url)
        else:
            self._place = self._go_on(self._place, line, token, pieces=pieces, read=read)
        if self._place.offset_bytes > self.ready_bytes:
            raise httpx.RemoteProtocolError(f"the hub says it has {self._place.offset_bytes} bytes")
        self._is_unsure = False
        return self._place.offset_bytes == self._size_bytes

    def broke(self) -> None:
        """After a broken connection: ask the hub how many bytes it has."""
        self._is_unsure = True

    def is_unknown(self) -> None:
        """The hub does not know the upload: create it again."""
        self._place = None

    def _create(
        self, line: TusClient, token: UploadToken, *, pieces: ChunkSizes, read: Read
    ) -> UploadPlace:
        """A small file is sent along; of a large one some may have arrived in an earlier
        attempt."""
        body = None
        if self.ready_bytes <= AT_ONCE_BYTES or not self._is_tried:
            most_bytes = max(AT_ONCE_BYTES, pieces.size_bytes)
            body = self._body(0, min(most_bytes, self.ready_bytes), read)
        self._is_tried = True
        place = line.create(token, body, metadata=self._metadata, size_bytes=self._size_bytes)
        pieces.arrived(place.offset_bytes)
        return place

    def _go_on(
        self,
        place: UploadPlace,
        line: TusClient,
        token: UploadToken,
        *,
        pieces: ChunkSizes,
        read: Read,
    ) -> UploadPlace:
        length_bytes = min(pieces.size_bytes, self.ready_bytes - place.offset_bytes)
        further = line.go_on(token, place, self._body(place.offset_bytes, length_bytes, read))
        if further.offset_bytes <= place.offset_bytes:
            raise httpx.RemoteProtocolError(f"the hub stands at {further.offset_bytes} bytes")
        pieces.arrived(further.offset_bytes - place.offset_bytes)
        return further

    def _body(self, start: int, length_bytes: int, read: Read) -> UploadBody:
        return UploadBody(chunks=read(self._path, start, length_bytes), size_bytes=length_bytes)
