"""A node's papers: its key, its certificate and what the update key has signed.

They are read by the OpenSSL that Python has loaded for TLS. Where it cannot be asked, by the
package `cryptography`, which is installed everywhere and loaded nowhere else on a running node.
"""

from functools import cache

import structlog

from agent.papers import libcrypto
from agent.papers.openssl import Openssl
from agent.papers.port import (
    Certificate,
    Library,
    PapersError,
    SigningKey,
    UpdateKey,
    WrongKindError,
)

__all__ = [
    "Certificate",
    "Library",
    "PapersError",
    "SigningKey",
    "UpdateKey",
    "WrongKindError",
    "library",
]

log = structlog.get_logger()


@cache
def library(file: str | None = libcrypto.OURS) -> Library:
    """What reads papers here, found once; which other than Python's own it is, is said."""
    try:
        return Openssl(libcrypto.load(file))
    except libcrypto.UnfitError as error:
        from agent.papers.by_cryptography import Cryptography  # noqa: PLC0415 see above

        log.warning("papers_by_cryptography", reason=str(error), costs="9 MiB of memory")
        return Cryptography()
