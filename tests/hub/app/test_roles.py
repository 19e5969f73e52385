"""Roles: which parts a process runs, which roles are missing, and what is refused."""

import os
import resource
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from hub.__main__ import parser
from hub.alerting.notifications.abandoned import GONE_S
from hub.app.check import Finding, check
from hub.app.config import HubSettings
from hub.app.enrolment import brokers
from hub.app.errors import StartRefusedError
from hub.app.parts import Parts
from hub.app.roles.attendance import Attendance
from hub.app.roles.listening import listening_socket
from hub.app.roles.names import (
    MISSED,
    ROLES,
    UnknownRoleError,
    cure,
    default_port,
    in_order,
    parse,
)
from hub.app.roles.sole import only_process_of
from hub.app.roles.watch import GRACE_S, RoleWatch
from hub.intake.replies import Reply
from tests.waiting import patience_s, until

ALL = frozenset(ROLES)
WORDS = Reply("matthan/nga-tu-01/down/command", '{"v":1,"lời":"đèn đỏ"}'.encode(), expires_s=10)


def settings_with(store: dict[str, str]) -> HubSettings:
    return HubSettings(
        web={"public_url": "https://hub.example"},
        push={"subject": "mailto:keeper@hub.example"},
        store=store,
    )


def test_roles_are_named_with_commas_in_any_order() -> None:
    assert in_order(parse("chores, intake,chores")) == ["intake", "chores"]


@pytest.mark.promise("Bad input: An unknown role is refused, and the known ones are named.")
@pytest.mark.parametrize("text", ["", "intake,", "Web", "intake web", "all"])
def test_an_unknown_role_is_refused_and_the_known_ones_are_named(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownRoleError, match="known are intake,web,notify,chores"):
        parse(text)
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["run", "--roles", text])
    assert ended.value.code == 2
    assert "known are intake,web,notify,chores" in capsys.readouterr().err


def test_without_roles_a_process_has_all_of_them() -> None:
    assert parser().parse_args(["run"]).roles == ALL


def test_processes_of_one_machine_have_ports_of_their_own() -> None:
    ports = {role: default_port(8080, [role]) for role in ROLES}
    assert ports == {"web": 8080, "intake": 8081, "notify": 8082, "chores": 8083}
    assert default_port(8080, ALL) == 8080


class Seen:
    """An attendance as a watch sees it."""

    def __init__(self) -> None:
        self.unserved: list[str] | None = None
        self.hears_nodes = False


def watched() -> tuple[Seen, RoleWatch, list[float]]:
    seen, now_s = Seen(), [100.0]
    return seen, RoleWatch(seen, now_s=lambda: now_s[0]), now_s  # type: ignore[arg-type]


@pytest.mark.promise("Roles: A role that no process has is named in plain words.")
def test_a_role_that_nobody_has_is_said_once_with_what_is_missed_and_the_cure() -> None:
    seen, watch, now_s = watched()
    with capture_logs() as lines:
        watch.look()  # PostgreSQL was not asked yet
        seen.unserved = ["notify"]
        watch.look()
        now_s[0] += GRACE_S
        watch.look()
        watch.look()
    [line] = lines
    assert (line["event"], line["role"]) == ("role.unserved", "notify")
    assert MISSED["notify"] in line["meaning"]
    assert line["cure"] == (
        "start one: systemctl start matthan-hub@notify, or matthan-hub run --roles notify"
    )


def test_a_role_that_is_started_again_in_time_is_not_missed() -> None:
    seen, watch, now_s = watched()
    with capture_logs() as lines:
        for unserved in (["web"], [], ["web"]):
            seen.unserved = unserved
            watch.look()
            now_s[0] += GRACE_S - 1
    assert lines == []


def test_a_role_that_is_served_again_is_said_too() -> None:
    seen, watch, now_s = watched()
    with capture_logs() as lines:
        seen.unserved = ["chores"]
        watch.look()
        now_s[0] += GRACE_S
        watch.look()
        seen.unserved = None  # a moment without PostgreSQL says nothing
        watch.look()
        seen.unserved = []
        watch.look()
    assert [(line["event"], line["role"]) for line in lines] == [
        ("role.unserved", "chores"),
        ("role.served", "chores"),
    ]


