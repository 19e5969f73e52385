"""The site on a real store: who sees what, and who may do what."""

import asyncio
import re
import subprocess
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update
from structlog.testing import capture_logs

from agent.wire.messages import ClipBegun, ClipDropped, SightingUpdated
from agent.wire.terms import BoxWords, RuleWords
from hub.access.grants import rows as grants_rows
from hub.alerting.alerts.rules.lifecycle import CLOSES_AFTER_S, UNDO_ON_THE_WAY_S
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.storage.s3 import BlobBucket, BucketAddress, BucketKey
from hub.console.service import InboxService
from hub.console.stream import _changes
from hub.footage.growing.clips import AWAITED_S
from hub.footage.playback import growing_pages
from hub.registry import registry
from hub.registry.tables import nodes
from tests.bucket import KEY_ID, SECRET, new_bucket, s3_server
from tests.hub.rigs.web_town import NODE, PASSWORD, TOKEN, Seen, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = [
    pytest.mark.promise("Core: No footage goes to anyone who is not entitled."),
    pytest.mark.promise(
        "Rights: Pages, pushes, files, searches and exports use the same check of grants."
    ),
    pytest.mark.promise("Pages: The main action of an alert is under the thumb."),
]


class LaterClock(HubClock):
    """The system's clock, put on or stopped by hand."""

    by_s = 0.0
    stopped_at: Moment | None = None

    def now(self) -> Moment:
        return self.stopped_at or super().now().plus_s(self.by_s)


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path, clock=LaterClock())
    db.close()


def visitor(town: Town, login: str) -> Visitor:
    return Visitor(town.app()).sign_in(login, PASSWORD)


def stored_media(town: Town) -> list[str]:
    with town.db.reading() as conn:
        rows = conn.execute(text("select id from media where stored_utc_us is not null"))
        return [str(row.id) for row in rows]


def test_officer_with_a_grant_sees_the_alert_its_picture_and_its_clip(town: Town) -> None:
    picture, clip = some_bytes(), some_bytes()
    seen = town.somebody(picture, people=2)
    town.clip(seen, clip)
    town.bring(picture)
    town.bring(clip)
    an = visitor(town, "an")

    inbox = text_of(an.get("/"))
    assert "Chưa ai tiếp nhận" in inbox
    assert "Ngã tư Chợ Cũ, Tân Khai" in inbox
    assert "2 người" in inbox
    page = an.get(f"/alerts/{seen.alert_id}")
    assert page.text.count("<video") == 1
    assert "6 giây trước khi có người" in text_of(page)
    assert {an.get(f"/media/{media}").content for media in stored_media(town)} == {picture, clip}


def test_a_rule_that_was_met_is_on_the_card_and_on_the_page(town: Town) -> None:
    seen = town.somebody(people=2)
    an = visitor(town, "an")
    assert "hang-rao" not in an.get("/").text
    words = SightingUpdated(
        camera=town.voice.camera,
        sighting_id=seen.sighting_id,
        people=2,
        score=0.9,
        box=BoxWords(x0=0.4, y0=0.3, x1=0.5, y1=0.7),
        picture=None,
        rules=(
            RuleWords(rule="loitering", place="san-sau", seconds=20),
            RuleWords(rule="crossing", place="hang-rao", towards="left"),
        ),
    )
    assert town.file(words) == seen.alert_id
    assert "Vượt vạch hang-rao · 2 người" in text_of(an.get("/"))
    page = text_of(an.get(f"/alerts/{seen.alert_id}"))
    assert page.count("Vượt vạch hang-rao") >= 3
    assert page.count("Nán lại ở san-sau 20 giây") == 2  # among the facts, and in the history


