"""Uploads over HTTPS to a real hub with a certificate of its own authority."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.journal import Journal
from agent.uplink.tokens import Tokens
from agent.uplink.upload.uploader import Uploader
from hub.base.db.database import Database
from hub.nodes.pki.authority import Authority
from tests.agent.helpers.uplink.uploader import QUICK, owe
from tests.agent.helpers.uplink.uploader_https import site
from tests.agent.rigs.hubside import Running, open_journal
from tests.hub.rigs.web_town import Town
from tests.waiting import until

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.promise("Wire protocol: Pictures travel by HTTPS under their hash."),
]

PICTURE = b"\xff\xd8 somebody \xff\xd9" * 9000


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca", datetime.now(UTC))


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """Another authority, of the same name."""
    return Authority.create(tmp_path / "stranger", datetime.now(UTC))


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """The hub has heard of the picture."""
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    town.somebody(PICTURE)
    yield town
    db.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The node owes the picture."""
    journal = open_journal(tmp_path / "journal.db")
    owe(journal, tmp_path, PICTURE)
    yield journal
    journal.close()


@contextmanager
def bringing(journal: Journal, tokens: Tokens, trusted: Path | None) -> Iterator[Uploader]:
    uploader = Uploader(journal, tokens, trusted=trusted, policy=QUICK)
    with Running(uploader):
        yield uploader
    uploader.close()


def has_picture(town: Town) -> bool:
    return town.uploads.begin("tram-01", sha256(PICTURE).hexdigest(), len(PICTURE)) is None


def test_picture_goes_over_https_to_a_hub_its_own_authority_vouches_for(
    town: Town, authority: Authority, journal: Journal
) -> None:
    with (
        site(town, authority) as tokens,
        bringing(journal, tokens, authority.ca_file) as uploader,
    ):
        until(lambda: journal.counts().media_done == 1)
        assert uploader.counts.failed == 0
    assert has_picture(town)


@pytest.mark.parametrize("whose", ["a stranger's authority", "the system's alone", "another host"])
def test_hub_nobody_vouches_for_gets_nothing_and_is_one_line_and_nothing_is_lost(
    town: Town, authority: Authority, stranger: Authority, journal: Journal, whose: str
) -> None:
    trusted = {
        "a stranger's authority": stranger.ca_file,
        "the system's alone": None,
        "another host": authority.ca_file,
    }[whose]
    host = "hub.example" if whose == "another host" else "127.0.0.1"
    with capture_logs() as logs, site(town, authority, host) as tokens:
        with bringing(journal, tokens, trusted) as uploader:
            until(lambda: uploader.counts.failed >= 3)
        assert journal.counts().media_owed == 1
        assert journal.counts().media_refused == 0
    (line,) = [entry["why"] for entry in logs if entry["event"] == "upload_again"]
    assert "is not vouched for" in line
    assert "[broker] ca_file" in line
    assert "\n" not in line
    with (
        site(town, authority) as tokens,
        bringing(journal, tokens, authority.ca_file),
    ):
        until(lambda: journal.counts().media_done == 1)
    assert has_picture(town)
