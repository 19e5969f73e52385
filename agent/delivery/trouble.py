"""What is wrong with the line to the broker, in a sentence a technician can act on."""

import socket
import ssl
from typing import Final

from agent.delivery.session import BrokerAddress


def N_(text: str) -> str:  # noqa: N802 - the name gettext's tools look for
    """Mark a template for the catalogs; it is translated where it is shown."""
    return text


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


def closed_early(reason: str, *, address: BrokerAddress) -> Trouble:
    """The broker hung up before CONNACK; under TLS 1.3 so it is that our papers are refused."""
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
    """Connected, and then nothing."""
    return Trouble(
        N_("the broker {host}:{port} did not answer within {seconds} s"),
        N_("see that [broker] host and port name an MQTT broker with TLS"),
        {"host": address.host, "port": address.port, "seconds": round(seconds)},
    )


def broken(reason: str, *, address: BrokerAddress) -> Trouble:
    """It was up, and ended without our wish."""
    cure = N_("it comes back by itself; when it breaks often, see the network")
    if "taken over" in reason:
        cure = N_("another agent uses this node's certificate: every node needs its own")
    return Trouble(
        N_("the line to the broker {host}:{port} broke ({reason})"),
        cure,
        {"host": address.host, "port": address.port, "reason": reason},
    )


def not_passed_on(reason: str, *, node: str, topic: str) -> Trouble:
    """PUBACK or SUBACK said no: logged in, but not for this branch."""
    return Trouble(
        N_("the broker does not let this node use {topic}: {reason}"),
        N_(
            "[node] name is {node}: the certificate must be issued for that very name, and the"
            " broker's access list must give it matthan/{node}/"
        ),
        {"node": node, "topic": topic, "reason": reason},
    )


def _words(error: OSError) -> tuple[str, str]:
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