@pytest.mark.promise("Hub: Each access to footage passes one check of grants.")
@pytest.mark.promise(
    "Seal and footage store: A clip or picture is served only after a check of grants."
)
@pytest.mark.promise("Rights: Footage addresses stay closed to others and after revocation.")
def test_officer_without_a_grant_gets_the_same_404_as_for_what_is_not_there(town: Town) -> None:
    picture = some_bytes()
    seen = town.somebody(picture)
    town.bring(picture)
    (media,) = stored_media(town)
    guest = visitor(town, "guest")

    for there, not_there in (
        (f"/alerts/{seen.alert_id}", f"/alerts/{uuid4()}"),
        (f"/alerts/{seen.alert_id}/card", f"/alerts/{uuid4()}/card"),
        (f"/media/{media}", f"/media/{uuid4()}"),
    ):
        theirs, nobodys = guest.get(there), guest.get(not_there)
        assert theirs.status_code == nobodys.status_code == 404
        assert text_of(theirs) == text_of(nobodys)
    for act in ("take", "resolve", "false"):
        assert guest.post(f"/alerts/{seen.alert_id}/{act}").status_code == 404
    assert "No place is yours to watch now" in text_of(guest.get("/"))
    assert str(seen.alert_id) not in guest.get("/").text


def test_officer_without_leave_for_clips_sees_pictures_and_is_told_so(town: Town) -> None:
    picture, clip = some_bytes(), some_bytes()
    seen = town.somebody(picture)
    town.clip(seen, clip)
    town.bring(picture)
    town.bring(clip)
    chi = visitor(town, "chi")

    page = chi.get(f"/alerts/{seen.alert_id}")
    assert "<video" not in page.text
    assert "không được xem đoạn ghi hình" in text_of(page)
    answers = [chi.get(f"/media/{media}") for media in stored_media(town)]
    assert sorted(answer.status_code for answer in answers) == [200, 404]


@pytest.mark.promise("Rights: Footage addresses stay closed to others and after revocation.")
def test_grant_that_ends_closes_the_door_at_once(town: Town) -> None:
    seen = town.somebody()
    an = visitor(town, "an")
    assert an.get(f"/alerts/{seen.alert_id}").status_code == 200
    grant_id = town.grants["an"]
    assert grant_id is not None
    with town.db.writing() as conn:
        grants_rows.end_grant(conn, grant_id, now=town.clock.now())
    assert an.get(f"/alerts/{seen.alert_id}").status_code == 404


def test_second_officer_learns_who_was_first(town: Town) -> None:
    seen = town.somebody()
    an, binh = visitor(town, "an"), visitor(town, "binh")
    assert an.post(f"/alerts/{seen.alert_id}/take").status_code == 303

    late = binh.post(f"/alerts/{seen.alert_id}/take")
    assert late.status_code == 409
    assert "Nguyễn Văn An đã làm trước" in text_of(late)
    assert "Nguyễn Văn An đã tiếp nhận" in text_of(binh.get("/"))


@pytest.mark.promise("Rules and duty: An alert can be resolved with a note or as false alarm.")
def test_alert_goes_from_open_to_taken_to_resolved_with_its_note(town: Town) -> None:
    seen = town.somebody()
    an = visitor(town, "an")
    path = f"/alerts/{seen.alert_id}"
    assert 'data-act="take"' in an.get(path).text

    assert isinstance(town.clock, LaterClock)
    town.clock.stopped_at = town.clock.now()
    an.post(f"{path}/take")
    taken = an.get(path)
    assert 'data-act="take"' not in taken.text
    assert "Bạn đã tiếp nhận lúc" in text_of(taken)
    early = an.post(f"{path}/resolve", note="Hai em học sinh chờ xe")
    assert early.status_code == 409 and "vừa mới tiếp nhận" in text_of(early)
    town.clock.stopped_at = town.clock.stopped_at.plus_s(CLOSES_AFTER_S)
    an.post(f"{path}/resolve", note="Hai em học sinh chờ xe")
    closed = text_of(an.get(path))
    assert "Hai em học sinh chờ xe" in closed
    assert "Không cần làm gì thêm" in closed
    assert an.get(path).text.count("data-act") == 1  # the undo
    town.clock.stopped_at = town.clock.stopped_at.plus_s(UNDO_ON_THE_WAY_S + 1)
    assert "data-act" not in an.get(path).text
    assert "Đã xử lý hôm nay" in text_of(an.get("/"))


