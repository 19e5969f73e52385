"""Nodes with wrong clocks (1970, steps by years): their events get the right times in the end."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.alerting.alerts.tables import alerts
from hub.base.moment import Moment
from hub.intake.rules.boot_clock import BootClock, StampedTimes, happened
from tests.hub.helpers.intake.clocks import IN_1970, TRUSTED, world
from tests.hub.rigs.intake_rig import NOW, count
from tests.schedules import tries

pytestmark = pytest.mark.promise(
    "Node state and clocks: A wrong wall clock does not change durations."
)

YEAR_S = 365 * 86_400


@pytest.mark.promise("Node state and clocks: Time stamps are corrected when the clock is trusted.")
def test_what_was_said_in_1970_is_vouched_for_once_the_clock_is_trusted(
    sqlite_url: str, tmp_path: Path
) -> None:
    with world(sqlite_url, tmp_path, IN_1970) as node:
        who = node.somebody_walks()
        node.deliver()
        seen_s, error_ms = node.first_seen_s(who)
        assert seen_s == pytest.approx(node.truth[who], abs=0.2), "at once by its age"
        assert error_ms is None, "though nobody vouches for it"
        node.true_s += 300
        node.ntp()
        node.deliver()
        seen_s, error_ms = node.first_seen_s(who)
        assert seen_s == pytest.approx(node.truth[who], abs=0.02)
        assert error_ms is not None
        assert error_ms < 100
        node.check_spans()
        with node.db.reading() as conn:
            (alert,) = conn.execute(select(alerts)).all()
        assert (alert.clock_source, alert.revision > 2) == ("ntp", True)


@pytest.mark.promise("Node state and clocks: Time stamps are corrected when the clock is trusted.")
def test_what_a_boot_said_unheard_is_placed_by_its_own_clock_after_a_reboot(
    sqlite_url: str, tmp_path: Path
) -> None:
    with world(sqlite_url, tmp_path, IN_1970) as node:
        who = node.somebody_walks()
        node.true_s += 3600
        node.ntp()
        node.reboot(IN_1970)
        node.true_s += 5000
        node.deliver()
        assert node.first_seen_s(who)[0] == pytest.approx(node.truth[who], abs=0.02)
        node.check_spans()


@pytest.mark.promise("Faults: Future and past time stamps are handled.")
def test_a_boot_that_never_had_a_clock_is_of_the_time_of_receipt_and_doubted(
    sqlite_url: str, tmp_path: Path
) -> None:
    with world(sqlite_url, tmp_path, IN_1970) as node:
        who = node.somebody_walks()
        node.reboot(IN_1970)
        node.deliver()
        seen_s, error_ms = node.first_seen_s(who)
        assert seen_s == pytest.approx(node.true_s, abs=10)
        assert error_ms is None
        assert count(node.db, alerts) == 1, "one alert too many is better than one too few"
        node.check_spans()


def test_a_clock_set_by_years_between_two_frames_tears_no_sighting_apart(
    sqlite_url: str, tmp_path: Path
) -> None:
    with world(sqlite_url, tmp_path, IN_1970) as node:
        node.trust = TRUSTED  # the kernel says so a moment before it is so
        who = node.somebody_walks(step_s=0.0)
        node.deliver()
        assert node.first_seen_s(who)[0] == pytest.approx(node.truth[who], abs=0.2)
        node.check_spans()


fates = st.lists(
    st.sampled_from(["walk", "step", "ntp", "reboot", "deliver", "hour"]), min_size=1, max_size=14
)


@pytest.mark.promise("Node state and clocks: No clock error loses or doubles an event.")
@given(fates, st.sampled_from([IN_1970, -3 * YEAR_S, 2.0 * YEAR_S, 5.0]))
@settings(max_examples=tries(25))
def test_whatever_the_clock_does_nothing_is_lost_torn_or_turned_round(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    done: list[str],
    off_s: float,
) -> None:
    folder = tmp_path_factory.mktemp("world")
    (folder / "hub.db").write_bytes(sqlite_template.read_bytes())
    with world(f"sqlite:///{folder / 'hub.db'}", folder, off_s) as node:
        for fate in done:
            match fate:
                case "walk":
                    node.somebody_walks()
                case "step":
                    node.somebody_walks(step_s=off_s)
                case "ntp":
                    node.ntp()
                case "reboot":
                    node.reboot(off_s)
                case "deliver":
                    node.deliver()
                case _:
                    node.true_s += 3600
        node.ntp()
        node.deliver()
        rows = node.rows()
        assert len(rows) == node.journal.last_seq() == len(node.said)
        for (told_s, error_ms), true_s in zip(rows, node.said, strict=True):
            if error_ms is not None:
                assert abs(told_s - true_s) <= error_ms / 1000 + 0.05
        node.check_spans()


def told(stamp_s: float, *, error_ms: int | None = 20, age_ms: int | None = 500) -> Moment:
    stamp = Moment(NOW.plus_s(stamp_s).utc_us, error_ms)
    return happened(StampedTimes(stamp, age_ms, None), None, now=NOW)


@pytest.mark.promise("Faults: Future and past time stamps are handled.")
def test_a_stamp_from_the_future_is_believed_within_its_bound_and_a_journey() -> None:
    assert told(1.9).utc_us == NOW.plus_s(1.9).utc_us
    assert told(3600) == Moment(NOW.plus_s(-0.5).utc_us), "else it is the receipt less the age"
    assert told(3600, age_ms=None) == Moment(NOW.utc_us), "or the receipt"
    assert told(3600, error_ms=4_000_000).utc_us == NOW.plus_s(3600).utc_us
    doubtful_hub = Moment(NOW.utc_us, None)
    stamp = Moment(NOW.plus_s(3600).utc_us, 20)
    assert happened(StampedTimes(stamp, 500, None), None, now=doubtful_hub) == stamp


def test_a_boot_is_less_sure_the_further_from_its_trusted_stamp() -> None:
    boot = BootClock(Moment(NOW.utc_us, 20), uptime_ms=1_000_000)
    assert boot.place(1_000_000) == Moment(NOW.utc_us, 20)
    assert boot.place(400_000) == Moment(NOW.plus_s(-600).utc_us, 80)
    assert boot.place(0).error_ms == 120
