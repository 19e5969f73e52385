"""Upload of program bundles by keepers: in pieces, checked once the file is complete.

A bundle without the signature of the town's update key is never kept, whoever uploads it. So the
power of a page is limited by a key that is not at the hub. A hub without the public key accepts no
upload.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.wire.programs import MOST_BUNDLE_BYTES, BundleFault, Release
from hub.access import account_state
from hub.base.audit.acting import Acting, reason_of
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.clock.clock import Clock
from hub.base.storage.blobs import Blobs, NoSpaceError
from hub.base.storage.partial_files import PartialFiles, PartWriter, WrongOffsetError
from hub.nodes.desired_state import release_rows
from hub.nodes.releases.bundles import BundleRefusedError, BundleTrouble, checked, trouble_of

log = structlog.get_logger()

MARK_CHARS: Final = 400
MOST_AT_ONCE: Final = 2
"""Unfinished bundles kept per person, the latest."""
KEPT_S: Final = 3 * 86_400
"""Seconds; the result of an upload is deleted after this time."""
WHOLE: Final = ".whole"
ADD: Final = "programs.add"


class BundleUpload:
    """A bundle being uploaded; `write` each piece, then `finish`, also after a broken
    connection."""

    def __init__(self, part: PartWriter, upload_id: UUID, is_closed: Callable[[], bool]) -> None:
        """`is_closed` returns True once the sender's account is closed."""
        self._part = part
        self.upload_id = upload_id
        self._is_closed = is_closed

    @property
    def offset_bytes(self) -> int:
        """Bytes received so far."""
        return self._part.size_bytes

    def write(self, chunk: bytes) -> None:
        """Append a piece. Raises BundleRefusedError beyond the largest size of a bundle or once the
        sender's account is closed; also NoSpaceError, SupersededError."""
        if self._is_closed():
            self._part.close()
            raise BundleRefusedError(BundleTrouble.SIGNED_OUT)
        if self._part.size_bytes + len(chunk) > MOST_BUNDLE_BYTES:
            self._part.close()
            raise BundleRefusedError(BundleTrouble.LARGE)
        self._part.write(chunk)

    def finish(self) -> None:
        """Make the received bytes durable."""
        self._part.close()


