"""Presence of the hub in plain values: a late will never makes a living hub absent."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uplink.mqtt.hub_presence import HubSeen, HubState, after, is_back
from agent.wire.presence import HubStatus

pytestmark = pytest.mark.promise("Node state and clocks: The hub publishes its own presence.")

births = st.integers(1, 4).map(lambda number: UUID(int=number))


def said(*, is_here: bool, birth: int) -> HubStatus:
    return HubStatus(is_here=is_here, birth_id=UUID(int=birth))


def test_the_first_word_of_a_connection_is_believed() -> None:
    assert after(HubSeen(), said(is_here=True, birth=1)).hub is HubState.HERE
    assert after(HubSeen(), said(is_here=False, birth=1)).hub is HubState.AWAY


@given(st.lists(st.tuples(st.booleans(), births), max_size=20), births)
def test_after_a_birth_only_its_own_will_ends_it(
    before: list[tuple[bool, UUID]], birth: UUID
) -> None:
    known = HubSeen()
    for is_here, birth_id in [*before, (True, birth)]:
        known = after(known, HubStatus(is_here=is_here, birth_id=birth_id))
    assert known == HubSeen(HubState.HERE, birth)
    for other in range(1, 5):
        will = said(is_here=False, birth=other)
        assert (after(known, will).hub is HubState.AWAY) == (UUID(int=other) == birth)


def test_it_is_back_after_its_absence_and_with_another_birth() -> None:
    here, away = said(is_here=True, birth=1), said(is_here=False, birth=1)
    first, gone = after(HubSeen(), here), after(HubSeen(), away)
    assert not is_back(HubSeen(), first), "a node that connects says all that waits anyway"
    assert not is_back(first, after(first, here))
    assert not is_back(first, after(first, away))
    assert is_back(gone, after(gone, here))
    assert is_back(first, after(first, said(is_here=True, birth=2)))
