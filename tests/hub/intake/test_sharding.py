"""Which process holds which shard, in plain values; and which messages of other shards are kept."""

from dataclasses import replace
from random import Random

import pytest

from hub.base.processes.member import member_number
from hub.intake.kept_events import FOR_S, KeptEvents
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.rules.sharding import SHARDS, Moves, moves, shard_of

FREE = 0


def settle(holders: dict[int, int], members: list[int], dice: Random) -> dict[int, int]:
    """Members look in any order, until nobody wants anything."""
    while True:
        wanted = {me: moves(holders, me=me, members=members) for me in members}
        if all(one == Moves() for one in wanted.values()):
            return holders
        me = dice.choice(members)
        one = moves(holders, me=me, members=members)
        assert all(holders[shard] == me for shard in one.give)
        assert all(holders[shard] not in members for shard in one.take)
        holders = holders | dict.fromkeys(one.give, FREE) | dict.fromkeys(one.take, me)


def test_a_node_has_the_same_shard_for_ever() -> None:
    assert [shard_of(name) for name in ("nga-tu-01", "nga-tu-02", "cho-dong-ha")] == [3, 9, 8]


def test_a_town_is_spread_over_all_shards() -> None:
    found = [shard_of(f"nga-tu-{number:03}") for number in range(800)]
    assert all(25 <= found.count(shard) <= 80 for shard in range(SHARDS))


@pytest.mark.promise("Roles: Processes with the intake come and go, and each has its share.")
@pytest.mark.parametrize("seed", range(5))
def test_whoever_comes_or_goes_each_ends_with_about_the_same(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - the same every time
    holders, members = dict.fromkeys(range(SHARDS), FREE), [7]
    for _ in range(12):
        if len(members) == 1 or (len(members) < 8 and dice.random() < 0.5):
            members = [*members, dice.randrange(1, 2**31)]
        else:
            members = dice.sample(members, len(members) - 1)
        holders = settle(holders, members, dice)
        held = [list(holders.values()).count(me) for me in members]
        assert sum(held) == SHARDS
        assert max(held) <= -(-SHARDS // len(members))


def test_who_hears_no_broker_gives_up_all() -> None:
    holders = dict.fromkeys(range(SHARDS), 7)
    assert moves(holders, me=7, members=[9]) == Moves(give=tuple(range(SHARDS)))


def test_numbers_of_processes_are_numbers_of_locks() -> None:
    numbers = {member_number(f"may-chu/{number}/ab") for number in range(1000)}
    assert len(numbers) == 1000
    assert all(FREE < number < 2**31 for number in numbers)
    assert member_number("") not in numbers, "a shard that nobody holds"


def said(node: str, place: str = "event", size: int = 10) -> ReceivedMessage:
    return ReceivedMessage(f"matthan/{node}/up/{place}", b"x" * size, lambda: None)


def test_events_of_a_shard_are_kept_in_order_and_handed_out_once() -> None:
    kept = KeptEvents()
    birth = said("nga-tu-01", "status")
    first, other, second = said("nga-tu-01"), said("nga-tu-02"), said("nga-tu-01")
    for one in (birth, first, other, second, said("nga-tu-01", "health")):
        kept.keep(one)
    assert kept.pull([shard_of("nga-tu-01")]) == [replace(birth, is_repeat=True), first, second]
    assert kept.pull([shard_of("nga-tu-01")]) == []
    assert kept.pull(range(SHARDS)) == [other]


def test_an_event_is_kept_for_a_minute_only() -> None:
    """Later it may have been erased on purpose, and must not come back."""
    now_s = [100.0]
    kept = KeptEvents(now_s=lambda: now_s[0])
    kept.keep(said("nga-tu-01"))
    now_s[0] += FOR_S / 2
    kept.keep(newer := said("nga-tu-02"))
    now_s[0] += FOR_S / 2 + 1
    assert kept.pull(range(SHARDS)) == [newer]
    assert kept.crowded_out == 0


def test_the_newest_events_are_kept_when_there_are_too_many() -> None:
    kept = KeptEvents(most_bytes=25)
    messages = [said("nga-tu-01") for _ in range(4)]
    for one in messages:
        kept.keep(one)
    assert kept.crowded_out == 2
    assert kept.pull(range(SHARDS)) == messages[-2:]