def test_page_says_honestly_where_the_clip_is(town: Town) -> None:
    clip = some_bytes()
    seen = town.somebody()
    an = visitor(town, "an")
    path = f"/alerts/{seen.alert_id}"

    fresh = an.get(path)
    assert f'src="{path}/clip"' in fresh.text
    assert "Đang gửi về: hình chạy ngay khi có đoạn đầu" in text_of(fresh)
    assert isinstance(town.clock, LaterClock)
    town.clock.by_s = AWAITED_S + 1
    late = an.get(path)
    assert "<video" not in late.text
    assert "Đoạn ghi hình vẫn đang được ghi" in text_of(late)
    town.gone(seen)
    assert "Trạm camera chưa báo có đoạn ghi hình" in text_of(an.get(path))
    town.clip(seen, clip)
    assert "Đang lấy đoạn ghi hình từ trạm camera" in text_of(an.get(path))
    town.bring(clip)
    assert "<video" in an.get(path).text


def begun(town: Town, seen: Seen) -> UUID:
    """A clip of somebody's alert is being recorded."""
    clip_id = uuid4()
    town.file(
        ClipBegun(
            camera=town.voice.camera,
            clip_id=clip_id,
            sighting_ids=(seen.sighting_id,),
            codec="h264",
            width=768,
            height=576,
            first_frame_utc_us=seen.first_seen_utc_us - 6_000_000,
        )
    )
    return clip_id


def test_who_plays_before_anything_has_come_is_led_to_the_first_that_comes(town: Town) -> None:
    seen = town.somebody()
    an = visitor(town, "an")

    def bring() -> None:
        upload = town.uploads.growing.open(NODE, clip_id)
        upload.write(b"beginning")
        upload.finish()

    clip_id = begun(town, seen)
    late = threading.Timer(0.3, bring)
    late.start()
    answer = an.get(f"/alerts/{seen.alert_id}/clip")
    late.join()
    assert answer.status_code == 307
    assert answer.headers["location"].startswith(f"/clips/{clip_id}/growing?")
    town.clip(seen, b"whole")
    town.bring(b"whole")
    [media_id] = stored_media(town)
    again = an.get(f"/alerts/{seen.alert_id}/clip")
    assert again.headers["location"] == f"/media/{UUID(media_id)}"


def test_only_who_may_play_clips_waits_for_one_and_not_for_ever(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_pages, "AWAITED_S", 0.2)
    seen = town.somebody()
    for login in ("chi", "guest", "an"):
        assert visitor(town, login).get(f"/alerts/{seen.alert_id}/clip").status_code == 404
    assert "/clip" not in visitor(town, "chi").get(f"/alerts/{seen.alert_id}").text
    with town.db.reading() as conn:
        acts = conn.scalars(text("select act from audit where act like 'clip.await%' order by id"))
        assert list(acts) == ["clip.await.refused", "clip.await.refused", "clip.await"]


def events_heard(
    town: Town, login: str, *, cursor: int, meanwhile: Callable[[], None] = lambda: None
) -> str:
    """Events that a live page of this person receives in two rounds, with something between
    them."""
    signed_in = town.accounts.sign_in(login, PASSWORD, came_from="")
    assert hasattr(signed_in, "token")
    rounds = iter(range(3))

    def stopping() -> bool:
        number = next(rounds)
        if number == 1:
            meanwhile()
        return number == 2

    # 0: each round looks, however long the one before took.
    app = town.app(stopping=stopping, keepalive_s=0.0)

    async def listen() -> str:
        site = app.state.site
        inbox, token = site.services.use(InboxService), signed_in.token
        session = town.accounts.session_by_token(token, came_from="")
        assert session is not None
        stream = _changes(site, inbox, token, "", cursor, inbox.scope_mark(session.asker))
        return "".join([part async for part in stream])

    return asyncio.run(listen())


def test_live_page_hears_of_an_alert_and_goes_on_after_it(town: Town) -> None:
    seen = town.somebody()
    heard = events_heard(town, "an", cursor=0)
    assert "event: change" in heard
    assert str(seen.alert_id) in heard
    last = int(heard.rpartition("\nid: ")[2].split()[0])
    assert "event: change" not in events_heard(town, "an", cursor=last)


def test_a_quiet_line_beats_with_an_event_that_scripts_see(town: Town) -> None:
    heard = events_heard(town, "an", cursor=0)
    assert heard.count("event: beat\ndata: {}\n\n") == 2  # one each time that it looked
    assert "\n:" not in heard


def test_live_page_hears_that_its_reader_may_see_less(town: Town) -> None:
    assert "event: scope" not in events_heard(town, "an", cursor=0)

    def end_the_grant() -> None:
        grant_id = town.grants["an"]
        assert grant_id is not None
        with town.db.writing() as conn:
            grants_rows.end_grant(conn, grant_id, now=town.clock.now())

    assert "event: scope" in events_heard(town, "an", cursor=0, meanwhile=end_the_grant)


