"""A SOAP 1.2 request to a camera over HTTP, as in ONVIF, and its answer.

Answers are untrusted: their size is limited, and one that declares entities is not parsed. The
login is sent only as a digest, by WS-Security (UsernameToken profile 1.0) and, if a camera asks for
it, by HTTP digest.
"""

import base64
import hashlib
import os
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Final
from xml.sax.saxutils import escape

from agent.cameras.address import masked
from agent.cameras.login import DeviceLogin
from agent.media.archive import ArchiveError

ANSWER_BYTES: Final = 4 * 2**20
ANSWER_S: Final = 10.0
_SECURITY: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
)
_UTILITY: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
)
_DIGEST: Final = (
    "http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
)
_BASE64: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)
_ENVELOPE: Final = "{http://www.w3.org/2003/05/soap-envelope}"


def ask(url: str, body: str, *, action: str, login: DeviceLogin | None, utc_us: int) -> ET.Element:
    """The first element of the answer's body; `utc_us` is the time by the device's own clock.

    Raises ArchiveError.
    """
    request = urllib.request.Request(  # noqa: S310 - an address of the configuration
        url,
        data=envelope(body, login=login, utc_us=utc_us).encode(),
        headers={"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'},
    )
    try:
        status, data = _answered(_opener(url, login), request)
    except (OSError, ValueError, HTTPException) as error:
        reason = " ".join(str(getattr(error, "reason", None) or error).split())[:200]
        why = reason or type(error).__name__
        raise ArchiveError(f"{masked(url)} does not answer ({why})") from error
    if status == 401:
        raise ArchiveError(f"{masked(url)} refuses the login")
    if not data or 300 <= status < 400:
        raise ArchiveError(f"{masked(url)} answers {status}")
    return read(data, url)


def read(data: bytes, url: str) -> ET.Element:
    """The first element of an envelope's body; ArchiveError for a fault or a malformed envelope."""
    where = masked(url)
    if len(data) > ANSWER_BYTES or b"<!" in data:  # a document type could declare entities
        raise ArchiveError(f"{where} sends an answer that is too large or declares entities")
    try:
        body = ET.fromstring(data).find(f"{_ENVELOPE}Body")  # noqa: S314 - bounded, no entities
    except (ET.ParseError, LookupError, ValueError) as error:  # the last two: its encoding
        raise ArchiveError(f"{where} answers, but not in ONVIF") from error
    if body is None or len(body) == 0:
        raise ArchiveError(f"{where} answers, but not in ONVIF")
    if body[0].tag == f"{_ENVELOPE}Fault":
        why = " ".join("".join(body[0].itertext()).split())[:200]
        raise ArchiveError(f"{where} refuses: {why}")
    return body[0]


def envelope(body: str, *, login: DeviceLogin | None, utc_us: int) -> str:
    """`body` in an envelope, with the login if there is one."""
    header = _token(login, utc_us) if login else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """The password digest of the UsernameToken profile: base64 of SHA-1 over nonce, time and
    password."""
    return base64.b64encode(
        hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    ).decode()


def _token(login: DeviceLogin, utc_us: int) -> str:
    nonce, created = os.urandom(16), f"{datetime.fromtimestamp(utc_us / 1e6, UTC):%FT%TZ}"
    return (
        f'<w:Security s:mustUnderstand="1" xmlns:w="{_SECURITY}" xmlns:u="{_UTILITY}">'
        f"<w:UsernameToken><w:Username>{escape(login.name)}</w:Username>"
        f'<w:Password Type="{_DIGEST}">'
        f"{password_digest(nonce, created, login.password)}</w:Password>"
        f'<w:Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode()}</w:Nonce>'
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )


class _Staying(urllib.request.HTTPRedirectHandler):
    """Refuses redirects, so that no answer leads to another host."""

    def redirect_request(self, *_: object) -> None:
        """None: not followed."""


def _answered(
    opener: urllib.request.OpenerDirector, request: urllib.request.Request
) -> tuple[int, bytes]:
    """Status and body, also of an error answer: its reason is in an envelope too."""
    try:
        with opener.open(request, timeout=ANSWER_S) as answer:
            return answer.status, answer.read(ANSWER_BYTES + 1)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(ANSWER_BYTES + 1)


def _opener(url: str, login: DeviceLogin | None) -> urllib.request.OpenerDirector:
    """An opener without a proxy: cameras are on the node's own network."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({}), _Staying()]
    if login is not None:
        words = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        words.add_password(None, url, login.name, login.password)
        handlers.append(urllib.request.HTTPDigestAuthHandler(words))
    return urllib.request.build_opener(*handlers)
