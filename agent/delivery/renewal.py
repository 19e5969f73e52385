"""A node's certificate is renewed well before it ends, over the node's own lines.

The upload token that the hub hands out on the node's own topic says who asks; the request is
signed by the key that the new certificate is for, which is the one the node has.
"""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog
from pydantic import ValidationError

from agent import papers
from agent.delivery import https
from agent.delivery.aside import Going, leave
from agent.delivery.session import BrokerAddress
from agent.delivery.tokens import Tokens
from agent.journal.durable import write_whole
from agent.wire.answers import UploadToken
from agent.wire.enrolment import PATH, RenewAnswer, RenewRequest

log = structlog.get_logger()

LOOK_EVERY_S: Final = 6 * 3600.0
TRY_AGAIN_S: Final = 900.0
TOKEN_WAIT_S: Final = 60.0
TIMEOUT_S: Final = 30.0


class RenewalError(Exception):
    """The certificate could not be renewed this time; there are months for more."""


def is_due(cert: papers.Certificate, now: datetime) -> bool:
    """Whether less than a third of its life is left: four months of a year."""
    life = cert.not_after - cert.not_before
    return cert.not_after - now < max(life / 3, timedelta(hours=1))


class Renewal:
    """A named service. `renewed` is called, once, when the new certificate lies in its place."""

    def __init__(
        self,
        address: BrokerAddress,
        tokens: Tokens,
        *,
        renewed: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._address = address
        self._tokens = tokens
        self._renewed = renewed
        self._now = now
        self._look_every_s = look_every_s
        self._last_said = ""

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Look now and then until told to stop."""
        # A while after the start: what waits at the node is of more haste, and 500 nodes that
        # come back together must not ask in the same moment.
        wait_s = min(self._look_every_s, 60.0 + secrets.randbelow(600))
        going = Going(stop, beat)
        while going.rest(wait_s):
            wait_s = self._look_every_s
            try:
                if self.look(stop, beat):
                    self._renewed()
            except (OSError, ValueError, RenewalError) as error:
                if str(error) != self._last_said:
                    log.error("certificate_not_renewed", reason=str(error))
                self._last_said = str(error)
                wait_s = min(wait_s, TRY_AGAIN_S)

    def look(self, stop: threading.Event, beat: Callable[[], None]) -> bool:
        """Renew if it is time; whether it was done. Raises RenewalError, OSError or ValueError."""
        address = self._address
        old = address.cert_file.read_bytes()
        if not is_due(papers.library().certificates(old)[0], self._now()):
            return False
        key, authority = address.key_file.read_bytes(), address.ca_file.read_bytes()
        token = leave(self._tokens, Going(stop, beat), within_s=TOKEN_WAIT_S)
        if token is None:
            raise RenewalError("the hub gave no token; it is asked again later")
        # Only now: a node whose hub is away must not carry it for months.
        from agent.delivery import next_certificate  # noqa: PLC0415 9 MiB, and seldom needed

        came = self._fetch(next_certificate.request(key), token)
        new, until = next_certificate.checked(came, old=old, key=key, authority=authority)
        write_whole(address.cert_file, new, mode=0o644)
        self._last_said = ""
        log.info("certificate_renewed", until=f"{until:%Y-%m-%d}")
        return True

    def _fetch(self, request: str, token: UploadToken) -> bytes:
        """What the hub sends: certificates as PEM, whose they may be."""
        parts = urlsplit(token.upload_url)
        url = f"{parts.scheme}://{parts.netloc}{PATH}/renew"
        trusted = https.context(self._address.ca_file)
        try:
            with httpx.Client(verify=trusted, timeout=TIMEOUT_S, trust_env=False) as client:
                answer = client.post(
                    url,
                    content=RenewRequest(request=request).model_dump_json(),
                    headers={"Authorization": f"Bearer {token.token}"},
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RenewalError(https.why(error, url)) from error
        if answer.status_code != httpx.codes.OK:
            raise RenewalError(f"{url} answers {answer.status_code}: {answer.text[:200]}")
        try:
            came = RenewAnswer.model_validate_json(answer.content).certificate.encode()
            papers.library().certificates(came)
        except (ValidationError, papers.PapersError) as error:
            raise RenewalError(f"{url} sent no certificate") from error
        return came
