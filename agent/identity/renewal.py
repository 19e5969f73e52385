"""Renews the node's certificate well before it ends, through the hub's upload address.

The upload token, which the hub sends on the node's own topic, proves which node asks. The request
is signed by the node's existing key, and the new certificate is for the same key.
"""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog
from cryptography import x509
from pydantic import ValidationError

from agent import crypto
from agent.identity import next_certificate
from agent.journal.durable import write_whole
from agent.uplink import https
from agent.uplink.background import Going, leave
from agent.uplink.mqtt.session import BrokerAddress
from agent.uplink.tokens import Tokens
from agent.wire.answers import UploadToken
from agent.wire.enrolment import PATH, RenewAnswer, RenewRequest

log = structlog.get_logger()

LOOK_EVERY_S: Final = 6 * 3600.0
TRY_AGAIN_S: Final = 900.0
TOKEN_WAIT_S: Final = 60.0
TIMEOUT_S: Final = 30.0


class RenewalError(Exception):
    """This attempt to renew failed; there are months for more attempts."""


def is_due(cert: x509.Certificate, now: datetime) -> bool:
    """Whether less than a third of the certificate's life is left: four months of a year."""
    end = cert.not_valid_after_utc
    life = end - cert.not_valid_before_utc
    return end - now < max(life / 3, timedelta(hours=1))


class Renewal:
    """Named service that renews the node's certificate. It calls `renewed` once, after the new
    certificate is on the disk."""

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
        """Check the certificate now and then until told to stop."""
        # Some minutes after the start: pending messages are more urgent, and 500 nodes that
        # restart together must not ask in the same moment.
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
        """Renew if due; True if renewed. Raises RenewalError, OSError or ValueError."""
        address = self._address
        old = address.cert_file.read_bytes()
        if not is_due(crypto.certificates(old)[0], self._now()):
            return False
        key, authority = address.key_file.read_bytes(), address.ca_file.read_bytes()
        token = leave(self._tokens, Going(stop, beat), within_s=TOKEN_WAIT_S)
        if token is None:
            raise RenewalError("the hub gave no token; it is asked again later")
        came = self._fetch(next_certificate.request(key), token)
        new, until = next_certificate.checked(came, old=old, key=key, authority=authority)
        write_whole(address.cert_file, new, mode=0o644)
        self._last_said = ""
        log.info("certificate_renewed", until=f"{until:%Y-%m-%d}")
        return True

    def _fetch(self, request: str, token: UploadToken) -> bytes:
        """Certificates (PEM) from the hub, not yet checked to be this node's."""
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
            crypto.certificates(came)
        except (ValidationError, crypto.CryptoError) as error:
            raise RenewalError(f"{url} sent no certificate") from error
        return came
