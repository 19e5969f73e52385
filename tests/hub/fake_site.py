"""A site whose store is a few dictionaries: for tests of the pages alone."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI

from hub.store.accounts import Session, SignedIn, TooManyTries
from hub.store.bell import Bell
from hub.store.growing import NoSuchClipError
from hub.store.keeper_views import LostPhone, SilentPhone
from hub.store.silence_door import SilenceRow
from hub.store.uploads import (
    NotAnnouncedError,
    Standing,
    UploadRefusedError,
    WrongHashError,
    WrongOffsetError,
)
from hub.store.views import (
    AlertChange,
    AlertPage,
    AlertRow,
    Asker,
    Conflict,
    HistoryRow,
    Inbox,
    OpenMedia,
    PhoneRow,
)
from hub.web.app import WebSettings, create_app

NOW_UTC_US = 1_795_540_320_000_000
"""00:12 on 25/11/2026 in Hồ Chí Minh."""


def asker(name: str = "Nguyễn Văn An", *, language: str = "vi", login: str = "an") -> Asker:
    return Asker(
        person_id=uuid4(), login=login, name=name, role="officer", language=language, came_from=""
    )


def alert_row(**changed: Any) -> AlertRow:
    began = changed.pop("began_utc_us", NOW_UTC_US - 120_000_000)
    row = AlertRow(
        alert_id=uuid4(),
        camera_id=uuid4(),
        camera_label="Camera cổng chợ",
        place="Ngã tư Chợ Cũ, Tân Khai",
        kind="person",
        state="open",
        people=1,
        began_utc_us=began,
        confirmed_utc_us=began + 600_000,
        last_seen_utc_us=began + 9_000_000,
        raised_utc_us=began + 900_000,
        error_ms=20,
        clock_source="ntp",
        picture_id=None,
        clip_id=None,
        taken_by=None,
        taken_by_name=None,
        taken_utc_us=None,
        closed_by=None,
        closed_by_name=None,
        closed_utc_us=None,
        revision=1,
    )
    return replace(row, **changed)


class FakeCases:
    """Nobody works on a case."""

    def open_ones(self, asker: Asker) -> list[Any]:
        return []

    def may_open(self, asker: Asker) -> bool:
        return False


@dataclass
class FakeDoor:
    """Everything is visible to everybody, except to those whose name is in `strangers`."""

    bell: Bell
    rows: dict[UUID, AlertRow] = field(default_factory=dict)
    pages: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    files: dict[UUID, OpenMedia] = field(default_factory=dict)
    changes: list[AlertChange] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)
    asked: list[UUID] = field(default_factory=list)
    own_phones: dict[UUID, PhoneRow] = field(default_factory=dict)
    added: list[dict[str, str]] = field(default_factory=list)
    receipts: list[tuple[str, UUID]] = field(default_factory=list)
    owed: set[UUID] = field(default_factory=set)

    def put(self, row: AlertRow, **page: Any) -> AlertRow:
        self.rows[row.alert_id] = row
        if page:
            self.pages[row.alert_id] = page
        change = AlertChange(len(self.changes) + 1, row.alert_id, row.revision)
        self.changes.append(change)
        self.bell.ring()
        return row

    def keep(self, path: Path, *, kind: str) -> UUID:
        media_id = uuid4()
        data = path.read_bytes()
        media_type = "video/mp4" if kind == "clip" else "image/jpeg"
        self.files[media_id] = OpenMedia(
            media_id,
            kind,
            lambda start, length: iter([data[start : start + length]]),
            media_type,
            len(data),
            sha256(data).hexdigest(),
        )
        return media_id

    def _visible(self, who: Asker) -> list[AlertRow]:
        rows = [] if who.login in self.strangers else list(self.rows.values())
        return sorted(rows, key=lambda row: -row.began_utc_us)

    def case_door(self) -> "FakeCases":
        return FakeCases()

    def inbox(self, who: Asker, limit: int = 50) -> Inbox:
        rows = self._visible(who)
        running = [row for row in rows if row.state in ("open", "taken")]
        handled = [row for row in rows if row.state not in ("open", "taken")]
        return Inbox(running, handled[:limit], len(self.changes))

    def row(self, who: Asker, alert_id: UUID) -> AlertRow | None:
        return next((row for row in self._visible(who) if row.alert_id == alert_id), None)

    def alert(self, who: Asker, alert_id: UUID) -> AlertPage | None:
        row = self.row(who, alert_id)
        if row is None:
            return None
        allowed = {"open": ("take", "resolve", "false_alarm"), "taken": ("resolve", "false_alarm")}
        values: dict[str, Any] = {
            "may_play": True,
            "sightings": [],
            "media": [],
            "told": [],
            "history": [HistoryRow("raised", None, row.raised_utc_us, "")],
            **self.pages.get(alert_id, {}),
        }
        return AlertPage(row=row, allowed=allowed.get(row.state, ()), **values)  # type: ignore[arg-type]  # as the real site has them

    def ask_for_clip(self, who: Asker, alert_id: UUID, media_id: UUID) -> bool:
        if self.row(who, alert_id) is None:
            return False
        self.asked.append(media_id)
        return True

    def act(
        self,
        who: Asker,
        alert_id: UUID,
        *,
        act: str,
        note: str = "",
        cause: str | None = None,
    ) -> Any:
        row = self.row(who, alert_id)
        if row is None:
            return None
        if row.taken_by not in (None, who.person_id):
            return Conflict(row=row, held_by_name=row.taken_by_name)
        if act == "take":
            row = replace(
                row,
                state="taken",
                taken_by=who.person_id,
                taken_by_name=who.name,
                taken_utc_us=NOW_UTC_US,
                revision=row.revision + 1,
            )
        else:
            state = "resolved" if act == "resolve" else "false_alarm"
            row = replace(
                row,
                state=state,
                closed_by=who.person_id,
                closed_by_name=who.name,
                closed_utc_us=NOW_UTC_US,
                revision=row.revision + 1,
            )
        return self.put(row)

    def open_media(self, who: Asker, media_id: UUID) -> OpenMedia | None:
        return None if who.login in self.strangers else self.files.get(media_id)

    def changes_since(self, who: Asker, cursor: int) -> tuple[list[AlertChange], int]:
        seen = {row.alert_id for row in self._visible(who)}
        found = [item for item in self.changes if item.cursor > cursor and item.alert_id in seen]
        return found, len(self.changes)

    def scope_mark(self, who: Asker) -> int:
        return len(self._visible(who))

    def tends(self, who: Asker) -> bool:
        return False

    def lost_phones(self, who: Asker) -> list[LostPhone]:
        return []

    def silent_phones(self, who: Asker) -> list[SilentPhone]:
        return []

    def check_shown(self, who: Asker, check_id: UUID) -> bool:
        return check_id in self.owed

    def writes_notices(self, who: Asker) -> bool:
        return False

    def reads_reports(self, who: Asker) -> bool:
        return False

    def dark_cameras(self, who: Asker) -> list[str]:
        return []

    def silences(self, who: Asker) -> list[SilenceRow]:
        return []

    def searches_sightings(self, asker: Any) -> bool:
        return False

    def searches(self, who: Asker) -> bool:
        return False

    def keeps(self, who: Asker) -> bool:
        return False

    def may_hold_alert(self, who: Asker, alert_id: UUID) -> bool:
        return False

    def reads_log(self, who: Asker) -> bool:
        return False

    def channel_orders(self, who: Asker) -> dict[str, Any]:
        return {}

    def phones(self, who: Asker) -> list[PhoneRow]:
        return list(self.own_phones.values())

    def add_phone(self, who: Asker, **phone: str) -> UUID:
        phone_id = uuid4()
        self.added.append(phone)
        self.own_phones[phone_id] = PhoneRow(
            phone_id, phone["channel"], phone["label"], NOW_UTC_US, None, None
        )
        return phone_id

    def remove_phone(self, who: Asker, phone_id: UUID) -> bool:
        return self.own_phones.pop(phone_id, None) is not None

    def shown(self, who: Asker, notification_id: UUID) -> bool:
        self.receipts.append(("shown", notification_id))
        return notification_id in self.owed

    def opened(self, who: Asker, notification_id: UUID) -> bool:
        self.receipts.append(("opened", notification_id))
        return notification_id in self.owed


class FakeInvitations:
    """Nobody invites anybody."""

    def may_invite(self, who: Asker) -> bool:
        return False


@dataclass
class FakeAccounts:
    """Everybody's password is "right"."""

    people: dict[str, Asker]
    sessions: dict[str, Session] = field(default_factory=dict)
    invitations: FakeInvitations = field(default_factory=FakeInvitations)

    def sign_in(self, login: str, password: str, *, came_from: str, agent: str = "") -> Any:
        if login == "locked":
            return TooManyTries(90)
        if login not in self.people or password != "right":
            return None
        token, csrf = uuid4().hex, uuid4().hex
        self.sessions[token] = Session(uuid4(), csrf, self.people[login])
        return SignedIn(token, csrf, self.people[login], 3600)

    def session_by_token(self, token: str, *, came_from: str) -> Session | None:
        return self.sessions.get(token)

    def sign_out(self, token: str, *, came_from: str) -> None:
        self.sessions.pop(token, None)

    def set_language(self, who: Asker, language: str) -> None:
        for token, session in self.sessions.items():
            if session.asker.person_id == who.person_id:
                changed = replace(session.asker, language=language)
                self.sessions[token] = replace(session, asker=changed)


