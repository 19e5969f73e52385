"""What is wrong with the line to the broker, in a sentence a technician can act on."""

import socket
import ssl
from typing import Final

from agent.delivery.session import BrokerAddress

NO_ANSWER: Final = "the broker {host}:{port} did not answer within {seconds} s"


class Trouble(Exception):  # noqa: N818 - the link's word for what it reports and retries
    """A sentence and its cure as templates, so that they can be translated before filling in."""

    def __init__(self, sentence: str, cure: str, facts: dict[str, object]) -> None:
        super().__init__(f"{sentence.format(**facts)}. {cure.format(**facts)}")
        self.sentence = sentence
        self.cure = cure
        self.facts = facts


def unreachable(error: OSError, address: BrokerAddress) -> Trouble:
    """The connection could not be made, or the papers could not be read."""
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
    """CONNACK said no."""
    return Trouble(
        "the broker {host}:{port} refused the login of {node}: {reason}",
        "see that {cert_file} was issued for {node} and that the broker knows that name",
        {
            "host": address.host,
            "port": address.port,
            "node": node,
            "reason": reason,
            "cert_file": address.cert_file,
        },
    )


def closed_early(reason: str, *, address: BrokerAddress) -> Trouble:
    """The broker hung up before CONNACK; under TLS 1.3 so it is that our papers are refused."""
    return Trouble(
        "the broker {host}:{port} hung up before answering ({reason})",
        "it does not accept {cert_file}: see that the certificate is in date and that the"
        " authority the broker trusts issued it",
        {
            "host": address.host,
            "port": address.port,
            "reason": reason,
            "cert_file": address.cert_file,
        },
    )


def silent(seconds: float, address: BrokerAddress) -> Trouble:
    """Connected, and then nothing."""
    return Trouble(
        NO_ANSWER,
        "see that [broker] host and port name an MQTT broker with TLS",
        {"host": address.host, "port": address.port, "seconds": round(seconds)},
    )


def broken(reason: str, *, address: BrokerAddress) -> Trouble:
    """It was up, and ended without our wish."""
    cure = "it comes back by itself; when it breaks often, see the network"
    if "taken over" in reason:
        cure = "another agent uses this node's certificate: every node needs its own"
    return Trouble(
        "the line to the broker {host}:{port} broke ({reason})",
        cure,
        {"host": address.host, "port": address.port, "reason": reason},
    )


def not_passed_on(reason: str, *, node: str, topic: str) -> Trouble:
    """PUBACK or SUBACK said no: logged in, but not for this branch."""
    return Trouble(
        "the broker does not let this node use {topic}: {reason}",
        "[node] name is {node}: the certificate must be issued for that very name, and the"
        " broker's access list must give it matthan/{node}/",
        {"node": node, "topic": topic, "reason": reason},
    )


def _words(error: OSError) -> tuple[str, str]:
    for kind, sentence, cure in _WORDS:
        if isinstance(error, kind):
            return sentence, cure
    return "the broker {host}:{port} cannot be reached ({why})", "see the network"


_WORDS: Final[tuple[tuple[type[OSError], str, str], ...]] = (
    (FileNotFoundError, "the file {file} is missing", "give its right place under [broker]"),
    (PermissionError, "the file {file} cannot be read", "let the agent's user read it"),
    (
        ssl.SSLCertVerificationError,
        "the broker {host}:{port} shows a certificate that {ca_file} does not vouch for ({why})",
        "give [broker] ca_file the authority of that broker, host as its certificate names it,"
        " and see that this node's clock is right",
    ),
    (
        ssl.SSLError,
        "no secure connection with the broker {host}:{port} ({why})",
        "see that [broker] cert_file and key_file belong together and that the port speaks TLS",
    ),
    (
        socket.gaierror,
        "the broker's name {host} is unknown",
        "see [broker] host, and the network's name server",
    ),
    (
        ConnectionRefusedError,
        "nobody listens at {host}:{port}",
        "start the broker there, or correct [broker] host and port",
    ),
    (
        TimeoutError,
        "the broker {host}:{port} does not answer",
        "see the network and the firewall",
    ),
)
