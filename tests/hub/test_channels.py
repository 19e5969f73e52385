"""By which channel a person is told first, and when the next one follows."""

from hypothesis import given
from hypothesis import strategies as st

from hub.alerts.channels import ORDERS, Sent, first_channels, next_channels, read_order

NOON_US = 1_795_000_000_000_000
BOTH = ("webpush", "ntfy")


def sent(
    state: str = "accepted", *, ago_s: float = 30, channel: str = "webpush", **more: bool
) -> Sent:
    return Sent(channel, state, NOON_US - round(ago_s * 1e6), **{"is_shown": False, **more})


def follows(*there: Sent, order: str | None = None, living: tuple[str, ...] = BOTH) -> set[str]:
    return set(
        next_channels(read_order(order), living, there, now_utc_us=NOON_US, unseen_after_s=20)
    )


def test_web_push_comes_first_unless_the_person_chose_otherwise() -> None:
    assert first_channels(read_order(None), BOTH, is_critical=False) == {"webpush"}
    assert first_channels(read_order("ntfy,webpush"), BOTH, is_critical=False) == {"ntfy"}
    assert first_channels(read_order("webpush+ntfy"), BOTH, is_critical=False) == set(BOTH)


def test_a_channel_without_a_living_phone_is_passed_over() -> None:
    assert first_channels(read_order(None), ("ntfy",), is_critical=False) == {"ntfy"}
    assert first_channels(read_order(None), (), is_critical=False) == set()


def test_what_is_critical_goes_every_way_at_once() -> None:
    assert first_channels(read_order(None), BOTH, is_critical=True) == set(BOTH)


def test_what_no_phone_has_shown_in_time_goes_the_next_way() -> None:
    assert follows(sent(ago_s=19)) == set()
    assert follows(sent(ago_s=20)) == {"ntfy"}
    assert follows(sent("folded", ago_s=20)) == {"ntfy"}
    assert follows(sent("queued", ago_s=20)) == {"ntfy"}


def test_one_phone_that_showed_it_is_enough() -> None:
    assert follows(sent(is_shown=True), sent("dead")) == set()


def test_a_dead_letter_waits_for_nothing() -> None:
    assert follows(sent("dead", ago_s=0)) == {"ntfy"}
    assert follows(sent("dead", ago_s=0), sent(ago_s=5)) == set()


def test_a_storm_that_holds_a_word_back_is_no_fault_of_its_phone() -> None:
    assert follows(sent("queued", ago_s=50, is_held=True)) == set()


def test_after_the_last_channel_there_is_none() -> None:
    assert follows(sent(), sent(channel="ntfy")) == set()
    assert follows(sent(), living=("webpush",)) == set()


@given(
    order=st.sampled_from([None, *ORDERS]),
    living=st.sets(st.sampled_from(BOTH)),
    critical=st.booleans(),
)
def test_whoever_has_a_living_phone_is_told_somewhere_first(
    order: str | None, living: set[str], critical: bool
) -> None:
    chosen = first_channels(read_order(order), living, is_critical=critical)
    assert bool(chosen) == bool(living)
    assert chosen <= living