def test_a_return_of_postgresql_does_not_look_like_a_return_of_the_broker() -> None:
    """The monitor would tell all keepers of a broker that was never lost."""
    parts, seen = object.__new__(Parts), Seen()
    parts.intake, parts.attendance = None, seen  # type: ignore[assignment]
    assert parts._is_broker_up(), "PostgreSQL is away, and nobody can know"
    assert parts.intake_now() == "PostgreSQL does not answer"
    seen.unserved = []
    assert not parts._is_broker_up()
    assert parts.intake_now() == "no broker is heard"
    seen.hears_nodes = True
    assert parts._is_broker_up()
    assert parts.intake_now() == "the intake stands by for another process"


@pytest.mark.promise("Bad input: A second process on one SQLite file is refused with the cure.")
def test_sqlite_serves_one_process(tmp_path: Path) -> None:
    database = str(tmp_path / "hub.db")
    first = only_process_of(database)
    with pytest.raises(StartRefusedError, match=r"hub runs already .* PostgreSQL"):
        only_process_of(database)
    first.release()
    only_process_of(database).release()
    (tmp_path / "other.db.running").mkdir()
    with pytest.raises(StartRefusedError, match=r"cannot lock .*other.db.running.* hub's user"):
        only_process_of(str(tmp_path / "other.db"))


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_there_is_not_is_refused(port: int) -> None:
    with pytest.raises(StartRefusedError, match=f"the port {port} is none: use --port"):
        listening_socket(settings_with({}), port)


@contextmanager
def present(
    url: str,
    *roles: str,
    names: Sequence[str] = ("hub",),
    hears: Callable[[], Collection[int]] = tuple,
    publish: Callable[[Reply], bool] = lambda _: True,
) -> Iterator[Attendance]:
    """A process with these roles."""
    one = Attendance(make_url(url), roles, names=names, hears=hears, publish=publish)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def test_each_process_knows_which_roles_are_served(postgres_url: str) -> None:
    with present(postgres_url, "web") as web:
        until(lambda: web.unserved == ["intake", "notify", "chores"], "web alone is served")
        with present(postgres_url, "intake", "chores"):
            until(lambda: web.unserved == ["notify"], "two more are served")
        until(lambda: web.unserved == ["intake", "notify", "chores"], "they have ended")


def test_each_process_knows_which_processes_send(postgres_url: str) -> None:
    with present(postgres_url, "web") as web:
        until(lambda: web.senders == frozenset(), "nobody sends")
        with present(postgres_url, "notify") as one, present(postgres_url, "notify", "chores"):
            until(lambda: len(web.senders or ()) == 2, "two send")
            until(lambda: one.senders == web.senders, "all know the same")
        until(lambda: web.senders == frozenset(), "they have ended")


def test_one_that_has_come_since_the_last_look_is_not_missed_until_its_leases_end() -> None:
    one = Attendance(make_url("postgresql:///hub"), ["notify"], now_s=lambda: GONE_S)
    one._waker.close()
    one._looked_s = 0.0
    assert one.senders is None
    assert one.members == frozenset()


@pytest.mark.parametrize(("query", "wanted"), [("", "5"), ("?connect_timeout=3", "3")])
def test_neither_side_waits_long_for_one_that_lost_its_power(
    postgres_url: str, query: str, wanted: str
) -> None:
    one = Attendance(make_url(postgres_url + query), ["notify"])
    try:
        with one._session() as conn:
            names = [f"tcp_keepalives_{name}" for name in ("idle", "interval", "count")]
            shown = [conn.execute(f"SHOW {name}").fetchone() for name in names]
            assert conn.info.get_parameters()["connect_timeout"] == wanted
    finally:
        one._waker.close()
    idle_s, interval_s, count = (int(row[0]) for row in shown if row)
    assert 0 < idle_s + interval_s * count <= 12, "then the server ends the session"


