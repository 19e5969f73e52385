"""Revocation of a node: its certificate goes on the broker's list, and its connection is ended.

Beside this list the hub writes another, with the names of the revoked nodes. When the broker reads
its papers again, its plugin (`hub/intake/mqtt/guard.c`) ends the connections of these nodes and
removes what they left retained.

A broker without the plugin reads the list when a client connects, so a connected client stays. The
hub's authority can sign certificates for any name. So a visitor, with the node's name and a
certificate valid for minutes, takes the node's place at the broker, which ends the old connection;
then the visitor leaves. After that the list applies.
"""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from agent.wire.brokers import broker_address
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.periodic import go_round
from hub.base.private_files import write_private, write_public
from hub.intake.mqtt.probe import BrokerAddress, context
from hub.nodes.enrolment.rows import revoked_serials, shut_out_names
from hub.nodes.pki.authority import Authority

log = structlog.get_logger()

VISITS_S: Final = (0.5, 3.0, 10.0, 30.0)
"""Seconds after writing the list for these visits: the broker reads the list a moment later, and a
node ended before that came back."""
VISIT_S: Final = 5.0
FOLLOW_S: Final = 2.0
"""Before the third visit, so that a node revoked by another process is out by then."""
HOLDS: Final = timedelta(minutes=5)
NAMES: Final = "shut-out"
"""The file of names in the folder of the revocation list; a line each."""


class Revocation:
    """Writes the revocation list and ends connections of revoked nodes. For any thread; one list
    is written at a time."""

    def __init__(
        self,
        db: Database,
        *,
        authority: Authority,
        crl_file: Path,
        brokers: Sequence[BrokerAddress],
        clock: Clock,
        visits_s: Sequence[float] = VISITS_S,
    ) -> None:
        self._db = db
        self._authority = authority
        self._crl_file = crl_file
        self._brokers = tuple(brokers)
        self._clock = clock
        self._visits_s = visits_s
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._written: tuple[set[int], list[str]] | None = None
        """Serial numbers and names on the lists as this process wrote them last."""

    def write_list(self, *, is_again: bool = True) -> None:
        """Write all valid revocations, and who is shut out, for the broker; OSError if impossible.

        `is_again` False: only if they differ from what this process wrote last.
        """
        if not (self._authority.is_here or self._crl_file.parent.is_dir()):
            return  # no broker on this machine
        with self._lock:
            now = self._clock.now()
            with self._db.reading() as conn:
                serials, names = revoked_serials(conn, now), shut_out_names(conn)
            new = {serial for serial, _ in serials}, names
            if not is_again and new == self._written:
                return
            moments = [(serial, _as_time(utc_us)) for serial, utc_us in serials]
            text = "".join(f"{name}\n" for name in names)
            write_public(self._crl_file.with_name(NAMES), text.encode())
            write_public(self._crl_file, self._authority.revocations(moments, _as_time(now.utc_us)))
            self._written = new

    def try_to_write_list(self) -> None:
        """As `write_list`, at the start and after a restore; a failure is logged, and the next
        write has everything."""
        try:
            self.write_list()
        except OSError as error:
            _say_unwritable(error)

    async def follow(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Until `stop`: write the list when another process or a command has revoked a node. Each
        machine with a broker needs this, because a command may run on another one."""

        async def look() -> None:
            await asyncio.to_thread(self.write_list, is_again=False)

        await go_round(look, stop, beat=beat, blind="crl.blind", every_s=FOLLOW_S)

    def shut_out(self, node: str) -> threading.Thread:
        """Write the list and end the node's connection; returns the thread that does it."""
        self.write_list()
        thread = threading.Thread(
            target=self._keep_out, args=(node,), name=f"shut-out-{node}", daemon=True
        )
        thread.start()
        return thread

    def try_to_shut_out(self, node: str) -> None:
        """As `shut_out`; a failure is logged."""
        try:
            self.shut_out(node)
        except OSError as error:
            _say_unwritable(error)

    def stop(self) -> None:
        """End all threads waiting for the next visit."""
        self._stop.set()

    def _keep_out(self, node: str) -> None:
        for wait_s in self._visits_s:
            if self._stop.wait(wait_s):
                return
            for broker in self._brokers:
                at = broker_address(broker.host, broker.port)
                try:
                    was_let_in = self.visit(node, broker)
                except (OSError, ValueError) as error:
                    log.warning("node.visit_failed", node=node, broker=at, reason=str(error))
                else:
                    log.info("node.thrown_out", node=node, broker=at, place_taken=was_let_in)

    def visit(self, node: str, broker: BrokerAddress) -> bool:
        """Take the node's place at a broker and leave; True if the broker accepted."""
        with tempfile.TemporaryDirectory(prefix="matthan-visit-") as folder:
            address = self._papers(node, Path(folder), broker)
            client = mqtt.Client(
                CallbackAPIVersion.VERSION2,
                client_id=node,
                protocol=mqtt.MQTTv5,
                reconnect_on_failure=False,
            )
            client.tls_set_context(context(address))
        is_in = threading.Event()

        def note(_c: mqtt.Client, _d: Any, _f: Any, code: ReasonCode, _p: Any) -> None:
            if not code.is_failure:
                is_in.set()

        client.on_connect = note
        client.connect_timeout = VISIT_S
        client.connect(address.host, address.port, clean_start=True)
        client.loop_start()
        try:
            return is_in.wait(VISIT_S)
        finally:
            client.disconnect()
            client.loop_stop()

    def _papers(self, node: str, folder: Path, broker: BrokerAddress) -> BrokerAddress:
        """Valid for minutes, and deleted from the disk before use."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert = self._authority.sign_client(node, key.public_key(), datetime.now(UTC), span=HOLDS)
        key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(folder / "visit.key", key_pem)
        write_public(folder / "visit.crt", cert.public_bytes(Encoding.PEM))
        return replace(broker, cert_file=folder / "visit.crt", key_file=folder / "visit.key")


def _say_unwritable(error: OSError) -> None:
    log.error("crl.unwritable", reason=str(error), cure="set enrol.crl_file to the broker's")


def _as_time(utc_us: int) -> datetime:
    return datetime.fromtimestamp(utc_us / 1e6, UTC)