def test_live_page_hears_of_a_grant_that_ended_between_the_page_and_its_line(town: Town) -> None:
    rounds = iter((False, True, False, True))
    an = Visitor(town.app(stopping=lambda: next(rounds), keepalive_s=0.0)).sign_in("an", PASSWORD)
    scope = re.search(r'data-scope="(\d+)"', an.get("/").text)
    assert scope is not None
    address = f"/events?cursor=0&scope={scope[1]}"
    assert "event: scope" not in an.get(address).text
    grant_id = town.grants["an"]
    assert grant_id is not None
    with town.db.writing() as conn:
        grants_rows.end_grant(conn, grant_id, now=town.clock.now())
    assert "event: scope" in an.get(address).text


def test_live_page_hears_that_a_camera_box_fell_silent(town: Town) -> None:
    assert waiting_heard(events_heard(town, "kim", cursor=0)) == ["{}"]

    def lose_the_box() -> None:
        with town.db.writing() as conn:
            conn.execute(update(nodes).values(state="offline"))

    heard = events_heard(town, "kim", cursor=0, meanwhile=lose_the_box)
    assert waiting_heard(heard) == ["{}", '{"/nodes": 1}']
    assert waiting_heard(events_heard(town, "an", cursor=0, meanwhile=lose_the_box)) == ["{}"]


def waiting_heard(events: str) -> list[str]:
    """How much waits, each time that the line says it: when it begins, and when that changes."""
    return re.findall(r"^event: waiting\ndata: (.*)$", events, re.MULTILINE)


def test_inbox_for_scripts_is_cut_to_what_the_reader_may_see(town: Town) -> None:
    seen = town.somebody()
    inbox = visitor(town, "an").get("/api/inbox").json()
    assert inbox["alerts"] == [row["id"] for row in inbox["rows"]] == [str(seen.alert_id)]
    nothing = visitor(town, "guest").get("/api/inbox").json()
    assert nothing["alerts"] == nothing["rows"] == []


def test_all_stored_pictures_of_an_alert_are_on_its_page_the_others_small(town: Town) -> None:
    first, better, waiting = some_bytes(), some_bytes(), some_bytes()
    seen = town.somebody(first)
    town.better_picture(seen, better)
    town.better_picture(seen, waiting)
    town.bring(first)
    alone = visitor(town, "an").get(f"/alerts/{seen.alert_id}").text
    assert alone.count("/small") == 0
    town.bring(better)
    page = visitor(town, "an").get(f"/alerts/{seen.alert_id}").text
    assert page.count("/small") == 1, "what waits at the node is not shown"
    (small,) = re.findall(r'src="(/media/[^"]+)/small"', page)
    assert f'<a href="{small}">' in page
    assert visitor(town, "an").get(small).content == first
    assert visitor(town, "guest").get(f"{small}/small").status_code == 404


@pytest.mark.promise("Hub: Each access to footage passes one check of grants.")
def test_live_page_of_an_officer_without_a_grant_hears_nothing_of_it(town: Town) -> None:
    seen = town.somebody()
    heard = events_heard(town, "guest", cursor=0)
    assert "event: change" not in heard
    assert str(seen.alert_id) not in heard


def test_language_is_kept_with_the_officer(town: Town) -> None:
    an = visitor(town, "an")
    assert an.post("/settings/language", language="en").status_code == 303
    assert "Open alerts" in text_of(visitor(town, "an").get("/"))
    assert an.post("/settings/language", language="tlh").status_code == 422