class BundleService:
    """Uploads of program bundles. For any thread. The caller has checked that the asker looks
    after nodes."""

    def __init__(
        self,
        acting: Acting,
        *,
        clock: Clock,
        blobs: Blobs,
        parts: PartialFiles,
        key: Callable[[], Ed25519PublicKey | None],
    ) -> None:
        """`key` raises ValueError if the key file is invalid."""
        self._acting = acting
        self._clock = clock
        self._blobs = blobs
        self._parts = parts
        self._key = key

    def begin(self, asker: Asker, *, size_bytes: int, mark: str) -> BundleUpload:
        """Start an upload, or continue the same file (by its mark); raises BundleRefusedError."""
        if size_bytes <= 0:
            raise BundleRefusedError(BundleTrouble.EMPTY)
        if size_bytes > MOST_BUNDLE_BYTES:
            raise BundleRefusedError(BundleTrouble.LARGE)
        self._known_key()
        self._parts.sweep(older_than_utc_us=self._clock.now().plus_s(-KEPT_S).utc_us)
        same = uuid5(NAMESPACE_OID, f"{size_bytes} {mark[:MARK_CHARS]}")
        return self._open(asker, same if mark else uuid4(), size_bytes)

    def resume(self, asker: Asker, upload_id: UUID, offset_bytes: int) -> BundleUpload:
        """Continue an upload; raises BundleRefusedError, WrongOffsetError."""
        if offset_bytes and not self._parts.received_bytes(asker.person_id, str(upload_id)):
            raise BundleRefusedError(BundleTrouble.LOST)
        upload = self._open(asker, upload_id, 0)
        if upload.offset_bytes != offset_bytes:
            upload.finish()
            raise WrongOffsetError(f"{upload.offset_bytes} bytes have come, not {offset_bytes}")
        return upload

    def drop(self, asker: Asker, upload_id: UUID) -> None:
        """Delete the received bytes of an upload."""
        self._parts.drop(asker.person_id, str(upload_id))

    def take(self, asker: Asker, upload_id: UUID, *, may_be_older: bool) -> None:
        """Check and keep the complete file; raises BundleRefusedError, BlobsError."""
        owner, name = asker.person_id, str(upload_id)
        # Renamed first, so that nobody can append to it during the check.
        self._parts.hand_over(owner, name, to=f"{name}{WHOLE}", beginning=b"")
        try:
            release, sha256, size_bytes = self._keep(
                asker, f"{name}{WHOLE}", may_be_older=may_be_older
            )
        except BundleRefusedError as refused:
            self._acting.note(asker, ADD, detail=reason_of(refused), is_done=False)
            if refused.trouble is BundleTrouble.OLDER:  # kept for the keeper's confirmation
                self._parts.hand_over(owner, f"{name}{WHOLE}", to=name, beginning=b"")
            raise
        else:
            self._file(asker, release, sha256, size_bytes)
        finally:
            self._parts.drop(owner, f"{name}{WHOLE}")
        log.info("programs.added", release=release.name)

    def _keep(self, asker: Asker, name: str, *, may_be_older: bool) -> tuple[Release, str, int]:
        """The release, SHA-256 and size in bytes of the file, which is then among the blobs."""
        try:
            whole = Path(self._parts.bring(asker.person_id, name))
            release = checked(whole, self._known_key()).release
            size_bytes, sha256 = whole.stat().st_size, _hash(whole)
        except FileNotFoundError as error:
            raise BundleRefusedError(BundleTrouble.LOST) from error
        except BundleFault as fault:
            raise BundleRefusedError(trouble_of(fault), str(fault)) from fault
        with self._acting.part_of(asker, ADD) as look:
            newest = next(iter(release_rows.bundles(look.conn)), None)
        if newest and release.number < newest.release.number and not may_be_older:
            detail = f"{release.name}, {newest.release.name}"
            raise BundleRefusedError(BundleTrouble.OLDER, detail)
        try:
            if not self._blobs.has(sha256):
                self._blobs.keep(str(whole), sha256)
        except NoSpaceError as error:
            raise BundleRefusedError(BundleTrouble.ROOM, str(error)) from error
        return release, sha256, size_bytes

    def _file(self, asker: Asker, release: Release, sha256: str, size_bytes: int) -> None:
        with self._acting.changing(asker, ADD) as change:
            if account_state.is_closed(change.conn, asker.person_id):
                raise BundleRefusedError(BundleTrouble.SIGNED_OUT)
            release_rows.add(
                change.conn,
                sha256,
                release,
                size_bytes=size_bytes,
                is_verified=True,
                added_by=asker.person_id,
                now=change.now,
            )
            change.done(Detail("release.added", name=release.name, sha=sha256))

    def _open(self, asker: Asker, upload_id: UUID, size_bytes: int) -> BundleUpload:
        owner, name = asker.person_id, str(upload_id)
        left_bytes = max(0, size_bytes - self._parts.size_bytes(owner, name))
        try:
            part = self._parts.open(owner, name, room_bytes=left_bytes)
        except NoSpaceError as error:
            raise BundleRefusedError(BundleTrouble.ROOM, str(error)) from error
        return BundleUpload(part, upload_id, lambda: self._is_closed(asker))

    def _is_closed(self, asker: Asker) -> bool:
        with self._acting.part_of(asker, ADD) as look:
            return account_state.is_closed(look.conn, asker.person_id)

    def _known_key(self) -> Ed25519PublicKey:
        try:
            key = self._key()
        except ValueError as error:
            raise BundleRefusedError(BundleTrouble.NO_KEY, str(error)) from error
        if key is None:
            raise BundleRefusedError(BundleTrouble.NO_KEY)
        return key


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