@pytest.mark.promise("Roles: A role that no process has is named in plain words.")
def test_check_finds_a_role_missing_once_any_process_runs(postgres_url: str) -> None:
    settings = settings_with({"url": postgres_url})

    def roles() -> Finding:
        return next(found for found in check(settings) if found[1] == "roles")

    assert roles() == (True, "roles", "no process of the hub runs")
    away = settings_with({"url": "postgresql+psycopg://matthan@127.0.0.1:1/hub"})
    said = {part: line for is_well, part, line in check(away) if not is_well}
    assert "Start it" in said["database"] and "without the database" in said["roles"]
    with present(postgres_url, "intake", "web", "chores") as most:
        until(lambda: most.unserved == ["notify"], "all but one are served")
        is_well, _, line = roles()
        assert not is_well
        assert line == f"no process has notify: {MISSED['notify']}; {cure('notify')}"
        with present(postgres_url, "notify"):
            until(lambda: most.unserved == [], "all are served")
            assert roles() == (True, "roles", "each has a process: intake, web, notify, chores")


@pytest.mark.promise(
    "Roles: One process has the intake; when it ends, one that stands by takes it."
)
def test_one_process_has_the_intake_and_the_next_takes_it_over(postgres_url: str) -> None:
    with present(postgres_url, "intake") as first:
        until(lambda: first.leads, "the first has it")
        with present(postgres_url, "intake") as second:
            until(lambda: second.unserved is not None, "the second is there")
            assert not second.leads
            first.stop()
            until(lambda: second.leads, "the second takes it")
            assert not first.leads


@pytest.mark.promise("Roles: Processes with the intake come and go, and each has its share.")
def test_each_process_has_a_name_at_the_broker_and_knows_who_hears_it(postgres_url: str) -> None:
    names: tuple[str, ...] = ("hub", "hub.2")
    heard_now: list[int] = []
    with present(postgres_url, "intake", names=names, hears=lambda: heard_now) as first:
        until(lambda: first.leads, "the first has a name")
        with present(postgres_url, "intake", names=names, hears=lambda: [0]) as second:
            until(lambda: second.leads, "the second has a name")
            assert (first.name_at_broker, second.name_at_broker) == names
            until(lambda: first.members == second.members == {second._member}, "one hears")
            with present(postgres_url, "intake", names=names, hears=lambda: [0]) as third:
                until(lambda: third.unserved is not None, "the third is there")
                assert not third.leads
                heard_now.append(0)
                until(lambda: third.members == {first._member, second._member}, "two hear it")
                assert third.unheard(1) == []
                assert third.unheard(3) == [1, 2]
                first.stop()
                until(lambda: third.leads, "the third has the free name")
                assert third.name_at_broker == "hub"


@pytest.mark.promise("Bad input: A broker that no process hears is an alert within a minute.")
def test_a_broker_is_unheard_unless_all_who_divide_the_nodes_hear_it(postgres_url: str) -> None:
    """Otherwise nodes there belong to a process that does not hear them."""
    names: tuple[str, ...] = ("hub", "hub.2")
    heard_now = [0, 1]
    with (
        present(postgres_url, "intake", names=names, hears=lambda: heard_now) as first,
        present(postgres_url, "intake", names=names, hears=lambda: [1, 2]) as second,
        present(postgres_url, "chores") as chores,
    ):
        until(lambda: chores.members == {first._member, second._member}, "each hears two of three")
        assert chores.unheard(3) == [0, 2]
        heard_now.append(2)
        until(lambda: chores.unheard(3) == [], "one hears all")
        heard_now.remove(0)
        until(lambda: chores.unheard(3) == [0], "nobody hears the first")


def machine(host: str, *further: str, name: str = "") -> HubSettings:
    return HubSettings(
        web={"public_url": "https://hub.example"},
        push={"subject": "mailto:keeper@hub.example"},
        broker={"host": host, "further": further},
        enrol={"broker_host": name},
    )


def test_a_broker_has_one_number_on_all_machines_though_each_names_its_own_first() -> None:
    first = brokers(
        machine("127.0.0.1", "hub2.example:8883", "hub3.example:883", name="hub1.example")
    )
    third = brokers(machine("::1", "Hub1.example:8883", "hub2.example:8883", name="hub3.example"))
    names = ["hub1.example:8883", "hub2.example:8883"]
    assert [name for name, _ in first] == [*names, "hub3.example:883"]
    assert [name for name, _ in third] == [*names, "hub3.example:8883"]
    assert [one.host for _, one in first] == ["127.0.0.1", "hub2.example", "hub3.example"]
    assert [one.host for _, one in third] == ["Hub1.example", "hub2.example", "::1"]
    [(alone, _)] = brokers(machine("127.0.0.1"))
    assert alone == "hub.example:8883"