def test_phone_is_told_from_the_moment_it_subscribes_until_it_is_removed(town: Town) -> None:
    an = visitor(town, "an")
    phone = {
        "endpoint": "https://push.example.org/abc",
        "keys": {"p256dh": "B" * 87, "auth": "a" * 22},
        "label": "Android · Chrome",
    }
    phone_id = an.call("/api/phones", phone).json()["phone_id"]
    assert an.call("/api/phones", phone).json()["phone_id"] == phone_id
    assert "Android · Chrome" in text_of(an.get("/settings"))
    stranger = visitor(town, "binh")
    assert stranger.call("/api/phones/remove", {"phone_id": phone_id}).status_code == 404
    assert an.call("/api/phones/remove", {"phone_id": phone_id}).status_code == 204
    assert "Android · Chrome" not in text_of(an.get("/settings"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0x7f.1",
        "[::1]",
        "hub",
        "hub.internal",
        "hub.internal.",
        "[",
    ],
)
def test_no_phone_makes_the_hub_send_to_its_own_machine_or_network(town: Town, host: str) -> None:
    phone = {"endpoint": f"https://{host}/abc", "keys": {"p256dh": "B" * 87, "auth": "a" * 22}}
    assert visitor(town, "an").call("/api/phones", phone).status_code == 422


@pytest.mark.promise("Pages: A camera opens in the phone's map, with its neighbours.")
@pytest.mark.parametrize(
    ("device", "link"),
    [
        ("Mozilla/5.0 (Linux; Android 15)", "geo:11.540000,106.600000?q=11.540000,106.600000"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)", "maps:?q=11.540000,106.600000"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", None),
        ("Mozilla/5.0 (X11; Linux x86_64)", None),
    ],
)
def test_a_placed_camera_opens_in_the_phones_own_map_and_on_a_desk_in_none(
    town: Town, device: str, link: str | None
) -> None:
    seen = town.somebody()
    an = visitor(town, "an")
    assert "place-link" not in an.get(f"/alerts/{seen.alert_id}", user_agent=device).text
    with town.db.writing() as conn:
        registry.place_camera(
            conn,
            node_name=NODE,
            camera=town.voice.camera,
            place=registry.CameraPosition(11.54, 106.6),
            now=town.clock.now(),
        )
    page = an.get(f"/alerts/{seen.alert_id}", user_agent=device).text
    if link is None:
        assert "geo:" not in page and "maps:" not in page
    else:
        assert f'class="place-link" href="{link}"' in page


@pytest.fixture
def small_disk(needs_system: None, tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
@pytest.mark.parametrize("spare_bytes", [0, 300_000])
def test_full_disk_lets_uploads_wait_and_alerts_go_on_with_one_line_of_log(
    sqlite_url: str, small_disk: Path, spare_bytes: int
) -> None:
    db = Database(sqlite_url)
    town = Town(db, small_disk, spare_bytes=spare_bytes)
    node = Visitor(town.app())
    large, small = some_bytes(900_000), some_bytes(100_000)
    (small_disk / "somebody's own").write_bytes(bytes(500_000))
    town.somebody(large)
    seen = town.somebody(small)
    with capture_logs() as logs:
        assert [bring(node, large) for _ in range(3)] == [507] * 3
        assert town.somebody().alert_id != seen.alert_id, "alerts go on"
        assert bring(node, small) == 201
        assert bring(node, large) == 507
    lines = [line for line in logs if line["event"].startswith("media.")]
    assert [line["event"] for line in lines] == [
        "media.no_room",
        "media.taken_again",
        "media.no_room",
    ]
    assert "store.media_folder" in lines[0]["cure"]
    assert not list((small_disk / "media" / "incoming").iterdir()), "nothing half is left"
    db.close()


@pytest.mark.promise("Clips: A clip at its node can be asked for.")
def test_clip_at_its_node_is_asked_for_by_a_button_and_the_page_says_how_it_stands(
    town: Town,
) -> None:
    an = visitor(town, "an")
    seen = town.somebody()
    town.clip(seen, b"video")
    page = an.get(f"/alerts/{seen.alert_id}").text
    ask = re.search(r'action="(/alerts/[^"]+/ask)"', page)
    assert ask is not None
    assert an.post(ask[1]).status_code == 303
    page = an.get(f"/alerts/{seen.alert_id}").text
    assert "waiting for the camera box" in page or "đang chờ trạm camera" in page
    assert "/ask" not in page
    stranger = visitor(town, "guest")
    assert stranger.post(ask[1]).status_code == 404
    town.bring(b"video")
    assert an.post(ask[1]).status_code == 404


def test_growing_clip_is_for_who_may_play_clips_and_is_its_file_once_it_is_whole(
    town: Town,
) -> None:
    seen, clip_id, whole = town.somebody(), uuid4(), b"beginning, the rest"
    begun = ClipBegun(
        camera=town.voice.camera,
        clip_id=clip_id,
        sighting_ids=(seen.sighting_id,),
        codec="h264",
        width=768,
        height=576,
        first_frame_utc_us=seen.first_seen_utc_us - 6_000_000,
    )
    town.file(begun)
    upload = town.uploads.growing.open(NODE, clip_id)
    upload.write(whole[:10])
    upload.finish()
    path = f"/clips/{clip_id}/growing"
    for login in ("guest", "chi"):  # chi may see alerts, not play clips
        assert visitor(town, login).get(path).status_code == 404
    assert visitor(town, "an").get(f"/clips/{uuid4()}/growing").status_code == 404
    town.file(ClipDropped(camera=town.voice.camera, clip_id=clip_id, reason="disk full"))
    answer = visitor(town, "an").get(path)
    assert (answer.status_code, answer.content) == (200, whole[:10])
    assert answer.headers["cache-control"] == "no-store"
    page = visitor(town, "an").get(f"/alerts/{seen.alert_id}").text
    assert path in page and "không ghi hết" in page
    assert path not in visitor(town, "chi").get(f"/alerts/{seen.alert_id}").text
    town.clip(seen, whole, clip_id=clip_id)
    town.bring(whole)
    answer = visitor(town, "an").get(path)
    assert (answer.status_code, answer.headers["location"][:7]) == (307, "/media/")


def bring(node: Visitor, data: bytes) -> int:
    """The node's upload; the status it is answered."""
    name = b64encode(sha256(data).hexdigest().encode()).decode()
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(data)),
        "Upload-Metadata": f"sha256 {name}",
        "Content-Type": "application/offset+octet-stream",
    }
    return node.send("POST", "/upload", content=data, headers=headers).status_code


