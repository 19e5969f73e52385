"""Checks of the hub from another machine, as phones and nodes reach it, without a configuration.

Nothing is changed at the hub. The line of each check says what it proves; a cure is for the hub's
keeper.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx
from cryptography import x509

from agent.wire.enrolment import AUTHORITY_PATH

ANSWER_S: Final = 5.0
SHORT_DAYS: Final = 14
CLOCK_OFF_S: Final = 60.0
CLOSED: Final = {8080: "the hub itself", 1883: "a broker without TLS", 5432: "the database"}
"""Ports that only the hub's own machine may reach."""
_SERVICE: Final = "matthan-hub"

Finding = tuple[bool, str, str]
"""Whether the part is well, its name, and the text."""


class OutsideError(Exception):
    """A fault seen from this machine, and its cure, on one line."""


@dataclass(frozen=True, slots=True)
class CheckedAddress:
    """Address of the hub to check; `trusted` are certificates that phones trust besides the public
    ones."""

    host: str
    pages: int = 443
    nodes: int = 8443
    broker: int = 8883
    trusted: Path | None = None
    closed: tuple[int, ...] = tuple(CLOSED)


def check_outside(place: CheckedAddress, *, now: Callable[[], datetime]) -> Iterator[Finding]:
    """The findings for one part after the other; `now` is the time of this machine's clock,
    aware. ValueError if the file to trust is none."""
    asked = _Asked(place, now)
    for name, ask in (
        ("name", asked.name),
        ("certificate for phones", asked.certificate),
        ("pages", asked.pages),
        ("service worker", asked.service_worker),
        ("clock", asked.clock),
        ("nodes' port", asked.nodes),
        ("uploads", asked.uploads),
        ("broker", asked.broker),
        ("ports that are nobody's", asked.closed),
    ):
        try:
            yield True, name, ask()
        except OutsideError as error:
            yield False, name, str(error)
        except (OSError, ValueError, httpx.HTTPError) as error:
            why = " ".join(str(error).split()) or type(error).__name__
            yield False, name, f"it cannot be asked ({why}). See the hub's firewall, and its units"