class FakeGrowing:
    """Takes clips under way of the ids it knows."""

    def __init__(self) -> None:
        self.held: dict[UUID, bytes] = {}

    def standing(self, node_name: str, clip_id: UUID) -> int:
        return self.open(node_name, clip_id).offset_bytes

    def open(self, node_name: str, clip_id: UUID) -> "FakeGrowingUpload":
        if node_name != "tram-01" or clip_id not in self.held:
            raise NoSuchClipError
        return FakeGrowingUpload(self, clip_id)


@dataclass
class FakeGrowingUpload:
    growing: FakeGrowing
    clip_id: UUID

    @property
    def offset_bytes(self) -> int:
        return len(self.growing.held[self.clip_id])

    def write(self, chunk: bytes) -> None:
        self.growing.held[self.clip_id] += chunk

    def finish(self) -> int:
        return self.offset_bytes


@dataclass
class FakeUploads:
    """Knows hashes that were announced with their size."""

    announced: dict[str, int] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, bytes] = field(default_factory=dict)
    growing: FakeGrowing = field(default_factory=FakeGrowing)

    def begin(self, node_name: str, digest: str, size_bytes: int) -> Any:
        self._check(node_name, digest)
        if size_bytes != self.announced[digest]:
            raise UploadRefusedError("wrong length")
        return None if digest in self.stored else FakeUpload(self, digest)

    def resume(self, node_name: str, digest: str, offset_bytes: int) -> Any:
        stands = self.standing(node_name, digest)
        if stands.offset_bytes != offset_bytes:
            raise WrongOffsetError(f"{stands.offset_bytes} bytes have come")
        return None if digest in self.stored else FakeUpload(self, digest)

    def standing(self, node_name: str, digest: str) -> Standing:
        self._check(node_name, digest)
        held = self.stored.get(digest, self.parts.get(digest, b""))
        return Standing(len(held), self.announced[digest])

    def drop(self, node_name: str, digest: str) -> None:
        self._check(node_name, digest)
        self.parts.pop(digest, None)

    def _check(self, node_name: str, digest: str) -> None:
        if node_name != "tram-01" or digest not in self.announced:
            raise NotAnnouncedError


