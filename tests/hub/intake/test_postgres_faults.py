"""A fault of the PostgreSQL server is never blamed on a message: everything is tried again."""

import threading
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.alerting.alerts.rules.grouping import Policy
from hub.base.backoff import Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db import database
from hub.base.db.database import Database, is_about_storage
from hub.intake.filing.batch import BatchFiler
from hub.intake.filing.filing import Filing
from hub.intake.presence import PresenceRecorder
from hub.intake.subscriber import TRIES_ALONE, TRIES_TOGETHER, BatchWriter
from hub.nodes.spool.tables import events
from hub.registry.tables import set_aside
from tests.faults.proxy import FAIR, Proxy, Weather
from tests.hub.helpers.intake.intake_clerk import arrival
from tests.hub.rigs.intake_rig import count, found_town, tokens
from tests.hub.rigs.wire_words import NodeVoice

MANY = TRIES_TOGETHER + 2 * TRIES_ALONE

SCRIPT = """
CREATE SEQUENCE tries;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') <= {many} THEN
        {fault};
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION fail();
"""
"""The first so many inserts fail."""
TAKEN_BACK = "RAISE EXCEPTION 'taken back for another' USING ERRCODE = '40001'"
CUT = "PERFORM pg_terminate_backend(pg_backend_pid())"


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    found_town(opened, "a")
    yield opened
    opened.close()


def admin(url: str, script: str) -> None:
    options = "-c default_transaction_read_only=off"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True, options=options) as conn:
        conn.execute(script)


def writer(db: Database) -> BatchWriter:
    filer = BatchFiler(Filing(Policy()), PresenceRecorder(tokens()))
    return BatchWriter(
        db,
        filer=filer,
        clock=HubClock(),
        change_signal=ChangeSignal(),
        backoff=Backoff(first_s=0.0),
    )


@pytest.mark.promise("Faults: A lost database takes its batch back whole.")
@pytest.mark.parametrize("fault", [TAKEN_BACK, CUT])
def test_a_transaction_that_is_taken_back_again_and_again_is_tried_until_it_stays(
    db: Database, postgres_url: str, fault: str
) -> None:
    node = NodeVoice("a")
    scribe = writer(db)
    scribe.commit([arrival(node.birth())], threading.Event())
    admin(postgres_url, SCRIPT.format(many=MANY, fault=fault))
    scribe.commit([arrival(node.event()) for _ in range(5)], threading.Event())
    assert scribe.counts["retried"] >= MANY
    assert (count(db, events), count(db, set_aside)) == (5, 0)


@pytest.mark.promise("Faults: A lost database takes its batch back whole.")
def test_a_server_that_only_reads_takes_the_batch_once_it_writes_again(
    db: Database, postgres_url: str
) -> None:
    node = NodeVoice("a")
    scribe = writer(db)
    scribe.commit([arrival(node.birth())], threading.Event())
    name = postgres_url.rpartition("/")[2]
    admin(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    db.close()  # a new connection is to the server as it is now

    def mend() -> None:
        if scribe.counts["retried"] == MANY:
            admin(postgres_url, f"ALTER DATABASE {name} RESET default_transaction_read_only")

    scribe.beat = mend
    scribe.commit([arrival(node.event()) for _ in range(5)], threading.Event())
    assert scribe.counts["retried"] > MANY, "a connection to a standby is not used again"
    assert (count(db, events), count(db, set_aside)) == (5, 0)


@pytest.mark.promise("Faults: A process that is cut off in the middle holds nobody up for long.")
def test_a_writer_whose_line_is_dead_gives_its_lock_back(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Database(postgres_url)
    with far.writing():
        pass  # its session has the whole limit
    monkeypatch.setattr(database, "IDLE_S", 0.2)
    port = urlsplit(postgres_url).port
    assert port is not None
    with Proxy(port) as line:
        near = Database(postgres_url.replace(f":{port}/", f":{line.port}/"))
        with pytest.raises(DBAPIError) as ended, near.writing() as conn:
            line.set(Weather(is_black_hole=True))
            with far.writing(), far.reading():
                pass  # within IDLE_S, although the other is still in its transaction
            line.set(FAIR)
            conn.execute(text("SELECT 1"))
        near.close()
        far.close()
    assert is_about_storage(ended.value), "not the message's fault"


@pytest.mark.parametrize(
    ("own", "wanted"), [("", "30s"), ("?options=-c idle_in_transaction_session_timeout%3D7s", "7s")]
)
def test_a_setting_in_the_address_counts_more(postgres_url: str, own: str, wanted: str) -> None:
    db = Database(postgres_url + own)
    with db.writing() as conn:
        assert conn.scalar(text("SHOW idle_in_transaction_session_timeout")) == wanted
        driver = conn.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        options = driver.info.get_parameters().get("options", "")
    db.close()
    assert bool(options) is bool(own), "PgBouncer refuses options that it does not know"


@pytest.mark.parametrize("query", ["", "?connect_timeout=3&keepalives_idle=7"])
def test_a_connection_notices_a_server_that_is_silent(postgres_url: str, query: str) -> None:
    db = Database(postgres_url + query)
    own = dict(parse_qsl(query.removeprefix("?")))
    wanted = {name: str(value) for name, value in database.LINE.items()} | own
    for use in (db.reading, db.writing):
        with use() as conn:
            driver = conn.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            assert driver.info.get_parameters().items() >= wanted.items()
    db.close()
