"""Leases of a killed process: what it was sending is sent again when it is gone."""

from collections.abc import Collection

import pytest

from hub.alerting.notifications.abandoned import GONE_S, AbandonedLeases, worker_name
from hub.base.change_signal import ChangeSignal
from hub.base.processes.member import member_number
from tests.hub.rigs.notify_town import Town

KILLED, OTHER = "hub-1/7/ab", "hub-2/7/cd"


class Watched:
    """The watch of one process, with the processes that send as the test says."""

    def __init__(self, town: Town, *, gone_s: float = GONE_S) -> None:
        self.senders: Collection[int] | None = {member_number(OTHER)}
        self.at_s = 100.0
        self._leases = AbandonedLeases(
            db=town.db,
            clock=town.clock,
            change_signal=ChangeSignal(),
            senders=lambda: self.senders,
            gone_s=gone_s,
            now_s=lambda: self.at_s,
        )

    def look(self, after_s: float) -> int:
        self.at_s += after_s
        return self._leases.look()


@pytest.fixture
def sending(town: Town) -> Town:
    """A message whose sending has begun in a process that is killed meanwhile."""
    town.officer("hai")
    town.owe(town.alert())
    assert len(town.claim(worker_name(KILLED), lease_s=300.0)) == 1
    return town


@pytest.mark.promise("No alert lost: What a killed process was sending is sent within seconds.")
def test_what_a_killed_process_was_sending_is_due_when_it_is_gone(sending: Town) -> None:
    watched = Watched(sending)
    assert [watched.look(0), watched.look(GONE_S - 0.5)] == [0, 0]
    assert not sending.claim(worker_name(OTHER))
    assert watched.look(0.5) == 1
    assert len(sending.claim(worker_name(OTHER))) == 1
    assert watched.look(2 * GONE_S) == 0, "the other one is there"


def test_a_process_that_is_back_in_time_keeps_what_it_sends(sending: Town) -> None:
    watched = Watched(sending)
    watched.look(0)
    watched.senders = {member_number(KILLED)}
    watched.look(GONE_S - 1)
    watched.senders = {member_number(OTHER)}
    assert [watched.look(2), watched.look(GONE_S - 1)] == [0, 0]


def test_while_nobody_knows_who_is_there_no_lease_ends(sending: Town) -> None:
    watched = Watched(sending)
    watched.look(0)
    watched.senders = None
    assert watched.look(2 * GONE_S) == 0
    watched.senders = {member_number(OTHER)}
    assert watched.look(1) == 0, "it is missed from now on"


def test_a_hub_alone_ends_the_leases_before_it_at_its_first_look(sending: Town) -> None:
    assert Watched(sending, gone_s=0.0).look(0) == 1


def test_a_worker_of_an_older_release_keeps_its_lease(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    town.claim("notifier-00ff", lease_s=300.0)
    assert Watched(town, gone_s=0.0).look(0) == 0
