"""Client of tus 1.0.0, the protocol for resumable uploads: one call, one request.

https://tus.io/protocols/resumable-upload, with the extensions creation, creation-with-upload and
creation-defer-length.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httpx

from agent.wire.answers import UploadToken

VERSION: Final = "1.0.0"
BODY_TYPE: Final = "application/offset+octet-stream"
HASH_DIFFERS: Final = 460
"""Status of tus for bytes that do not match their hash."""


class UnexpectedAnswer(Exception):  # noqa: N818 - the hub's word, whatever it is
    """The hub's answer does not allow to go on."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.text = " ".join(answer.text[:200].split())
        super().__init__(f"the hub answered {self.status} {self.text}".rstrip())


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadBody:
    """A part of a file as the body of a request, read while it is sent."""

    chunks: Iterator[bytes]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadPlace:
    """An upload at the hub: its address and the number of bytes stored."""

    url: str
    offset_bytes: int


class TusClient:
    """Raises httpx.HTTPError and httpx.InvalidURL without an answer, else UnexpectedAnswer."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def create(
        self,
        token: UploadToken,
        body: UploadBody | None,
        *,
        metadata: dict[str, str],
        size_bytes: int | None,
    ) -> UploadPlace:
        """Create an upload, with its first bytes if given; an existing one only gets its address
        again.

        `size_bytes` is None for a growing file.
        """
        length = {"Upload-Defer-Length": "1"}
        if size_bytes is not None:
            length = {"Upload-Length": str(size_bytes)}
        headers = {
            **length,
            "Upload-Metadata": ",".join(
                f"{key} {base64.b64encode(value.encode()).decode()}"
                for key, value in metadata.items()
            ),
        }
        answer = self._send("POST", token.upload_url, token, body, headers=headers)
        if answer.status_code != HTTPStatus.CREATED:
            raise UnexpectedAnswer(answer)
        place = answer.request.url.join(answer.headers.get("Location", ""))
        # A token is sent only to the address in the hub's own message.
        if not str(place).startswith(token.upload_url.rstrip("/") + "/"):
            raise httpx.InvalidURL(f"the hub sends us to {place}, beyond {token.upload_url}")
        return UploadPlace(str(place), _offset(answer))

    def ask(self, token: UploadToken, url: str) -> UploadPlace:
        """Ask the hub for the progress of an upload."""
        answer = self._send("HEAD", url, token, None, headers={})
        if answer.status_code != HTTPStatus.OK:
            raise UnexpectedAnswer(answer)
        return UploadPlace(url, _offset(answer))

    def go_on(self, token: UploadToken, place: UploadPlace, body: UploadBody) -> UploadPlace:
        """Send the next bytes of an upload."""
        headers = {"Upload-Offset": str(place.offset_bytes)}
        answer = self._send("PATCH", place.url, token, body, headers=headers)
        if answer.status_code != HTTPStatus.NO_CONTENT:
            raise UnexpectedAnswer(answer)
        return UploadPlace(place.url, _offset(answer))

    def _send(
        self,
        method: str,
        url: str,
        token: UploadToken,
        body: UploadBody | None,
        *,
        headers: dict[str, str],
    ) -> httpx.Response:
        headers |= {"Tus-Resumable": VERSION, "Authorization": f"Bearer {token.token}"}
        if body is not None:
            headers |= {"Content-Type": BODY_TYPE, "Content-Length": str(body.size_bytes)}
        content = body.chunks if body is not None else None
        return self._client.request(method, url, content=content, headers=headers)


def _offset(answer: httpx.Response) -> int:
    said = answer.headers.get("Upload-Offset", "")
    if not (said.isascii() and said.isdecimal()):
        raise httpx.RemoteProtocolError(f"the hub gives no Upload-Offset but {said!r}")
    return int(said)
