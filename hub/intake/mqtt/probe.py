"""Probe: asks whether the broker accepts this hub, without taking over its session."""

import socket
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hub.nodes.pki.authority import HUB_NAME, HUB_NAMES

PATIENCE_S: Final = 5.0
_SILENCE_S: Final = 0.5
"""In TLS 1.3 the client finishes first; a server that rejects its certificate says so just
after."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Address of the broker, its certificate authority, and the hub's certificate."""

    host: str
    port: int
    ca_file: Path
    cert_file: Path
    key_file: Path


def papers_of(address: BrokerAddress, name: str) -> BrokerAddress:
    """Address and certificate for the process with this name: certificate and key lie beside those
    of the hub, as `hub.2.crt` and `hub.2.key`."""
    if name == HUB_NAME:
        return address
    return replace(
        address,
        cert_file=address.cert_file.with_name(f"{name}.crt"),
        key_file=address.key_file.with_name(f"{name}.key"),
    )


def names_at(address: BrokerAddress) -> tuple[str, ...]:
    """The names for which this machine has a certificate, the hub's own first."""
    further = (
        name
        for name in HUB_NAMES[1:]
        if (papers := papers_of(address, name)).cert_file.exists() and papers.key_file.exists()
    )
    return (HUB_NAME, *further)


class BrokerRefusedError(Exception):
    """The broker cannot be used; the message says why and what to do."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(f"{reason}. {cure}")
        self.reason = reason
        self.cure = cure


def context(address: BrokerAddress) -> ssl.SSLContext:
    """TLS context with the hub's certificate; BrokerRefusedError if its files cannot be read or do
    not match."""
    try:
        made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=address.ca_file)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.load_cert_chain(address.cert_file, address.key_file)
    except ssl.SSLError as error:
        raise BrokerRefusedError(
            f"the hub's papers do not fit together: {error.reason or error}",
            f"Compare {address.ca_file}, {address.cert_file} and {address.key_file}",
        ) from error
    except OSError as error:
        raise BrokerRefusedError(
            f"the hub's papers cannot be read: {error}", "Issue them: matthan-hub ca issue"
        ) from error
    return made


def probe(address: BrokerAddress) -> None:
    """Do a TLS handshake and disconnect; returns if the broker accepts the certificate.

    No MQTT is spoken: a second client with the same id would disconnect the running hub.
    """
    where = f"{address.host}:{address.port}"
    tls = context(address)
    try:
        with (
            socket.create_connection((address.host, address.port), PATIENCE_S) as plain,
            tls.wrap_socket(plain, server_hostname=address.host) as safe,
        ):
            _listen_for_refusal(safe)
    except ssl.SSLCertVerificationError as error:
        raise BrokerRefusedError(
            f"the broker at {where} is not who it should be: {error.verify_message}",
            f"Check [broker] host, and that {address.ca_file} is the broker's authority",
        ) from error
    except ssl.SSLError as error:
        raise BrokerRefusedError(
            f"the broker at {where} refuses the hub's certificate: {error.reason or error}",
            f"Issue {address.cert_file} anew from the authority that the broker trusts",
        ) from error
    except OSError as error:
        raise BrokerRefusedError(
            f"nobody answers at {where}: {error}",
            "Check [broker] host and port, and that the broker runs",
        ) from error


def _listen_for_refusal(safe: ssl.SSLSocket) -> None:
    safe.settimeout(_SILENCE_S)
    try:
        if safe.recv(1) == b"":
            raise ConnectionResetError("it closes the connection at once")
    except TimeoutError:
        return  # the broker waits for us to speak: accepted
