"""Closing an account on its page and at the shell, and what ends in open tabs and streams."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from hub.access.account_state import CLOSED
from hub.access.grants import rows
from hub.access.rules.grants import ALL, Right
from hub.access.signin.accounts import SignedIn
from hub.access.tables import people, sessions
from hub.alerting.oncall.tables import teams
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.audit.log import By
from hub.base.change_signal import ChangeSignal
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.console.accounts.service import AccountService
from hub.registry.tables import cameras
from tests.agent.rigs.bundles import bundle
from tests.browser.served import address, free_socket, served
from tests.hub.helpers.cases.cases import opened
from tests.hub.helpers.console.closing_pages import close, person, place, town, visit
from tests.hub.helpers.nodes.bundles_by_page import BODY, HOME, TUS, Office
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of
from tests.other_process import other_process
from tests.waiting import patience_s, until

__all__ = ["town"]


SHELL = By(came_from="shell")


def is_closed(town: Town, login: str) -> bool:
    with town.db.reading() as conn:
        return conn.scalar(select(people.c.state).where(people.c.login == login)) == CLOSED


def test_a_keeper_closes_an_account_on_its_page_and_its_tabs_are_signed_out(town: Town) -> None:
    keeper, tabs = visit(town, "quan"), [visit(town, "an"), visit(town, "an")]
    assert place(town, "an") in keeper.get("/grants").text
    page = text_of(keeper.get(place(town, "an")))
    assert "2 places" in page and "Close this account" in page
    answer = keeper.post(f"{place(town, 'an')}/close", reason="nghỉ việc")
    assert answer.headers["location"] == f"{place(town, 'an')}?done=closed"
    assert [tab.get("/settings").status_code for tab in tabs] == [303, 303]
    page = text_of(keeper.get(answer.headers["location"]))
    assert "This account is closed" in page and "Hồ Quân · nghỉ việc" in page
    assert 'data-closed="Nguyễn Văn An"' in keeper.get("/grants").text
    assert 'data-person="Nguyễn Văn An"' not in keeper.get("/grants").text


def test_a_keeper_whose_proof_is_old_gives_it_again_before_anything_is_closed(town: Town) -> None:
    keeper = visit(town, "quan")
    with town.db.writing() as conn:
        conn.execute(update(sessions).values(columns("proved", town.clock.now().plus_s(-3600))))
    asked = keeper.post(f"{place(town, 'an')}/close", reason="nghỉ việc")
    assert asked.status_code == 403 and "nghỉ việc" in asked.text
    assert not is_closed(town, "an")
    again = {"reason": "nghỉ việc", "proof_password": PASSWORD}
    assert keeper.post(f"{place(town, 'an')}/close", **again).status_code == 303
    assert is_closed(town, "an")


def test_nobody_but_a_keeper_of_the_whole_town_sees_the_page_or_closes(town: Town) -> None:
    with town.db.writing() as conn:
        now = town.clock.now()
        rows.set_role(conn, person(town, "kim"), "keeper", by=SHELL, now=now)
    for login in ("an", "kim", "guest"):
        who = visit(town, login)
        assert who.get(place(town, "binh")).status_code == 404
        for act in ("close", "reopen"):
            assert who.post(f"{place(town, 'binh')}/{act}", reason="x").status_code == 404
    assert not is_closed(town, "binh")
    assert visit(town, "quan").get(f"/grants/people/{UUID(int=5)}").status_code == 404


def test_what_cannot_be_closed_is_said_and_stays(town: Town) -> None:
    keeper = visit(town, "quan")
    own = keeper.post(f"{place(town, 'quan')}/close", reason="x")
    assert own.status_code == 422 and "ask another keeper" in text_of(own)
    assert "Close this account" not in text_of(keeper.get(place(town, "quan")))
    empty = keeper.post(f"{place(town, 'an')}/close", reason=" ")
    assert empty.status_code == 422 and "It needs a reason" in text_of(empty)
    assert not is_closed(town, "an")


def test_reopening_shows_a_link_once_and_a_closed_login_is_not_invited(town: Town) -> None:
    keeper = visit(town, "quan")
    close(town, "an")
    form = {"login": "an", "name": "", "role": "officer", "language": "vi"}
    invited = keeper.post("/invitations", **form)
    assert invited.status_code == 422 and "Reopen it" in text_of(invited)
    answer = keeper.post(f"{place(town, 'an')}/reopen", reason="")
    link = answer.text.partition('value="http://testserver/invited/')[2].partition('"')[0]
    assert answer.status_code == 200 and link
    assert "waits for a new password" in text_of(keeper.get(place(town, "an")))
    new = "mật khẩu mới 17"
    comes = Visitor(town.app())
    assert comes.post(f"/invited/{link}", new=new, again=new).status_code == 303
    assert comes.get("/grants").status_code == 404
    inbox = comes.get("/")
    assert inbox.status_code == 200 and 'id="card-' not in inbox.text
    # The place is named once: as what has ended.
    assert "Bạn không còn nhận được cảnh báo ở Ngã tư Chợ Cũ" in text_of(inbox)
    assert text_of(inbox).count("Chợ Cũ") == 1


def test_a_case_of_a_closed_account_is_offered_and_given_to_somebody_else(town: Town) -> None:
    town.allow("an", Right.SEE | Right.CLIPS | Right.EXPORT)
    town.allow("binh", Right.EXPORT)
    owner, keeper = visit(town, "an"), visit(town, "quan")
    case = opened(owner)
    where = f"{place(town, 'an')}/cases/{case.rpartition('/')[2]}"
    assert keeper.post(where, login="binh").status_code == 404, "its owner is there"
    close(town, "an")
    assert 'data-case="VA-12/2026"' in keeper.get(place(town, "an")).text
    for login in ("an", "nobody"):
        assert keeper.post(where, login=login).status_code == 422
    assert keeper.post(where, login="binh").status_code == 303
    assert visit(town, "binh").get(case).status_code == 200
    assert "VA-12/2026" not in keeper.get(place(town, "an")).text


def test_the_page_of_plans_shows_the_step_that_reaches_nobody_any_more(town: Town) -> None:
    keeper, an = visit(town, "quan"), person(town, "an")
    keeper.post("/duty/teams", area=str(town.area_id), name="Đội 1")
    with town.db.reading() as conn:
        team = conn.scalar(select(teams.c.id))
    keeper.post(f"/duty/teams/{team}/people", name="Đội 1", member=str(an))
    step = {"whom": f"team:{team}:", "wait": "60"}
    assert keeper.post(f"/duty/plans/{town.area_id}", **step).status_code == 303
    assert "Đội 1 has nobody" not in text_of(keeper.get("/duty"))
    close(town, "an")
    page = text_of(keeper.get("/duty"))
    assert "This team has no people yet" in page
    assert "Đội 1 has nobody: its step is passed over." in page


@contextmanager
def stream(town: Town, login: str) -> Iterator[Callable[[], str]]:
    """An open line of live events over a real socket; reads its next event's name.

    It hears a comment once an hour, so that nothing but the change signal can end it in time.
    """
    here, stopped = free_socket(), threading.Event()
    url = address(here)
    app = town.app(public_url=url, stopping=stopped.is_set, keepalive_s=3600.0)

    def stop() -> None:
        stopped.set()
        town.change_signal.ring()

    with served(app, here, stop=stop), httpx.Client(base_url=url, timeout=patience_s()) as client:
        form = {"login": login, "password": PASSWORD}
        assert client.post("/login", data=form, headers={"Origin": url}).status_code == 303
        with client.stream("GET", "/events") as line:
            words = line.iter_lines()
            assert next(words).startswith("retry:")
            events = (one for one in words if one.startswith("event:") and one != "event: beat")
            assert next(events) == "event: waiting"
            yield lambda: next(events)


@contextmanager
def hearing(town: Town, url: str) -> Iterator[None]:
    """The hub's listener runs, if its database has one."""
    if not town.db.is_shared:
        yield
        return
    with other_process(url) as process:
        process.change_signal = town.change_signal
        with process.listening():
            yield


