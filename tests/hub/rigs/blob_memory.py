"""Measures the memory that a large clip costs on its way through the clip store, as JSON.

    python tests/hub/rigs/blob_memory.py FOLDER [BUCKET-URL] [MIB]

The figures are the process's peak memory before and after.
"""

import hashlib
import json
import resource
import sys
from pathlib import Path

from hub.base.storage.blobs import BlobFolder, Blobs
from hub.base.storage.s3 import BlobBucket, BucketAddress, BucketKey

CHUNK = bytes(range(256)) * 1024


def peak_kib() -> int:
    """The most this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def carry(blobs: Blobs, size_mib: int) -> dict[str, float]:
    """Bring a file of this size in and take it out again."""
    small = blobs.open_incoming()
    small.write(CHUNK)
    small.finish(hashlib.sha256(CHUNK).hexdigest())  # what the first use of any file costs
    before = peak_kib()
    incoming, digest = blobs.open_incoming(size_mib * 2**20), hashlib.sha256()
    for _ in range(size_mib * 4):
        incoming.write(CHUNK)
        digest.update(CHUNK)
    incoming.finish(digest.hexdigest())
    after_in = peak_kib()
    back = hashlib.sha256()
    for piece in blobs.read(digest.hexdigest(), length=size_mib * 2**20):
        back.update(piece)
    assert back.digest() == digest.digest()
    after_out = peak_kib()
    return {
        "size_mib": size_mib,
        "in_mib": round((after_in - before) / 1024, 1),
        "out_mib": round((after_out - after_in) / 1024, 1),
    }


def main() -> None:
    """Print the figures."""
    folder, url, size_mib = (*sys.argv[1:], "", "200")[:3]
    blobs: Blobs = BlobFolder(Path(folder))
    if url:
        key = BucketKey("town", "a secret of the tests")
        blobs = BlobBucket(BucketAddress.parse(url), key, staging=Path(folder))
    sys.stdout.write(json.dumps(carry(blobs, int(size_mib))) + "\n")


if __name__ == "__main__":
    main()
