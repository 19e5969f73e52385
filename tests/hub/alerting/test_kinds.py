"""Kinds of alerts: each has its texts in both languages; an unknown one is an alert too."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from sqlalchemy import insert, select, update

from agent.wire.messages import Tampering
from hub.alerting.alerts.rules.kinds import KINDS, UNKNOWN, Kind, KindEntry, entry_of
from hub.alerting.alerts.tables import alerts, troubles
from hub.alerting.monitoring.rows import running_troubles
from hub.base.db.database import Database
from hub.base.text.catalogs import LOCALE_FOLDER
from hub.intake.filing.tamper_plans import alert_kind
from hub.notify.i18n import LANGUAGES
from tests.hub.helpers.oversight.metrics import measured
from tests.hub.rigs.notify_samples import owed
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

NEWER = "drone_seen"


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path)
    db.close()


@pytest.mark.promise("Hub: Message catalogs are complete in both languages.")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("entry", [*(kind.entry for kind in Kind), UNKNOWN])
def test_texts_of_each_kind_are_in_the_catalogs(entry: KindEntry, language: str) -> None:
    shown = [text for text in (entry.headline, entry.push) if text is not None]
    assert all(text.one for text in shown)
    pushed = [entry.push_over] + ([entry.push.one, entry.push.several] if entry.push else [])
    on_pages = [entry.no_picture, entry.advice]
    on_pages += [entry.headline.one, entry.headline.several] if entry.headline else []
    for domain, texts in (("push", pushed), ("hub", on_pages)):
        path = LOCALE_FOLDER / language / "LC_MESSAGES" / f"{domain}.mo"
        with path.open("rb") as file:
            known = read_mo(file)
        assert [text for text in texts if text and known.get(text) is None] == []


@pytest.mark.parametrize("what", Tampering)
def test_each_tampering_has_a_kind(what: Tampering) -> None:
    assert KINDS[f"tamper_{what.value}"] is alert_kind(what)


def test_a_kind_of_a_newer_version_is_shown_as_an_alert_and_counted(town: Town) -> None:
    seen = town.somebody()
    with town.db.writing() as conn:
        conn.execute(update(alerts).values(kind=NEWER))
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    page = text_of(an.get(f"/alerts/{seen.alert_id}"))
    assert "Cảnh báo" in page
    assert "1 người" not in page
    assert "Cảnh báo khác (1)" in an.get("/").text
    said = measured(town).text()
    assert "matthan_alerts_of_unknown_kind 1.0" in said
    assert entry_of(owed(kind=NEWER).kind) is UNKNOWN


def test_a_running_trouble_of_a_newer_version_is_left_to_it(town: Town) -> None:
    seen = town.somebody()
    with town.db.writing() as conn:
        conn.execute(update(alerts).values(kind=NEWER))
        conn.execute(insert(troubles).values(alert_id=seen.alert_id, kind=NEWER))
        assert conn.scalar(select(troubles.c.over_utc_us)) is None
        assert running_troubles(conn) == []
