"""Enrolment on this hub: authority, addresses of nodes and brokers, revocation."""

from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from agent.wire.brokers import broker_address as named_address
from agent.wire.brokers import host_and_port
from agent.wire.enrolment import FINGERPRINT_BYTES, PORT
from hub.app.config import HubSettings
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.secret_store.store import FILES, SecretStore
from hub.intake.mqtt.probe import BrokerAddress
from hub.intake.mqtt.revocation import Revocation
from hub.nodes.enrolment.desk import Enroller
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.pki.authority import Authority, AuthorityError
from hub.nodes.pki.signing import Signing

log = structlog.get_logger()


def open_authority(settings: HubSettings, secrets: SecretStore = FILES) -> Authority:
    """Authority that signs for nodes; raises AuthorityError."""
    return Authority.open(authority_folder(settings), secrets)


def authority_folder(settings: HubSettings) -> Path:
    """Folder of the authority."""
    return Path(settings.enrol.authority_folder or settings.broker.ca_file.parent)


def crl_file(settings: HubSettings) -> Path:
    """File of the revocation list for the broker."""
    return Path(settings.enrol.crl_file or authority_folder(settings) / "crl.pem")


def build(
    settings: HubSettings, db: Database, clock: Clock, secrets: SecretStore = FILES
) -> tuple[Enrolling, Revocation] | None:
    """Services for pages and nodes; None if the authority's key is elsewhere, which is logged."""
    try:
        authority = open_authority(settings, secrets)
    except AuthorityError as error:
        log.info("enrolment.by_hand", reason=str(error))
        return None
    shutting = shutting_out(settings, db, authority, clock)
    host, port = node_address(settings)
    enrolling = Enrolling(
        enroller=Enroller(
            db, clock=clock, signs=Signing(authority), revoked=shutting.try_to_write_list
        ),
        host=host,
        port=port,
        authority_pem=authority.pem.decode(),
        fingerprint=bytes.fromhex(authority.fingerprint)[:FINGERPRINT_BYTES],
        broker_host=broker_host(settings),
        broker_port=settings.broker.port,
        further_brokers=settings.broker.further,
        shut_out=shutting.try_to_shut_out,
    )
    return enrolling, shutting


def shutting_out(
    settings: HubSettings, db: Database, authority: Authority, clock: Clock
) -> Revocation:
    """Service that ends connections of revoked nodes."""
    return Revocation(
        db,
        authority=authority,
        crl_file=crl_file(settings),
        brokers=broker_addresses(settings),
        clock=clock,
    )


def node_address(settings: HubSettings) -> tuple[str, int]:
    """Host (as in a URL) and port of the hub for nodes' HTTPS."""
    parts = urlsplit(settings.web.upload_url or settings.web.public_url)
    host = parts.hostname or ""
    return (f"[{host}]" if ":" in host else host), parts.port or (
        443 if settings.web.upload_url else PORT
    )


def broker_host(settings: HubSettings) -> str:
    """Host of the first broker as boxes are given it."""
    return settings.enrol.broker_host or node_address(settings)[0].strip("[]")


def broker_address(settings: HubSettings) -> BrokerAddress:
    """Address and certificate files of the first broker, for the intake."""
    broker = settings.broker
    return BrokerAddress(
        broker.host, broker.port, broker.ca_file, broker.cert_file, broker.key_file
    )


def broker_addresses(settings: HubSettings) -> list[BrokerAddress]:
    """Addresses and certificate files of all brokers, in the order of the configuration."""
    first = broker_address(settings)
    further = map(host_and_port, settings.broker.further)
    return [first, *(replace(first, host=host, port=port) for host, port in further)]


def brokers(settings: HubSettings) -> list[tuple[str, BrokerAddress]]:
    """All brokers, each with the host:port that boxes are given, and sorted by it: so a broker has
    the same number on all machines, whatever the order of their lists."""
    first, *further = broker_addresses(settings)
    given = [(broker_host(settings), first), *((one.host, one) for one in further)]
    named = sorted(((host.lower(), one.port, one) for host, one in given), key=itemgetter(0, 1))
    return [(named_address(host, port), one) for host, port, one in named]
