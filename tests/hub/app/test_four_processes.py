"""A hub in four processes over one PostgreSQL and one broker: an alert from a node to a phone and a
page, and the end of a process."""

import json
import queue
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import httpx
import paho.mqtt.client as mqtt
import pytest
from sqlalchemy import select

from agent.wire import topics
from agent.wire.answers import Command, SendExplanation, ShowLive, UploadToken
from deploy.broker import Broker, free_port
from deploy.push_service import PushService, in_thread
from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.alerting.alerts.tables import alerts
from hub.app.roles.names import ROLES
from hub.base.audit.tables import audit
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.footage.live.upload import JPEG_BEGINS, JPEG_ENDS
from hub.footage.tables import media
from hub.nodes.spool.tables import events
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.registry import registry
from hub.registry.tables import cameras
from tests.hub.helpers.app.four_processes import Process, Scaled
from tests.hub.helpers.app.hub_program import Site, with_picture
from tests.hub.rigs.intake_rig import NodeLine, count
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until

pytestmark = [pytest.mark.system, pytest.mark.broker, pytest.mark.postgres]

PASSWORD = "bốn tiến trình"
NODE = "nga-tu-01"


@pytest.fixture
def push() -> Iterator[PushService]:
    with in_thread(PushService()) as service:
        yield service


@pytest.fixture
def scaled(postgres_url: str, tmp_path: Path, push: PushService) -> Iterator[Scaled]:
    with Broker(tmp_path / "mqtt") as broker:
        site = Scaled(tmp_path, broker, free_port(), url_=postgres_url)
        site.write_config()
        found(postgres_url, push)
        yield site
        for process in site.started:
            process.program.kill()
            process.program.wait()


@pytest.fixture
def db(scaled: Scaled) -> Iterator[Database]:
    """The hub's database."""
    with closing(Database(scaled.url)) as database:
        yield database


def found(url: str, push: PushService) -> None:
    """A commune with a node, and an officer with a phone."""
    db, now = Database(url), HubClock().now()
    said = push.make_phone()
    rights = Right.SEE | Right.CLIPS | Right.ALERTED | Right.LIVE | Right.MANAGE
    with db.writing() as conn:
        area_id = registry.add_area(conn, name="Tân Khai", level="commune", now=now)
        registry.add_node(conn, name=NODE, area_id=area_id, now=now)
        person_id = people_rows.add_person(
            conn,
            login="an",
            name="An",
            language="vi",
            role="officer",
            password=PASSWORD,
            passwords=Passwords(),
            now=now,
        )
        grant = Grant(area_id, None, rights, now.plus_s(-60).utc_us)
        rows.add_grant(conn, person_id=person_id, grant=grant, reason="trực ban", now=now)
        phone = NewPhoneRow("webpush", said["endpoint"], json.dumps(said["keys"]), "phone")
        put_phone(conn, person_id, phone, now=now)
    db.close()


def base_of(site: Site) -> str:
    return f"http://127.0.0.1:{site.port}"


@contextmanager
def signed_in(site: Site) -> Iterator[httpx.Client]:
    """The officer's browser."""
    base = base_of(site)
    with httpx.Client(base_url=base, timeout=patience_s(), headers={"Origin": base}) as client:
        assert client.post("/login", data={"login": "an", "password": PASSWORD}).status_code == 303
        yield client