def test_who_hears_the_broker_is_a_member_from_the_first_look_of_a_session_on(
    postgres_url: str,
) -> None:
    known: list[frozenset[int]] = []

    def hears() -> list[int]:
        if one.members is not None:
            known.append(one.members)
        return [0]

    one = Attendance(make_url(postgres_url), ["intake"], hears=hears)
    one.start()
    try:
        until(lambda: known, "it has looked once")
    finally:
        one.stop()
    assert known[0] == {one._member}


def test_a_process_whose_session_is_ended_no_longer_has_the_intake_until_it_is_back(
    postgres_url: str,
) -> None:
    with present(postgres_url, "intake") as first, present(postgres_url, "intake") as second:
        until(lambda: first.leads or second.leads, "one has it")
        had, other = (first, second) if first.leads else (second, first)
        both = threading.Event()
        watch = threading.Thread(target=lambda: until(lambda: other.leads or both.is_set()))
        watch.start()
        plain = postgres_url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND classid = %s AND objid = 10 AND granted",
                (0x4D617474,),
            )
        until(lambda: first.leads != second.leads, "exactly one has it")
        both.set()
        watch.join(patience_s())
        until(lambda: had.unserved is not None, "the ended one is back")


@pytest.mark.promise(
    "Roles: Pages of one process reach a camera box through the intake of another."
)
def test_words_for_a_node_go_out_through_the_process_that_hears_the_broker(
    postgres_url: str,
) -> None:
    sent: list[Reply] = []
    heard = threading.Event()

    def publish(reply: Reply) -> bool:
        sent.append(reply)
        heard.set()
        return True

    with present(postgres_url, "web") as web:
        until(lambda: web.unserved is not None, "web is there")
        assert not web.say(WORDS)  # nobody hears the broker
        with (
            present(postgres_url, "intake", hears=lambda: [0], publish=publish) as intake,
            present(postgres_url, "intake", hears=lambda: [0], publish=publish),
        ):
            until(lambda: web.hears_nodes, "one hears the broker")
            assert web.say(WORDS)
            assert heard.wait(patience_s())
            until(lambda: intake.hears_nodes, "each of both knows it")
        assert sent == [WORDS]
        until(lambda: not web.hears_nodes, "nobody hears the broker any more")


def test_words_that_waited_when_the_session_ended_are_not_said_later(postgres_url: str) -> None:
    """A camera would show a live picture that nobody watches any more."""
    with present(postgres_url, "intake", hears=lambda: [0]) as intake:
        until(lambda: intake.hears_nodes, "it hears the broker")
        web = Attendance(make_url(postgres_url), ["web"])
        web._hearers, web._looked_s = intake._hearers, time.monotonic()
        assert web.say(WORDS)
        web._forget()
        assert not web.say(WORDS)
        assert web._words.empty()
        web.start()
        web.stop()


def test_a_process_with_a_thousand_open_pages_is_present_too(postgres_url: str) -> None:
    """Each is a descriptor, and after a restart of PostgreSQL the session has a high one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard > 1200 or hard == resource.RLIM_INFINITY
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1024):
            stack.callback(os.close, os.dup(0))
        with present(postgres_url, "web") as web:
            until(lambda: web.unserved == ["intake", "notify", "chores"], "web is served")
            looked_s = web._looked_s
            until(lambda: web._looked_s > looked_s, "it looks again")


def test_words_too_large_for_a_notification_are_refused(postgres_url: str) -> None:
    with (
        present(postgres_url, "web") as web,
        present(postgres_url, "intake", hears=lambda: [0]),
    ):
        until(lambda: web.hears_nodes, "one hears the broker")
        assert not web.say(Reply(WORDS.topic, b'"' + b"x" * 8000 + b'"', expires_s=10))
