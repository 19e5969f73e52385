"""Proof of deletion for a data request: a statement with the hub's signature."""

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from hub.public.data_requests.views import DataRequestRow, ErasureRow

AT_NODES = (
    "Camera boxes are not told to delete. A box may have a copy of its own until it needs the room "
    "or its own age bound is reached; the hub neither asks for it nor takes it again."
)
GONE = "The hub's store was asked again after the deletion and had no file of these bytes."


def proof_of(
    row: DataRequestRow,
    erased: Sequence[ErasureRow],
    sign: Callable[[bytes], tuple[bytes, str]] | None,
) -> bytes:
    """The proof as JSON; `statement` is signed byte for byte. It does not name the person."""
    statement = json.dumps(
        {
            "request": row.number,
            "wish": row.dates.wish,
            "received": _utc(row.dates.received_utc_us),
            "answered": _utc(row.dates.answered_utc_us),
            "outcome": row.outcome,
            "deleted": [
                {
                    "file": str(one.media_id),
                    "camera": one.camera,
                    "sha256": one.sha256,
                    "bytes": one.size_bytes,
                    "by": one.who,
                    "marked": _utc(one.marked_utc_us),
                    "gone": _utc(one.gone_utc_us),
                    "other_rows_of_the_same_bytes": one.others,
                }
                for one in erased
            ],
            "gone_means": GONE,
            "at_camera_boxes": AT_NODES,
        },
        ensure_ascii=False,
        indent=1,
    )
    signature, certificate = sign(statement.encode()) if sign else (b"", "")
    whole = {
        "statement": statement,
        "signature": b64encode(signature).decode(),
        "certificate": certificate,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def _utc(utc_us: int | None) -> str | None:
    return None if utc_us is None else f"{datetime.fromtimestamp(utc_us / 1e6, UTC):%FT%TZ}"
