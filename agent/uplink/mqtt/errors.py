"""Faults of the broker connection, as sentences that a technician can act on."""

import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent import crypto
from agent.i18n import N_
from agent.uplink.mqtt.session import BrokerAddress

_HAS_EXPIRED: Final = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED."""

_OWN_PATIENCE: Final = "Keep alive timeout"
"""Reason that paho gives for a silent connection. It says nothing about other nodes."""
_TAKEN_OVER: Final = "taken over"
"""Part of MQTT's reason of a DISCONNECT (0x8E), in paho's wording."""


class Trouble(Exception):  # noqa: N818 - the link's word for what it reports and retries
    """A sentence and its cure as templates, translated before they are filled in."""

    def __init__(self, sentence: str, cure: str, facts: dict[str, object]) -> None:
        super().__init__(f"{sentence.format(**facts)}. {cure.format(**facts)}")
        self.sentence = sentence
        self.cure = cure
        self.facts = facts


class TakenOver(Trouble):
    """Another client connected with this node's name and certificate."""


class HungUp(Trouble):
    """The broker ended a working connection: all other nodes may have lost theirs too."""


def unreachable(error: OSError, address: BrokerAddress) -> Trouble:
    """The error when the connection failed, or the certificates could not be read."""
    sentence, cure = _words(error)
    facts = {
        "host": address.host,
        "port": address.port,
        "file": error.filename or "",
        "ca_file": address.ca_file,
        "cert_file": address.cert_file,
        "why": getattr(error, "verify_message", None) or error.strerror or str(error),
    }
    return Trouble(sentence, cure, facts)


def refused(reason: str, *, node: str, address: BrokerAddress) -> Trouble:
    """The error when CONNACK was a refusal."""
    return Trouble(
        N_("the broker {host}:{port} refused the login of {node}: {reason}"),
        N_("see that {cert_file} was issued for {node} and that the broker knows that name"),
        {
            "host": address.host,
            "port": address.port,
            "node": node,
            "reason": reason,
            "cert_file": address.cert_file,
        },
    )


def closed_early(reason: str, *, address: BrokerAddress, utc_us: int) -> Trouble:
    """The error when the broker closed the connection before CONNACK; in TLS 1.3 this means that
    our certificate is refused.

    `utc_us` is the node's clock, which may be wrong and is stated too.
    """
    if _TAKEN_OVER in reason:
        return broken(reason, address=address)
    ended = _end_of(address.cert_file)
    now = datetime.fromtimestamp(utc_us / 1e6, UTC)
    if ended is not None and ended < now:
        return Trouble(
            N_("the certificate {cert_file} ran out on {ended} (now {now})"),
            N_("give the node a new one: matthan-hub ca issue; or set this node's clock right"),
            {
                "cert_file": address.cert_file,
                "ended": f"{ended:%d/%m/%Y}",
                "now": f"{now:%d/%m/%Y}",
            },
        )
    return Trouble(
        N_("the broker {host}:{port} hung up before answering ({reason})"),
        N_(
            "it does not accept {cert_file}: see that the certificate is in date and that the"
            " authority the broker trusts issued it"
        ),
        {
            "host": address.host,
            "port": address.port,
            "reason": reason,
            "cert_file": address.cert_file,
        },
    )


def silent(seconds: float, address: BrokerAddress) -> Trouble:
    """The error when the broker accepted the connection and then sent nothing."""
    return Trouble(
        N_("the broker {host}:{port} did not answer within {seconds} s"),
        N_("see that [broker] host and port name an MQTT broker with TLS"),
        {"host": address.host, "port": address.port, "seconds": round(seconds)},
    )


def broken(reason: str, *, address: BrokerAddress) -> Trouble:
    """The error when a working connection ended against our will."""
    facts: dict[str, object] = {"host": address.host, "port": address.port, "reason": reason}
    if _TAKEN_OVER in reason:
        return TakenOver(
            N_("another computer took this node's place at the broker {host}:{port}"),
            N_(
                "it uses this node's certificate: switch it off, or give it its own; this node"
                " steps back for some minutes"
            ),
            facts,
        )
    kind = Trouble if _OWN_PATIENCE in reason else HungUp
    return kind(
        N_("the line to the broker {host}:{port} broke ({reason})"),
        N_("it comes back by itself; when it breaks often, see the network"),
        facts,
    )


def not_passed_on(reason: str, *, node: str, topic: str) -> Trouble:
    """The error when PUBACK or SUBACK was a refusal: connected, but not allowed for this topic."""
    return Trouble(
        N_("the broker does not let this node use {topic}: {reason}"),
        N_(
            "[node] name is {node}: the certificate must be issued for that very name, and the"
            " broker's access list must give it matthan/{node}/"
        ),
        {"node": node, "topic": topic, "reason": reason},
    )


def _end_of(cert_file: Path) -> datetime | None:
    """End of the node's certificate; None if it cannot be read."""
    try:
        return crypto.certificates(cert_file.read_bytes())[0].not_valid_after_utc
    except (OSError, crypto.CryptoError):
        return None


def _words(error: OSError) -> tuple[str, str]:
    if getattr(error, "verify_code", None) == _HAS_EXPIRED:
        return (
            N_("the certificate of the broker {host}:{port} ran out"),
            N_("give the broker a new one, and see that this node's clock is right"),
        )
    for kind, sentence, cure in _WORDS:
        if isinstance(error, kind):
            return sentence, cure
    return N_("the broker {host}:{port} cannot be reached ({why})"), N_("see the network")


_WORDS: Final[tuple[tuple[type[OSError], str, str], ...]] = (
    (
        FileNotFoundError,
        N_("the file {file} is missing"),
        N_("give its right place under [broker]"),
    ),
    (
        PermissionError,
        N_("the file {file} cannot be read"),
        N_("let the agent's user read it"),
    ),
    (
        ssl.SSLCertVerificationError,
        N_("the certificate of the broker {host}:{port} is not vouched for by {ca_file} ({why})"),
        N_(
            "give [broker] ca_file the authority of that broker, host as its certificate names"
            " it, and see that this node's clock is right"
        ),
    ),
    (
        ssl.SSLError,
        N_("no secure connection with the broker {host}:{port} ({why})"),
        N_("see that [broker] cert_file and key_file belong together and that the port speaks TLS"),
    ),
    (
        socket.gaierror,
        N_("the broker's name {host} is unknown"),
        N_("see [broker] host, and the network's name server"),
    ),
    (
        ConnectionRefusedError,
        N_("nobody listens at {host}:{port}"),
        N_("start the broker there, or correct [broker] host and port"),
    ),
    (
        TimeoutError,
        N_("the broker {host}:{port} does not answer"),
        N_("see the network and the firewall"),
    ),
)