class Node(NodeLine):
    """Gathers the commands too."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.commands: queue.Queue[Command] = queue.Queue()
        super().__init__(broker, name)

    def _hear(self, client: object, data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic == topics.address(topics.COMMAND, self.name):
            self.commands.put(Command.model_validate_json(bytes(message.payload)))
        else:
            super()._hear(client, data, message)

    def asked_to(self, what: type, *, within_s: float | None = None) -> Command | None:
        """The next command of this kind; earlier ones of other kinds are passed over. None if there
        is none within this time, by default the patience of the tests."""
        ends_s = time.monotonic() + (patience_s() if within_s is None else within_s)
        with suppress(queue.Empty):
            while True:
                asked = self.commands.get(timeout=max(0.0, ends_s - time.monotonic()))
                if isinstance(asked.body, what):
                    return asked
        return None


def rung(push: PushService) -> list[str]:
    """The alerts whose entries the phone has got, an entry once however often it is renewed. By day
    it is asked too whether it still hears."""
    told = [one["message"] for one in push.messages if "notification_id" in one["message"]]
    return sorted({one["notification_id"]: one["alert_id"] for one in told}.values())


def sendings(push: PushService) -> int:
    """How often an alert was sent, answered or not."""
    return sum(one["headers"].get("Topic") != "check" for one in push.requests)


@pytest.mark.promise("Roles: Four processes serve an alert from the camera box to phone and page.")
@pytest.mark.promise("Roles: A second intake stands by, and takes over when the first is killed.")
def test_an_alert_goes_through_four_processes_and_a_fifth_takes_the_intake_over(
    scaled: Scaled, push: PushService, db: Database
) -> None:
    four = {role: scaled.start_role(role) for role in ROLES}
    for process in four.values():
        process.await_ready()
    standby = scaled.start_role("intake", name="standby")
    standby.await_ready()

    node, voice = Node(scaled.broker, NODE), NodeVoice(NODE)
    node.say(voice.birth())
    token = node.tokens.get(timeout=patience_s())
    assert token.upload_url == f"http://127.0.0.1:{scaled.port}/upload"
    seen_utc_us = time.time_ns() // 1000
    first = voice.event(seen_utc_us)
    node.say(first)
    node.await_stored(first)
    until(lambda: len(rung(push)) == 1, "the phone has the alert")
    [alert_id] = rung(push)
    with signed_in(scaled) as officer:
        assert f"/alerts/{alert_id}" in officer.get("/").text
        with db.reading() as conn:
            camera_id = conn.scalar(select(cameras.c.id))
        # The page is in one process, the connection to the broker in another.
        assert officer.get(f"/cameras/{camera_id}/live").status_code == 200
        wanted = node.commands.get(timeout=patience_s()).body
        assert isinstance(wanted, ShowLive)
        assert wanted.watchers == 1

    for role in ("intake", "notify", "chores"):
        health = four[role].get("/health").json()
        assert (health["ok"], health["roles"], health["unserved"]) == (True, [role], [])
    assert four["intake"].get("/health").json()["intake"] == "nodes are heard"
    assert standby.get("/health").json()["intake"] == "the intake stands by for another process"
    assert not any(line["event"] == "broker.unreachable" for line in standby.log)
    said = (scaled.folder / "secrets" / "metrics.token").read_text().strip()
    for process in scaled.started:
        assert process.get("/metrics").status_code == 401
        text = process.get("/metrics", Authorization=f"Bearer {said}").text
        assert 'matthan_role_served{role="notify"} 1.0' in text
    assert four["notify"].get("/").status_code == 404

    checked = scaled.command("check").stdout
    assert "ok   roles: each has a process: intake, web, notify, chores" in checked

    four["intake"].program.kill()
    until(lambda: standby.has_said("broker.listening"), "the other has the intake")
    second = voice.event(seen_utc_us + 1_000_000)  # of one alert, however long all this took
    node.say(second)
    node.say(first)  # as a node does that heard no receipt
    node.await_stored(first, second)
    node.leave()

    for process in scaled.started:
        process.program.send_signal(signal.SIGTERM)
    for process in [*four.values(), standby]:
        ended = process.program.wait(patience_s())
        assert ended == (-signal.SIGKILL if process is four["intake"] else 0), process.name
    assert (count(db, events), count(db, alerts)) == (2, 1)
    assert rung(push) == [alert_id]


@pytest.mark.promise("No alert lost: What a killed process was sending is sent within seconds.")
def test_what_a_killed_process_was_sending_is_sent_by_the_next(
    scaled: Scaled, push: PushService
) -> None:
    [phone] = push.phones
    push.lie(push.endpoint_of(phone), "hang", times=9)
    killed = scaled.start_role("notify")
    scaled.start_role("intake").await_ready()
    node, voice = Node(scaled.broker, NODE), NodeVoice(NODE)
    node.say(voice.birth())
    node.say(voice.event(time.time_ns() // 1000))
    until(lambda: sendings(push) == 1, "the push service has it and does not answer")
    node.leave()
    killed.program.kill()
    push.phones[phone].lies.clear()
    following = scaled.start_role("notify", name="next")
    until(lambda: len(rung(push)) == 1, "the phone has the alert")
    until(lambda: following.has_said("abandoned_leases.ended"), "and not when the lease ended")


def picture(mark: bytes) -> bytes:
    return JPEG_BEGINS + mark * 40_000 + JPEG_ENDS


def bring_live(process: Process, token: UploadToken, camera: str, jpeg: bytes) -> bool:
    """As the camera box does: nobody may watch yet, as far as this process has heard."""
    headers = {"Authorization": f"Bearer {token.token}", "Content-Type": "image/jpeg"}
    url = f"http://127.0.0.1:{process.port}/upload/live/{camera}"
    return httpx.put(url, content=jpeg, headers=headers, timeout=patience_s()).status_code == 204


def bring_clip(process: Process, token: UploadToken, name: str, *, piece: bytes, at: int) -> int:
    """The bytes that this process says it has then."""
    headers = {
        "Authorization": f"Bearer {token.token}",
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(at),
        "Content-Type": "application/offset+octet-stream",
    }
    url = f"http://127.0.0.1:{process.port}/upload/{name}"
    answer = httpx.patch(url, content=piece, headers=headers, timeout=patience_s())
    assert answer.status_code == 204, answer.text
    return int(answer.headers["Upload-Offset"])


def bring_halves(first: Process, second: Process, token: UploadToken, content: bytes) -> None:
    """A clip of which each process gets a half."""
    digest, half = sha256(content).hexdigest(), len(content) // 2
    assert bring_clip(first, token, digest, piece=content[:half], at=0) == half
    assert bring_clip(second, token, digest, piece=content[half:], at=half) == len(content)


EXPLANATION = b"<!doctype html>" + bytes(range(256)) * (3 * 2**12 - 1)


def bring_explanation(process: Process, token: UploadToken, command_id: UUID) -> bool:
    """As the camera box does, which brings it again where the request was not heard of yet."""
    headers = {"Authorization": f"Bearer {token.token}", "Content-Type": "text/html"}
    url = f"http://127.0.0.1:{process.port}/upload/explanation/{command_id}"
    return httpx.put(url, content=EXPLANATION, headers=headers, timeout=patience_s()).is_success


def opens(officer: httpx.Client, page: str) -> bool:
    return officer.get(page).content == EXPLANATION


@pytest.mark.promise("Roles: An explanation comes whichever process answers.")
@pytest.mark.promise("Roles: Live view works whichever process answers.")
@pytest.mark.promise("Roles: An upload goes on at another process of the machine.")
def test_two_processes_with_pages_share_live_views_explanations_and_uploads(
    scaled: Scaled, db: Database
) -> None:
    started = [scaled.start_role("intake"), scaled.start_role("web")]
    started.append(scaled.start_role("web", name="web-2"))
    for process in started:
        process.await_ready()
    _, first, second = started
    node, voice = Node(scaled.broker, NODE), NodeVoice(NODE)
    node.say(voice.birth())
    token = node.tokens.get(timeout=patience_s())
    content = bytes(range(256)) * 4_000
    event = with_picture(voice.event(time.time_ns() // 1000), content)
    node.say(event)
    node.await_stored(event)

    bring_halves(first, second, token, content)
    with db.reading() as conn:
        camera_page = f"/cameras/{conn.scalar(select(cameras.c.id))}"
        live, explained = f"{camera_page}/live", f"{camera_page}/explanation"
        assert conn.scalar(select(media.c.stored_utc_us)) is not None
    with signed_in(scaled) as officer:

        def shown(process: Process, after: int = 0) -> tuple[int, bytes]:
            url = f"http://127.0.0.1:{process.port}{live}/picture?after={after}"
            answer = officer.get(url)
            return int(answer.headers.get("Picture-Number", 0)), answer.content

        csrf = officer.get("/api/session").json()["csrf"]

        def is_explained() -> bool:
            """As the officer who waits: in the first seconds a process does not know of the other
            that hears the broker, and then the page asks again."""
            assert officer.post(explained, data={"csrf": csrf}).status_code == 303
            assert officer.get(explained).status_code == 200
            asked = node.asked_to(SendExplanation, within_s=1.0)
            return asked is not None and bring_explanation(second, token, asked.command_id)

        until(is_explained, "the second takes it")
        for process in (first, second):
            page = f"http://127.0.0.1:{process.port}{explained}/page"
            until(partial(opens, officer, page), "it opens there")

        assert officer.get(live).status_code == 200
        assert node.asked_to(ShowLive)
        camera = voice.camera
        until(lambda: bring_live(second, token, camera, picture(b"a")), "the second takes it")
        until(lambda: shown(first)[1] == picture(b"a"), "the first shows it")
        number = shown(first)[0]
        assert shown(second, number) == (0, b"")  # from now on it watches too
        until(lambda: bring_live(first, token, camera, picture(b"b")), "the first takes it")
        until(lambda: shown(second, number)[1] == picture(b"b"), "the second shows what is newer")
        ended = officer.post(f"http://127.0.0.1:{second.port}{live}/end", data={"csrf": csrf})
        assert ended.status_code == 204
    hear_the_end(node)
    until(lambda: acts(db, "live.end") == acts(db, "live.begin") == 2, "both ends are logged")
    node.leave()


def hear_the_end(node: Node) -> None:
    """Until the camera box is told that nobody watches."""
    last = None
    while last != 0:
        asked = node.asked_to(ShowLive)
        assert asked is not None
        assert isinstance(asked.body, ShowLive)
        assert asked.body.watchers <= 1
        last = asked.body.for_s


def acts(db: Database, act: str) -> int:
    with db.reading() as conn:
        return len(conn.execute(select(audit.c.seq).where(audit.c.act == act)).all())


@pytest.mark.promise("Bad input: A second process on one SQLite file is refused with the cure.")
def test_part_of_the_roles_on_sqlite_is_one_line_and_code_78(tmp_path: Path) -> None:
    with Broker(tmp_path / "mqtt") as broker:
        site = Site(tmp_path, broker, free_port())
        site.write_config()
        refused = site.command("run", "--roles", "intake,notify")
    assert refused.returncode == 78
    assert refused.stderr.splitlines()[-1].startswith("matthan-hub: --roles divides the hub")
    assert "Leave --roles out, or set store.url" in refused.stderr
    assert not (tmp_path / "hub.db").exists()