class _Asked:
    def __init__(self, place: CheckedAddress, now: Callable[[], datetime]) -> None:
        self._place, self._now = place, now
        self._authority = ""
        self._date: datetime | None = None
        self._trust = ssl.create_default_context()
        if place.trusted is not None:
            try:
                self._trust.load_verify_locations(place.trusted)
            except OSError as error:  # its text names no file
                raise ValueError(
                    f"{place.trusted} holds no certificate that can be read ({error}). With --trust"
                    " comes a copy of /var/lib/matthan/ca/ca.crt of the hub"
                ) from error

    def name(self) -> str:
        found = socket.getaddrinfo(self._place.host, None, type=socket.SOCK_STREAM)
        return ", ".join(sorted({str(one[4][0]) for one in found}))

    def certificate(self) -> str:
        """Check of the certificate as a phone sees it: without trust there is no service worker,
        and so no push."""
        try:
            with self._line(self._place.pages, self._trust) as line:
                ended = _end_of(line)
                version = line.version()
        except ssl.SSLCertVerificationError as error:
            raise OutsideError(
                f"phones do not trust it ({error.verify_message}). Take --https acme or files; or"
                " have each phone trust the hub's authority (docs/guide/hub.en.md), and try again"
                " with --trust ca.crt"
            ) from error
        left = ended - self._now()
        if left < timedelta(days=SHORT_DAYS):
            raise OutsideError(
                f"it ends on {ended:%d/%m/%Y}. See: systemctl status matthan-renew matthan-proxy"
            )
        return f"trusted, {version}, for {left.days} days"

    def pages(self) -> str:
        answer = self._get("/health")
        said = answer.json() if answer.status_code == httpx.codes.OK else {}
        if not isinstance(said, dict) or said.get("service") != _SERVICE:
            raise OutsideError(
                f"what answers is no hub ({answer.status_code}). See: systemctl status matthan-hub"
            )
        if date := answer.headers.get("Date"):
            self._date = parsedate_to_datetime(date)
        first = self._get("/login")
        if first.status_code != httpx.codes.OK or "<form" not in first.text:
            raise OutsideError(f"/login answers {first.status_code} without a form")
        return f"https://{self._place.host}:{self._place.pages}/login can be signed in at"

    def service_worker(self) -> str:
        """Without it no phone takes a push."""
        for path, kind in (("/sw.js", "javascript"), ("/app.webmanifest", "manifest")):
            answer = self._get(path)
            told = answer.headers.get("Content-Type", "")
            if answer.status_code != httpx.codes.OK or kind not in told:
                raise OutsideError(f"{path} answers {answer.status_code} {told}: no push, no app")
        return "is there, with the app's manifest"

    def clock(self) -> str:
        if self._date is None:
            raise OutsideError("the pages told no time")
        off_s = abs((self._now() - self._date).total_seconds())
        if off_s > CLOCK_OFF_S:
            raise OutsideError(
                f"the hub's clock and this machine's differ by {off_s:.0f} s. See timedatectl on"
                " both"
            )
        return f"differs from this machine's by {off_s:.0f} s"

    def nodes(self) -> str:
        """The authority is told there; the port's own certificate must be of it, for this name."""
        url = f"{self._nodes_url()}{AUTHORITY_PATH}"
        with httpx.Client(verify=False, timeout=ANSWER_S, trust_env=False) as client:  # noqa: S501 - it is checked below
            self._authority = client.get(url).text
        with self._line(self._place.nodes, self._own(self._authority)) as line:
            version = line.version()
        if version != "TLSv1.3":
            raise OutsideError(f"it speaks {version}; nodes want TLS 1.3. Run the installer again")
        if self._speaks_old(self._place.nodes):
            raise OutsideError("it takes TLS 1.2, too. Run the installer again")
        return "the hub's own authority, TLS 1.3 and nothing older"

    def uploads(self) -> str:
        own = self._own(self._authority)
        with httpx.Client(verify=own, timeout=ANSWER_S, trust_env=False) as client:
            upload = client.post(f"{self._nodes_url()}/upload", headers={"Tus-Resumable": "1.0.0"})
            other = client.get(f"{self._nodes_url()}/login")
        if upload.status_code not in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise OutsideError(f"who has no token is answered {upload.status_code}, not 401")
        if other.status_code != httpx.codes.NOT_FOUND:
            raise OutsideError(f"pages are served there, too ({other.status_code}): they must not")
        return "asked for a token, and nothing else is served there"

    def broker(self) -> str:
        """TLS of the hub's authority; then it wants a certificate, which this machine has not."""
        try:
            line = self._line(self._place.broker, self._own(self._authority))
        except ssl.SSLCertVerificationError as error:
            raise OutsideError(
                f"its certificate is not for {self._place.host} ({error.verify_message}). Run the"
                " installer again with --host"
            ) from error
        with line:
            version = line.version()
            try:
                line.sendall(_CONNECT)
                answer = line.recv(4)
            except (ssl.SSLError, ConnectionError):  # TLS 1.3 refuses after the handshake
                answer = b""
        if answer:
            raise OutsideError(f"it answers who has no certificate ({version}): {answer.hex()}")
        return f"{version}; who has no certificate is refused"

    def closed(self) -> str:
        ports = self._place.closed
        open_ = [port for port in ports if self._answers(port)]
        if open_:
            names = ", ".join(f"{port} ({CLOSED.get(port, 'closed by wish')})" for port in open_)
            raise OutsideError(f"open to everybody: {names}. Let them listen on 127.0.0.1 alone")
        return f"closed: {', '.join(map(str, ports))}"

    def _get(self, path: str) -> httpx.Response:
        url = f"https://{_in_url(self._place.host)}:{self._place.pages}{path}"
        with httpx.Client(verify=self._trust, timeout=ANSWER_S, trust_env=False) as client:
            return client.get(url)

    def _nodes_url(self) -> str:
        return f"https://{_in_url(self._place.host)}:{self._place.nodes}"

    def _line(self, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
        plain = socket.create_connection((self._place.host, port), timeout=ANSWER_S)
        try:
            return context.wrap_socket(plain, server_hostname=self._place.host)
        except BaseException:
            plain.close()
            raise

    def _own(self, authority: str) -> ssl.SSLContext:
        if "BEGIN CERTIFICATE" not in authority:
            raise OutsideError("the nodes' port does not tell the hub's authority: no enrolment")
        return ssl.create_default_context(cadata=authority)

    def _speaks_old(self, port: int) -> bool:
        context = self._own(self._authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._line(port, context).close()
        except (ssl.SSLError, ConnectionError):
            return False
        return True

    def _answers(self, port: int) -> bool:
        try:
            socket.create_connection((self._place.host, port), timeout=ANSWER_S).close()
        except OSError:
            return False
        return True


_CONNECT: Final = bytes.fromhex("101000044d5154540502003c0000036f7574")
"""MQTT 5: CONNECT as the client `out`, for a server that answers without asking for a
certificate."""


def _end_of(line: ssl.SSLSocket) -> datetime:
    shown = line.getpeercert(binary_form=True)
    if shown is None:
        raise OutsideError("no certificate was shown")
    return x509.load_der_x509_certificate(shown).not_valid_after_utc


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def now() -> datetime:
    """The time of this machine's clock."""
    return datetime.now(UTC)