@pytest.mark.promise("Seal and footage store: The footage store is a folder or an S3 bucket.")
@pytest.mark.system
def test_store_that_is_away_lets_uploads_wait_and_alerts_go_on_with_one_line_of_log(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    monkeypatch.setattr("hub.base.storage.s3.AWAY_S", 0.0)
    with s3_server() as port:
        bucket = BucketAddress.parse(new_bucket(port))
        town.keep_in(BlobBucket(bucket, BucketKey(KEY_ID, SECRET), staging=tmp_path / "staging"))
        node = Visitor(town.app())
        an = node.sign_in("an", PASSWORD)
        seen = town.somebody(b"first")
        assert bring(node, b"first") == 201
        media_id = an.get(f"/alerts/{seen.alert_id}").text.partition("/media/")[2][:36]
        assert an.get(f"/media/{media_id}").content == b"first"
    with capture_logs() as logs:
        town.somebody(b"second")
        assert [bring(node, b"second") for _ in range(3)] == [503] * 3
        answer = an.get(f"/media/{media_id}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert an.get(f"/alerts/{seen.alert_id}").status_code == 200
    lines = [line for line in logs if line["event"].startswith("media.")]
    assert [line["event"] for line in lines] == ["media.store_away"]
    assert "store.media_url" in lines[0]["cure"]
    assert not list((tmp_path / "staging" / "incoming").iterdir()), "nothing half is left"
    db.close()


def test_a_phone_gets_what_changed_since_its_cursor_or_all_when_it_is_far_off(
    town: Town,
) -> None:
    first = town.somebody()
    site = visitor(town, "an")
    whole = site.get("/api/inbox").json()
    assert [row["id"] for row in whole["rows"]] == [str(first.alert_id)]
    cursor = whole["cursor"]
    assert site.get(f"/api/inbox?since={cursor}").json()["rows"] == []
    second = town.somebody()
    told = site.get(f"/api/inbox?since={cursor}").json()
    assert [row["id"] for row in told["rows"]] == [str(second.alert_id)]
    assert set(told["alerts"]) == {str(first.alert_id), str(second.alert_id)}
    # A hub restored from a backup is behind the phone: the phone gets all of it.
    assert len(site.get(f"/api/inbox?since={cursor + 9_000}").json()["rows"]) == 2
    row = told["rows"][0]
    assert (row["state"], row["status"], row["place"]) == (
        "open",
        "Chưa ai tiếp nhận",
        "Ngã tư Chợ Cũ, Tân Khai",
    )
    assert "picture" not in "".join(row)