def test_a_command_is_heard_by_the_processes_of_a_hub_over_postgresql(
    postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with other_process(postgres_url) as process, process.listening():
        rings = process.change_signal.rings
        desk = Desk.of(postgres_url, tmp_path, capsys)
        desk.says("area", "add", "Tân Khai", "--level", "commune")
        until(lambda: process.change_signal.rings > rings, "the command is heard")


@pytest.mark.loopback
def test_an_open_stream_of_events_ends_at_once(town: Town) -> None:
    with stream(town, "an") as next_event:
        assert town.services.use(AccountService).close_account(
            _keeper(town), person(town, "an"), "nghỉ việc"
        )
        assert next_event() == "event: signed-out"


@pytest.mark.loopback
def test_an_open_stream_ends_too_when_another_program_closes_the_account(
    town: Town, database_url: str
) -> None:
    town.live_leases.look()
    other = Database(database_url)
    with hearing(town, database_url), stream(town, "an") as next_event:
        change_signal = ChangeSignal()
        acting = Acting(other, clock=town.clock, change_signal=change_signal)
        accounts = AccountService(acting, db=other, change_signal=change_signal)
        assert accounts.close_account(_keeper(town), person(town, "an"), "nghỉ việc")
        town.live_leases.look()  # as the hub does twice a second
        assert next_event() == "event: signed-out"
    other.close()


def _keeper(town: Town) -> Asker:
    signed = town.accounts.sign_in("quan", PASSWORD, came_from="")
    assert isinstance(signed, SignedIn)
    return signed.asker


def test_a_live_view_ends_in_the_next_round(town: Town) -> None:
    town.allow("an", Right.LIVE)
    with town.db.reading() as conn:
        camera = conn.scalar(select(cameras.c.id))
    who, view = visit(town, "an"), f"/cameras/{camera}/live"
    assert who.get(view).status_code == 200
    close(town, "an")
    assert who.get(f"{view}/picture").status_code == 303
    town.live_leases.look()
    assert town.live_leases.views.watches() == []
    assert town.told_nodes[-1][1].for_s == 0


def test_an_open_upload_is_cut_off_and_nothing_of_it_is_taken_in(
    db: Database, tmp_path: Path
) -> None:
    bundle(tmp_path, number=1)  # the key
    office = Office(Town(db, tmp_path))
    town = office.town
    town.add_keeper_of_all("en")
    data = bundle(tmp_path, number=60, ballast=b"w" * 2_000_000).read_bytes()
    begun = office.begin(len(data))
    closing = threading.Event()

    async def body() -> AsyncIterator[bytes]:
        yield data[:600_000]
        if not closing.is_set():
            closing.set()
            await asyncio.to_thread(close, town, "kim")
        yield data[600_000:]

    headers = {**TUS, **BODY, **office.kim.origin, "Upload-Offset": "0"}
    headers["Content-Length"] = str(len(data))
    headers["X-CSRF-Token"] = office.kim.csrf
    place = begun.headers["location"]
    answer = office.kim.send("PATCH", place, headers=headers, content=body())
    assert closing.is_set()
    assert (answer.status_code, answer.json()["reason"]) == (401, "signed_out")
    taken = office.kim.post(f"{HOME}/take", upload=place.rpartition("/")[2])
    assert taken.headers["location"].startswith("/login")
    assert office.here() == []
    assert "programs.add" not in {act for act, _, _ in office.log()}


def test_the_shell_closes_and_reopens_an_account_and_keeps_the_last_manager(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    town.add_keeper_of_all("en")
    kim = person(town, "kim")
    with town.db.writing() as conn:
        now = town.clock.now()
        rows.end_of_person(conn, kim, by=SHELL, now=now)
    town.allow("an", ALL)
    case = opened(visit(town, "an"))
    assert case
    desk = Desk.of(sqlite_url, tmp_path, capsys)
    said = desk.says("officer", "close", "an", "--reason", "nghỉ việc")
    assert "is closed" in said and "VA-12/2026" in said
    assert is_closed(town, "an")
    assert "the account is closed" in desk.refuses("officer", "close", "an", "--reason", "x")
    assert "last account" in desk.refuses("officer", "close", "quan", "--reason", "x")
    assert Counter(town.acts()) >= Counter({"person.disable": 1, "person.disable.refused": 2})
    assert "officer reopen" in desk.refuses("phone", "add", "an", "--ntfy", "https://n.example/a")
    assert "nobody signs in" in desk.refuses("officer", "close", "nobody", "--reason", "x")
    assert "http://testserver/invited/" in desk.says("officer", "reopen", "an")
    db.close()
