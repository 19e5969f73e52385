"""The site's origin, to which a browser binds passkeys."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Party:
    """WebAuthn relying party: the host of the site's address, and its origin."""

    rp_id: str
    origin: str


def party_of(public_url: str) -> Party | None:
    """The relying party of a site; None where browsers offer no passkeys: an IP address, or no
    https."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    is_address = ":" in host or host.replace(".", "").isdigit()
    if not host or is_address or (parts.scheme != "https" and host != "localhost"):
        return None
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return Party(host, f"{parts.scheme}://{host}{port}")
