"""`matthan-hub check --from-outside`: a hub over real TLS, and the faults it can have."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from deploy.broker import Broker
from hub.app.external_check import CheckedAddress, check_outside
from hub.base.db.database import Database
from hub.nodes.pki.authority import TlsFiles
from tests.browser.served import free_socket, served
from tests.hub.rigs.enrolling_rig import EnrolHub
from tests.hub.rigs.web_town import Town
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise(
    "Installing: `matthan-hub check --from-outside` checks the hub over the network."
)


class NodesPort:
    """Server behind the proxy's port for nodes."""

    def __init__(self, app: Any, *, everything: bool = False) -> None:
        self._app = app
        self._everything = everything

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_theirs = scope.get("path", "").startswith(("/upload", "/enrol"))
        app = self._app if is_theirs or self._everything else PlainTextResponse("", 404)
        await app(scope, receive, send)


@contextmanager
def nodes_port(
    app: Any, papers: TlsFiles, *, oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[int]:
    place = free_socket()
    config = uvicorn.Config(
        app,
        log_level="warning",
        lifespan="off",
        ssl_certfile=str(papers.cert_file),
        ssl_keyfile=str(papers.key_file),
    )
    config.load()
    assert config.ssl is not None
    config.ssl.minimum_version = oldest
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
    thread.start()
    try:
        until(lambda: server.started)
        yield place.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(patience_s())
        place.close()


class Hub:
    """All of it, on loopback ports."""

    def __init__(self, db: Database, folder: Path, parts: ExitStack) -> None:
        town, enrols = Town(db, folder), EnrolHub(db, folder)
        self.papers = enrols.authority.issue_server("web", now(), hosts=("127.0.0.1",))
        broker = parts.enter_context(Broker(folder / "mqtt", authority=enrols.authority))
        self.app = town.app(enrolling=enrols.enrolling(8443))
        pages = free_socket()
        parts.enter_context(
            served(self.app, pages, stop=town.change_signal.ring, papers=self.papers)
        )
        nodes = parts.enter_context(nodes_port(NodesPort(self.app), self.papers))
        self.place = CheckedAddress(
            "127.0.0.1",
            pages=pages.getsockname()[1],
            nodes=nodes,
            broker=broker.port,
            trusted=self.papers.ca_file,
            closed=(1,),
        )


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def hub(needs_broker: None, sqlite_url: str, tmp_path: Path) -> Iterator[Hub]:
    db = Database(sqlite_url)
    with ExitStack() as parts:
        yield Hub(db, tmp_path, parts)
    db.close()


def bad(place: CheckedAddress, at: datetime | None = None) -> dict[str, str]:
    found = list(check_outside(place, now=lambda: at or now()))
    assert len(found) == 9
    return {part: line for is_well, part, line in found if not is_well}


def test_a_hub_that_is_well_is_proved_from_name_to_broker(hub: Hub) -> None:
    assert bad(hub.place) == {}


def test_what_phones_do_not_trust_is_said_with_the_ways_out(hub: Hub) -> None:
    found = bad(replace(hub.place, trusted=None))
    assert "phones do not trust it" in found["certificate for phones"]
    assert "--https acme" in found["certificate for phones"]
    assert "broker" not in found


def test_a_certificate_that_ends_soon_and_a_clock_that_is_off_are_said(hub: Hub) -> None:
    found = bad(hub.place, now() + timedelta(days=360))
    assert found["certificate for phones"].startswith("it ends on ")
    assert "differ by" in found["clock"]


def test_pages_on_the_nodes_port_are_said(hub: Hub) -> None:
    with nodes_port(NodesPort(hub.app, everything=True), hub.papers) as port:
        assert "must not" in bad(replace(hub.place, nodes=port))["uploads"]


def test_an_older_tls_on_the_nodes_port_is_said(hub: Hub) -> None:
    old = ssl.TLSVersion.TLSv1_2
    with nodes_port(NodesPort(hub.app), hub.papers, oldest=old) as port:
        assert "takes TLS 1.2" in bad(replace(hub.place, nodes=port))["nodes' port"]


def test_ports_that_should_be_closed_are_named(hub: Hub) -> None:
    found = bad(replace(hub.place, closed=(hub.place.broker,)))
    assert str(hub.place.broker) in found["ports that are nobody's"]


def test_a_broker_that_is_not_there_or_speaks_no_tls_is_not_called_well(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        thread = threading.Thread(target=speak_plainly, args=(silent,))
        thread.start()
        found = bad(replace(hub.place, broker=port))
        thread.join(patience_s())
    assert "cannot be asked" in found["broker"]
    assert "cannot be asked" in bad(replace(hub.place, broker=1))["broker"]


def speak_plainly(server: socket.socket) -> None:
    line, _ = server.accept()
    with line:
        line.recv(100)
        line.sendall(b"no TLS here\r\n")


def test_nobody_there_is_a_line_for_each_part(hub: Hub) -> None:
    found = bad(replace(hub.place, pages=1, nodes=1, broker=1))
    assert "cannot be asked" in found["pages"]
    assert "broker" in found
    assert "Traceback" not in "".join(found.values())


def test_a_file_to_trust_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.crt").touch()
    for name in ("ca.crt", "empty.crt"):
        place = CheckedAddress("hub.example", trusted=tmp_path / name)
        with pytest.raises(ValueError, match=f"{name} holds no certificate that can be read"):
            next(check_outside(place, now=lambda: datetime.now(UTC)))
