"""Births and deaths on a virtual clock: which nodes are online in the end."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.presence import Birth, Death
from hub.intake.presence import NEVER_SEEN, Presence, PresenceChange, after, judge
from hub.intake.rules.duplicates import NodeLives, after_birth
from tests.hub.rigs.wire_words import NodeVoice

pytestmark = pytest.mark.promise("Node to hub: Two nodes with one identity raise one alarm.")

NODE = NodeVoice("nga-tu-01")


def test_a_birth_brings_a_node_to_life_and_its_own_death_ends_it() -> None:
    birth = NODE.birth()
    alive = after(NEVER_SEEN, birth)
    assert alive == Presence(is_alive=True, birth_id=birth.birth_id)
    assert not after(alive, NODE.death(birth.birth_id)).is_alive


@pytest.mark.promise("Wire protocol: A last will counts only for its own birth.")
def test_a_will_that_comes_after_the_next_birth_is_ignored() -> None:
    old, new = NODE.birth(), NODE.birth()
    alive = after(after(NEVER_SEEN, old), new)
    assert judge(alive, NODE.death(old.birth_id)) is PresenceChange.LATE_WILL
    assert after(alive, NODE.death(old.birth_id)) == alive


def test_a_birth_that_comes_again_changes_nothing() -> None:
    birth = NODE.birth()
    alive = after(NEVER_SEEN, birth)
    assert judge(alive, birth) is PresenceChange.STILL_HERE
    dead = after(alive, NODE.death(birth.birth_id))
    assert judge(dead, birth) is PresenceChange.DIED_BEFORE
    assert after(dead, birth) == dead


def test_a_death_of_somebody_never_born_is_ignored() -> None:
    assert after(NEVER_SEEN, NODE.death(uuid4())) == NEVER_SEEN


@pytest.mark.promise("Node state and clocks: A late last will does not kill a living node.")
@given(
    lives=st.lists(
        st.tuples(
            st.integers(1, 100),  # seconds from one birth to the next
            st.none() | st.integers(0, 300),  # its will comes so long after the birth, or never
            st.integers(1, 3),  # how often each message comes
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_node_is_alive_unless_its_last_birth_has_died(
    lives: list[tuple[int, int | None, int]],
) -> None:
    """However late wills come and however often messages repeat right after each other."""
    told: list[tuple[int, int, Birth | Death]] = []
    at_s = 0
    for number, (gap_s, will_after_s, times) in enumerate(lives):
        at_s += gap_s
        birth_id = UUID(int=number + 1)
        told += [(at_s, 2 * number, NODE.birth(birth_id))] * times
        if will_after_s is not None:
            told += [(at_s + will_after_s, 2 * number + 1, NODE.death(birth_id))] * times
    known = NEVER_SEEN
    for _, _, said in sorted(told, key=lambda entry: entry[:2]):
        known = after(known, said)
    last_has_died = lives[-1][1] is not None
    assert known == Presence(is_alive=not last_has_died, birth_id=UUID(int=len(lives)))


def test_lives_that_take_turns_are_two_nodes_and_reboots_are_one() -> None:
    one, other = NodeVoice("n"), NodeVoice("n")
    known, is_rival = NodeLives(), False
    for voice in (one, one, other, replace(other, boot_id=uuid4()), other, other):
        known, is_rival = after_birth(known, voice.birth())
        assert not is_rival or voice is other
    assert is_rival is False, "it is the last one again"
    known, is_rival = after_birth(known, one.birth())
    assert is_rival


def test_a_birth_that_the_broker_repeats_shows_nothing() -> None:
    one, other = NodeVoice("n"), NodeVoice("n")
    retained = one.birth()
    known = NodeLives()
    for birth in (retained, other.birth(), retained):
        known, is_rival = after_birth(known, birth)
        assert not is_rival


@given(st.lists(st.sampled_from(["restart", "reboot", "new disk"]), max_size=30))
def test_one_node_alone_is_never_taken_for_two(fates: list[str]) -> None:
    voice, known = NodeVoice("n"), NodeLives()
    for fate in fates:
        match fate:
            case "reboot":
                voice = replace(voice, boot_id=uuid4())
            case "new disk":
                voice = replace(voice, spool_id=uuid4())
        known, is_rival = after_birth(known, voice.birth())
        assert not is_rival