@dataclass
class FakeUpload:
    uploads: FakeUploads
    digest: str

    @property
    def offset_bytes(self) -> int:
        held = self.uploads.parts.get(self.digest, b"")
        return len(self.uploads.stored.get(self.digest, held))

    def write(self, chunk: bytes) -> None:
        held = self.uploads.parts.get(self.digest, b"") + chunk
        if len(held) > self.uploads.announced[self.digest]:
            raise UploadRefusedError("too long")
        self.uploads.parts[self.digest] = held

    def finish(self) -> Standing:
        held, size_bytes = (
            self.uploads.parts.get(self.digest, b""),
            self.uploads.announced[self.digest],
        )
        if len(held) == size_bytes:
            del self.uploads.parts[self.digest]
            if sha256(held).hexdigest() != self.digest:
                raise WrongHashError("wrong hash")
            self.uploads.stored[self.digest] = held
        return Standing(len(held), size_bytes)


@dataclass
class FakeSite:
    app: FastAPI
    door: FakeDoor
    accounts: FakeAccounts
    uploads: FakeUploads
    bell: Bell


def fake_site(
    *,
    public_url: str = "http://testserver",
    now: Callable[[], int] = lambda: NOW_UTC_US,
    stopping: Callable[[], bool] = lambda: False,
    **settings: Any,
) -> FakeSite:
    bell = Bell()
    door = FakeDoor(bell)
    people = {
        "an": asker(),
        "binh": asker("Trần Thị Bình", login="binh"),
        "guest": asker("Guest", language="en", login="guest"),
    }
    accounts, uploads = FakeAccounts(people), FakeUploads()
    anything: Any = {"door": door, "accounts": accounts, "uploads": uploads}
    app = create_app(
        **anything,
        bell=bell,
        verify_token={"good": "tram-01", "other": "tram-02"}.get,
        stopping=stopping,
        settings=WebSettings(public_url=public_url, push_public_key="BKey", now=now, **settings),
    )
    return FakeSite(app, door, accounts, uploads, bell)
