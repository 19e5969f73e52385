"""Every HTTP route leaves its line in the log, or says here why it needs none.

A route stands in `LOGGED` with the act that it leaves and the request that is made here; or in
`ELSEWHERE` with the act and the file of the test that checks it; or in `SILENT` with the reason why
it needs no line. A look at footage, pictures, texts of a case or data about persons needs one, and
so does a change that affects anybody but the person who makes it. Whoever adds a route adds a line
here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Table, select
from starlette.routing import BaseRoute

from hub.access.grants import rows
from hub.access.rules.grants import ALL, Grant
from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.app.schema import metadata
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.cases.tables import case_items, cases
from hub.footage.tables import media
from hub.public.tips.forms import picture_of
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.rules import TipTexts
from hub.public.tips.sealing import Reporter
from hub.public.tips.tables import tip_pictures
from hub.public.tips.views import NewTip
from hub.registry.tables import areas, cameras
from tests.hub.cases.test_cases import whole
from tests.hub.public.test_tips import photo
from tests.hub.rigs.enrolling_rig import EnrolHub
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor

pytestmark = pytest.mark.promise(
    "Audit and data protection: Each route and command leaves its line in the audit log."
)

TESTS: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Leaves:
    """What a route leaves in the log, and how it is taken here."""

    act: str
    form: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    query: str = ""
    file: bytes = b""
    of: Mapping[str, str] = field(default_factory=dict)
    """What stands in a blank of its address, where it is not what `World.of` says."""


CASE: Final = {"case": "{case_id}"}
TEAM: Final = {"team_id": "{team_id}"}
TIP: Final = {"alert_id": "{tip_alert_id}"}
LOGGED: Final[dict[str, Leaves]] = {
    "GET /": Leaves("inbox.open"),
    "GET /list": Leaves("inbox.glance"),
    "GET /api/inbox": Leaves("inbox.open"),
    "GET /search": Leaves("lookup.find", query="q=cho"),
    "GET /search/found": Leaves("lookup.find", query="q=cho"),
    "GET /alerts/{alert_id}": Leaves("alert.open"),
    "GET /alerts/{alert_id}/card": Leaves("alert.glance"),
    "GET /alerts/{alert_id}/clip": Leaves("clip.await"),
    "POST /alerts/{alert_id}/clips/{media_id}/ask": Leaves("media.ask.refused"),
    "POST /alerts/{alert_id}/clips/{media_id}/sound": Leaves(
        "sound.ask.refused", {"reason": "VA-1"}
    ),
    "POST /alerts/{alert_id}/go": Leaves("alert.go"),
    "POST /alerts/{alert_id}/not-go": Leaves("alert.not_go"),
    "POST /alerts/{alert_id}/undo": Leaves("alert.undo.again"),
    "POST /alerts/{alert_id}/reopen": Leaves("alert.reopen.held", {"note": "x"}),
    "POST /alerts/{alert_id}/snooze": Leaves("alert.snooze", {"reason": "x"}),
    "POST /alerts/{alert_id}/mute": Leaves("alert.mute.refused"),
    "POST /alerts/{alert_id}/note": Leaves("alert.note", {"note": "x"}),
    "POST /alerts/{alert_id}/{act_name}": Leaves("alert.take", of={"act_name": "take"}),
    "POST /alerts/{alert_id}/arrive": Leaves("alert.arrive"),
    "POST /alerts/{alert_id}/hand-over": Leaves("alert.hand_over", {"person": "{person_id}"}),
    "POST /alerts/{alert_id}/tip/answer": Leaves("tip.answer", {"answer": "Cảm ơn"}, of=TIP),
    "POST /alerts/{alert_id}/tip/reporter": Leaves("tip.reporter", {"reason": "VA-1"}, of=TIP),
    "POST /alerts/{alert_id}/tip/case": Leaves(
        "tip.case", {"number": "VA-2", "purpose": "mất xe"}, of=TIP
    ),
    "GET /tips/pictures/{picture_id}": Leaves("tip.picture"),
    "GET /tips/pictures/{picture_id}/original": Leaves("tip.original"),
    "GET /cameras/{camera_id}": Leaves("camera.open"),
    "GET /live": Leaves("live.choose"),
    "GET /cameras/{camera_id}/live": Leaves("live.begin.refused", of={"camera_id": "{area_id}"}),
    "GET /cameras/{camera_id}/aim": Leaves("aim.begin.refused", of={"camera_id": "{area_id}"}),
    "GET /cameras/{camera_id}/live/picture": Leaves("live.begin"),
    "GET /cameras/{camera_id}/aim/picture": Leaves("aim.begin"),
    "POST /cameras/{camera_id}/live/end": Leaves("live.end"),
    "POST /cameras/{camera_id}/aim/end": Leaves("aim.end"),
    "POST /cameras/{camera_id}/aim/bearing": Leaves("camera.place", {"bearing": "90"}),
    "POST /cameras/{camera_id}/aim/measures": Leaves(
        "settings.want", {"mast_height_m": "6", "horizon": "20", "reason": "đo"}
    ),
    "POST /cameras/{camera_id}/aim": Leaves(
        "settings.want", {"outlines": "private: 0 0, 1 1, 1 0", "reason": "cửa sổ"}
    ),
    "GET /cases": Leaves("cases.open"),
    "POST /cases": Leaves("case.begin", {"number": "VA-1", "purpose": "trộm xe"}),
    "POST /cases/add": Leaves("case.add", {**CASE, "media": "{media_id}"}),
    "GET /cases/{case_id}": Leaves("case.open"),
    "GET /cases/{case_id}/hide/{item_id}": Leaves("case.open"),
    "POST /cases/{case_id}/items": Leaves("case.note", {"item": "{item_id}", "act": "mark"}),
    "POST /cases/{case_id}/items/{item_id}": Leaves("case.note", {"note": "rõ"}),
    "GET /households": Leaves("households.open"),
    "POST /households": Leaves(
        "household.register",
        {
            "area": "{area_id}",
            "place": "12 Lê Lợi",
            "point": "11.5352, 106.6217",
            "view": "cổng chợ",
            "name": "Bà Sáu",
            "contact": "0900000001",
            "channel": "sms",
            "consent": "yes",
        },
    ),
    "GET /households/{household_id}": Leaves("household.open"),
    "POST /households/{household_id}/contact": Leaves("household.contact", {"reason": "VA-1"}),
    "POST /households/{household_id}/link": Leaves("household.link"),
    "GET /cases/{case_id}/ask": Leaves("case.households"),
    "POST /cases/{case_id}/ask": Leaves(
        "case.ask",
        {
            "household": "{household_id}",
            "since": "{hours_ago}",
            "until": "{hour_ago}",
            "hours": "48",
            "why": "tìm một xe máy",
        },
    ),
    "POST /cases/{case_id}/ask/{request_id}/end": Leaves("household.request.end"),
    "GET /cases/{case_id}/given/{clip_id}": Leaves("given.open.refused"),
    "HEAD /cases/{case_id}/given/{clip_id}": Leaves("given.open.refused"),
    "POST /cases/{case_id}/given/{clip_id}": Leaves("case.note.refused", {"note": "rõ"}),
    "POST /households/{household_id}/withdraw": Leaves("household.withdraw", {"reason": "thôi"}),
    "POST /cases/{case_id}/members": Leaves("case.member", {"login": "an"}),
    "POST /cases/{case_id}/members/{person_id}/end": Leaves("case.member.end"),
    "POST /cases/{case_id}/close": Leaves("case.close"),
    "POST /cases/{case_id}/reopen": Leaves("case.reopen"),
    "POST /cases/{case_id}/owner": Leaves("case.hand_over", {"login": "an"}),
    "GET /find": Leaves("search.sightings", query="when=today"),
    "POST /find/case": Leaves("case.add.refused", CASE),
    "GET /find/names": Leaves("search.open", query="q=cho"),
    "GET /footage": Leaves("search.find", query="camera={camera_id}"),
    "GET /moment": Leaves("search.moment", query="camera={camera_id}&at={now_us}"),
    "POST /find/clips/{media_id}/ask": Leaves("media.ask.refused"),
    "POST /moment/clips/{media_id}/ask": Leaves("media.ask.refused"),
    "POST /footage/clips/{media_id}/ask": Leaves("media.ask.refused"),
    "POST /footage/clips/{media_id}/sound": Leaves("sound.ask.refused", {"reason": "VA-1"}),
    "POST /footage/ask": Leaves(
        "span.ask",
        {
            "camera": "{camera_id}",
            "day": "2026-11-25",
            "since": "02:00",
            "until": "02:10",
            "reason": "VA-1",
        },
    ),
    "GET /media/{media_id}": Leaves("media.open"),
    "HEAD /media/{media_id}": Leaves("media.open"),
    "GET /media/{media_id}/medium": Leaves("media.open"),
    "GET /media/{media_id}/small": Leaves("media.open"),
    "GET /map": Leaves("cameras.open"),
    "GET /map/cameras.json": Leaves("cameras.glance"),
    "GET /map/states.json": Leaves("cameras.glance"),
    "GET /nodes": Leaves("nodes.open"),
    "GET /nodes/{node_id}": Leaves("node.open"),
    "POST /nodes/{node_id}/diagnosis": Leaves("diagnosis.ask"),
    "POST /cameras/{camera_id}/explanation": Leaves("explanation.ask"),
    "GET /undelivered": Leaves("undelivered.open"),
    "GET /keeping": Leaves("keeping.open"),
    "POST /keeping/holds": Leaves(
        "hold.add", {"case": "VA-9", "reason": "điều tra", "alert": "{alert_id}"}
    ),
    "POST /keeping/holds/{hold_id}/end": Leaves("hold.end", {"reason": "xong"}),
    "POST /keeping/rules": Leaves(
        "retention.set",
        {"area": "{area_id}", "footage_class": "alert", "days": "30", "reason": "QĐ 1"},
    ),
    "POST /keeping/rules/end": Leaves(
        "retention.end", {"area": "{area_id}", "footage_class": "alert", "reason": "QĐ 2"}
    ),
    "GET /duty": Leaves("duty.open"),
    "POST /duty/teams": Leaves("team.add", {"area": "{area_id}", "name": "Tổ 1"}),
    "GET /duty/teams/{team_id}": Leaves("team.open"),
    "POST /duty/teams/{team_id}/{what}": Leaves(
        "team.change", {"name": "Tổ 2"}, of={"what": "people"}
    ),
    "GET /duty/plans/{area_id}": Leaves("plan.open"),
    "POST /duty/plans/{area_id}": Leaves(
        "plan.set", {"whom1": "team:{team_id}", "wait1": "60", "repeats": "0"}
    ),
    "GET /rules": Leaves("rules.open"),
    "POST /rules": Leaves(
        "rule.add",
        {
            "act": "save",
            "place": "area:{area_id}",
            "day": ["0", "1"],
            "tells": "everybody",
            "reason": "x",
        },
    ),
    "POST /rules/{rule_id}/end": Leaves("rule.end"),
    "POST /silences": Leaves(
        "silence.add", {"camera": "{camera_id}", "span_s": "3600", "reason": "đám cưới"}
    ),
    "GET /silences": Leaves("silences.open"),
    "POST /silences/{silence_id}/end": Leaves("silence.end"),
    "GET /grants": Leaves("grants.open"),
    "GET /grants/new": Leaves("grants.form"),
    "POST /grants": Leaves(
        "grant.add",
        {"person": "{person_id}", "place": "area:{area_id}", "right": "see", "reason": "QĐ 3"},
    ),
    "POST /grants/{grant_id}/revoke": Leaves("grant.end"),
    "POST /grants/people/{person_id}/role": Leaves("person.role", {"role": "leader"}),
    "GET /grants/people/{person_id}": Leaves("grants.open"),
    "POST /grants/people/{person_id}/suspend": Leaves(
        "person.suspend", {"reason": "đình chỉ"}, of={"person_id": "{former}"}
    ),
    "POST /grants/people/{person_id}/resume": Leaves("person.resume", of={"person_id": "{former}"}),
    "POST /grants/people/{person_id}/name": Leaves(
        "person.rename", {"name": "John Khách"}, of={"person_id": "{former}"}
    ),
    "POST /grants/people/{person_id}/sessions/end": Leaves(
        "person.sign_out.refused", of={"person_id": "{former}"}
    ),
    "POST /grants/people/{person_id}/phones/{phone_id}/remove": Leaves(
        "person.drop_phone.refused", of={"person_id": "{former}", "phone_id": "{former}"}
    ),
    "POST /grants/people/{person_id}/close": Leaves(
        "person.disable", {"reason": "nghỉ việc"}, of={"person_id": "{former}"}
    ),
    "POST /grants/people/{person_id}/reopen": Leaves("person.reopen", of={"person_id": "{former}"}),
    "POST /grants/people/{person_id}/cases/{case_id}": Leaves(
        "case.hand_over.refused", {"login": "an"}
    ),
    "GET /log": Leaves("log.open"),
    "GET /log/month": Leaves("log.digest"),
    "GET /log/month/file.csv": Leaves("log.digest"),
    "GET /reports/{span}": Leaves("report.open", of={"span": "day"}),
    "GET /reports/{span}/file.{kind}": Leaves("report.open", of={"span": "day", "kind": "csv"}),
    "GET /areas": Leaves("areas.open"),
    "POST /areas": Leaves("area.add", {"name": "Ấp 3", "level": "quarter", "parent": "{area_id}"}),
    "POST /areas/{area_id}": Leaves(
        "area.change", {"name": "Chợ", "level": "junction", "parent": "{parent_id}"}
    ),
    "POST /areas/import": Leaves("table.try", {"what": "cameras", "text": "node,camera\n"}),
    "POST /areas/import/do": Leaves(
        "table.take", {"what": "cameras", "text": "node,camera,bearing\ntram-01,{camera},45\n"}
    ),
    "GET /configuration": Leaves("settings.list"),
    "GET /configuration/programs": Leaves("programs.list"),
    "POST /configuration/programs/take": Leaves("programs.add.refused", {"upload": "{area_id}"}),
    "GET /configuration/{kind}/{scope_id}": Leaves("settings.open"),
    "POST /configuration/{kind}/{scope_id}/preview": Leaves(
        "settings.preview", {"clips.preroll_s": "6"}
    ),
    "POST /configuration/{kind}/{scope_id}": Leaves(
        "settings.want", {"clips.preroll_s": "6", "reason": "thử"}
    ),
    "GET /notices": Leaves("notices.open"),
    "POST /notices": Leaves(
        "notice.write", {"area": "{area_id}", "title": "Mất điện", "words": "Tối nay", "days": "7"}
    ),
    "GET /notices/{notice_id}": Leaves("notice.open"),
    "POST /notices/{notice_id}/file": Leaves("notice.change", file=photo()),
    "GET /notices/{notice_id}/{kind}": Leaves("notice.file", of={"kind": "picture"}),
    "POST /notices/{notice_id}/send": Leaves("notice.send"),
    "POST /notices/{notice_id}/withdraw": Leaves("notice.withdraw"),
    "POST /notices/ways": Leaves(
        "notice_way.add", {"area": "{area_id}", "channel": "zalo_oa", "who": "123", "label": "Tổ 1"}
    ),
    "POST /notices/ways/{way_id}/end": Leaves("notice_way.end"),
    "GET /petitions": Leaves("petitions.open"),
    "POST /petitions": Leaves(
        "petition.take_in",
        {"wish": "delete", "what": "trước chợ", "name": "Lan", "contact": "0900000001"},
    ),
    "GET /petitions/{petition_id}": Leaves("petition.open"),
    "POST /petitions/{petition_id}/person": Leaves("petition.person", {"reason": "trả lời"}),
    "POST /petitions/{petition_id}/erase": Leaves(
        "petition.erase.refused", {"media": "{media_id}"}
    ),
    "GET /petitions/{petition_id}/proof.json": Leaves("petition.open"),
    "POST /petitions/{petition_id}/{step}": Leaves(
        "petition.acknowledge", {"words": "Đã nhận"}, of={"step": "acknowledge"}
    ),
    "GET /enrolments": Leaves("enrolments.open"),
    "POST /enrolments": Leaves(
        "enrolment.make", {"area": "{area_id}", "node": "tram-7", "cameras": "cong=/dev/video0"}
    ),
    "POST /enrolments/{enrolment_id}/withdraw": Leaves("enrolment.withdraw"),
    "POST /enrolments/table": Leaves("enrolment_sheet.try", {"text": "node,area\n"}),
    "POST /enrolments/table/do": Leaves(
        "enrolment_sheet.make",
        {"text": "node,area\ntram-8,Ấp 3\n", "submission": "5e" * 32},
    ),
    "GET /enrolments/sheets/{sheet_id}": Leaves("enrolment_sheet.open"),
    "POST /enrolments/sheets/{sheet_id}/withdraw": Leaves("enrolment_sheet.withdraw"),
    "GET /invitations": Leaves("invitations.open"),
    "POST /invitations": Leaves(
        "invitation.make",
        {"login": "moi", "name": "Người Mới", "role": "officer", "language": "vi"},
    ),
    "POST /invitations/{invitation_id}/correct": Leaves(
        "invitation.correct", {"login": "moi-hon", "name": "Người Mới Hơn"}
    ),
    "POST /invitations/{invitation_id}/withdraw": Leaves("invitation.withdraw"),
    "GET /settings": Leaves("phones.open"),
    "POST /settings/channels": Leaves("channels.choose"),
    "POST /settings/language": Leaves("person.language", {"language": "en"}),
    "POST /api/phones": Leaves(
        "phone.add",
        json={
            "endpoint": "https://push.example.org/1",
            "keys": {"p256dh": "A" * 88, "auth": "B" * 22},
        },
    ),
    "POST /settings/phones/{phone_id}/remove": Leaves("phone.remove"),
    "POST /api/phones/remove": Leaves("phone.remove.refused", json={"phone_id": "{area_id}"}),
    "POST /api/notifications/{notification_id}/shown": Leaves("notification.shown.refused"),
    "POST /api/notifications/{notification_id}/opened": Leaves("notification.opened.refused"),
    "POST /api/checks/{check_id}/shown": Leaves("phone.check.refused"),
    "POST /account/passkeys/{passkey_id}/remove": Leaves("passkey.remove.refused"),
    "POST /invited/{token}": Leaves(
        "invitation.refused", {"new": PASSWORD, "again": PASSWORD}, of={"token": "x"}
    ),
    "POST /enrolments/shut-out": Leaves("node.revoke", {"node": "tram-01", "reason": "bị lấy"}),
    "POST /account/sessions/{session_id}/end": Leaves("session.end.refused"),
    "POST /account/sessions/others/end": Leaves("session.end_others"),
    "POST /account/password": Leaves(
        "person.password", {"old": PASSWORD, "new": PASSWORD + "x", "again": PASSWORD + "x"}
    ),
    "POST /logout": Leaves("session.end"),
    "POST /login": Leaves("session.begin", {"login": "quan", "password": PASSWORD + "x"}),
}
ELSEWHERE: Final[dict[str, tuple[str, str]]] = {
    "POST /alerts/close": ("alert.resolve", "hub/alerting/test_bulk.py"),
    "POST /alerts/undo": ("alert.undo", "hub/alerting/test_bulk.py"),
    "GET /events": ("changes.open", "hub/console/test_inbox_service.py"),
    "GET /clips/{clip_id}/growing": ("clip.watch", "hub/footage/test_growing.py"),
    "GET /media/{media_id}/h264": ("media.copy", "hub/footage/test_transcoding.py"),
    "HEAD /media/{media_id}/h264": ("media.copy", "hub/footage/test_transcoding.py"),
    "GET /media/{media_id}/play": ("media.open", "hub/footage/test_clip_index.py"),
    "HEAD /media/{media_id}/play": ("media.open", "hub/footage/test_clip_index.py"),
    "POST /cases/{case_id}/export": ("evidence.export", "hub/cases/test_cases.py"),
    "POST /configuration/programs/add": ("programs.add", "hub/nodes/test_bundles_by_page.py"),
    "POST /proof": ("proof.password", "hub/access/test_web_account.py"),
    "POST /proof/passkey": ("proof.passkey", "hub/access/test_passkeys.py"),
    "POST /passkeys/sign-in": ("session.refused", "hub/access/test_passkeys.py"),
    "POST /account/passkeys": ("passkey.add", "hub/access/test_passkeys.py"),
    "POST /invited/{token}/passkey": ("invitation.accept", "hub/access/test_passkeys.py"),
    "POST /enrol": ("enrolment.redeem", "hub/nodes/test_enrolments.py"),
    "POST /enrol/renew": ("papers.renew", "hub/nodes/test_enrolments.py"),
    "POST /configuration/nodes/{node_id}/again": (
        "settings.again",
        "hub/nodes/test_web_configuration.py",
    ),
    "POST /configuration/rollouts/{rollout_id}/halt": (
        "settings.halt",
        "hub/nodes/test_rollout.py",
    ),
    "GET /nodes/{node_id}/diagnosis/{diagnosis_id}": (
        "diagnosis.fetch",
        "hub/nodes/test_diagnoses.py",
    ),
    "GET /cameras/{camera_id}/explanation/page": (
        "explanation.open",
        "hub/nodes/test_explanations.py",
    ),
    "POST /upload": ("media.store", "hub/footage/test_uploads.py"),
    "PATCH /upload/{name}": ("media.store", "hub/footage/test_uploads.py"),
    "POST /tips": ("tip.take_in", "hub/public/test_tips.py"),
    "POST /give/{token}": ("given.seal", "hub/public/test_households.py"),
    "POST /give/{token}/send": ("given.seal", "hub/public/test_households.py"),
    "POST /household/{token}/withdraw": ("household.withdraw", "hub/public/test_households.py"),
    "POST /give/{token}/withdraw": ("household.withdraw", "hub/public/test_households.py"),
    "GET /login/provider/back": ("identity.link", "hub/access/test_provider.py"),
    "POST /account/provider/{identity_id}/unlink": (
        "identity.unlink",
        "hub/access/test_provider.py",
    ),
    "POST /cameras/{camera_id}/aim/test": ("phone.test", "hub/nodes/test_aim.py"),
    "POST /api/tips": ("tip.take_in", "hub/public/test_tips.py"),
    "POST /rights": ("petition.take_in", "hub/public/test_web_data_requests.py"),
}
_A_NODE: Final = "a node speaks of its own file; what it brings is in the log once it is here"
_FILES: Final = "the same for everybody: no footage, no case, no person"
_PUBLIC: Final = "anybody may read it, and nothing of who reads it is kept"
_OWN: Final = "one's own, on one's own device"
_CHALLENGE: Final = "a number to be signed; what is done with it is in the log"
_HOUSE: Final = (
    "a household sees and chooses its own; what it sends is in the log once it is sealed"
)
_PIECES: Final = "pieces of a bundle on their way; taking it in or refusing it is logged"
_FORM: Final = "an empty form, without anybody's name"
SILENT: Final[dict[str, str]] = {
    "GET /login": _FORM,
    "POST /login/language": _OWN,
    "POST /settings/theme": _OWN,
    "GET /account": _OWN,
    "GET /more": "links to the pages that are open to oneself",
    "GET /proof": _FORM,
    "GET /api/session": _OWN,
    "GET /list/counts": "numbers for an open page, whose opening left its line",
    "GET /api/push-key": _FILES,
    "GET /app.webmanifest": _FILES,
    "GET /sw.js": _FILES,
    "GET /offline": _FILES,
    "GET /health": _FILES,
    "GET /metrics": "numbers of the hub's own work, for who has its token",
    "GET /map/ground": _FILES,
    "GET /map/ground.json": _FILES,
    "GET /duty/plan": "leads on to the page of the plan, which is logged",
    "GET /reports": "leads on to today's report, which is logged",
    "GET /areas/import": _FORM,
    "GET /enrolments/table": _FORM,
    "GET /enrolments/sheets/{sheet_id}/events": "states for an open page, which left its line",
    "GET /enrol/authority": _FILES,
    "POST /enrol/speed": "bytes that are counted and forgotten",
    "POST /passkeys/options": _CHALLENGE,
    "POST /account/passkeys/options": _CHALLENGE,
    "POST /proof/passkey/options": _CHALLENGE,
    "POST /invited/{token}/passkey/options": _CHALLENGE,
    "GET /invited/{token}": "whom the link was made for sees their own name; a wrong one is logged",
    "GET /login/provider": _CHALLENGE,
    "GET /proof/provider": _CHALLENGE,
    "GET /proof/done": _FORM,
    "POST /account/provider": _CHALLENGE,
    "POST /invited/{token}/provider": _CHALLENGE,
    "GET /cameras/{camera_id}/aim/test": _OWN,
    "POST /api/tests/{test_id}/{what}": _OWN,
    "GET /household/{token}": _HOUSE,
    "GET /give/{token}": _HOUSE,
    "POST /give/{token}/another": _HOUSE,
    "POST /give/{token}/upload": _HOUSE,
    "HEAD /give/{token}/upload/{upload_id}": _HOUSE,
    "PATCH /give/{token}/upload/{upload_id}": _HOUSE,
    "POST /configuration/programs/upload": _PIECES,
    "PATCH /configuration/programs/upload/{upload_id}": _PIECES,
    "GET /upload/programs/{sha256}": "a node fetches the programs that it was told to, signed",
    "HEAD /upload/{name}": _A_NODE,
    "DELETE /upload/{name}": _A_NODE,
    "PUT /upload/diagnosis/{command_id}": "asking for it and fetching it are logged",
    "GET /cameras/{camera_id}/explanation": "no picture: asking and opening are logged",
    "PUT /upload/explanation/{command_id}": "asking for it and opening it are logged",
    "PUT /upload/live/{camera}": "on its way to who watches, whose watching is logged",
    "GET /watched": _PUBLIC,
    "GET /public": _PUBLIC,
    "GET /public/{notice_id}": _PUBLIC,
    "GET /public/{notice_id}/{kind}": _PUBLIC,
    "GET /tips": _PUBLIC,
    "GET /tips/follow": _FORM,
    "POST /tips/follow": "whoever sent it reads the answer by their code, and stays unknown",
    "GET /rights": _PUBLIC,
    "GET /rights/follow": _FORM,
    "POST /rights/follow": "whoever asked reads the answer by their code, and stays unknown",
}


def routes(app: Any) -> Iterator[tuple[str, str]]:
    """`GET /path` of every route, with the name of its function."""
    for route in _flat(app.routes):
        for method in sorted(getattr(route, "methods", None) or ()):
            if method != "OPTIONS":
                yield f"{method} {route.path}", route.endpoint.__name__  # type: ignore[attr-defined]


def _flat(found: list[BaseRoute]) -> Iterator[BaseRoute]:
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _flat(inner.routes)
        elif hasattr(route, "endpoint"):
            yield route


class World:
    """A town with something of everything, and its keeper, who may do all of it."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.town = town = Town(db, folder)
        seen, _, _ = whole(town)
        times: dict[str, str] = {}
        calendar = town.app().state.site.calendar("vi")
        for name, hours in (("hours_ago", 3), ("hour_ago", 2)):
            then = calendar.local(town.clock.now().utc_us - hours * 3_600_000_000)
            times[name] = f"{then:%Y-%m-%dT%H:%M}"
        self.ids = times | {
            "alert_id": str(seen.alert_id),
            "area_id": str(town.area_id),
            "kind": "node",
        }
        desk = town.services.use(PublicTipService)
        words = TipTexts("Mất xe", "trước chợ", town.area_id, None, None, has_consent=True)
        desk.receive(
            NewTip(words, (picture_of(photo()),), Reporter("Lan", ""), "vi"), submission="1"
        )
        quan = town.add_keeper_of_all()
        papers = EnrolHub(db, folder)
        everywhere = Grant(papers.area_id, None, ALL, town.clock.now().utc_us - 1)
        with town.db.writing() as conn:
            now = town.clock.now()
            rows.add_grant(conn, person_id=quan, grant=everywhere, reason="QĐ 12", now=now)
        self.app = town.app(enrolling=papers.enrolling(8443), notice_channels=("zalo_oa", "sms"))
        self.keeper = Visitor(self.app).sign_in("quan", PASSWORD)

    def take(self, name: str, how: Leaves) -> tuple[int, list[str]]:
        """Go by the route as `how` says; its answer's code, and the acts that it left."""
        method, _, path = name.partition(" ")
        before = self.acts()
        address = self.filled(path, how.of) + (f"?{self.filled(how.query)}" if how.query else "")
        keeper = self.keeper
        if how.json is not None:
            answer = keeper.call(address, self.deep(how.json))
        elif method == "POST":
            answer = keeper.send(
                "POST",
                address,
                files={"file": ("xe.jpg", how.file)} if how.file else None,
                data={"csrf": keeper.csrf, **self.deep(dict(how.form))},
                headers={**PAGE, **keeper.origin, "X-CSRF-Token": keeper.csrf},
            )
        else:
            answer = keeper.send(method, address, headers=PAGE)
        return answer.status_code, self.acts()[len(before) :]

    def acts(self) -> list[str]:
        with self.town.db.reading() as conn:
            return list(conn.scalars(select(audit.c.act).order_by(audit.c.seq)))

    def deep(self, said: Any) -> Any:
        if isinstance(said, dict):
            return {key: self.deep(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self.deep(one) for one in said]
        return self.filled(said) if isinstance(said, str) else said

    def filled(self, text: str, of: Mapping[str, str] | None = None) -> str:
        def value(match: re.Match[str]) -> str:
            own = (of or {}).get(match[1])
            return self.filled(own) if own is not None else self.of(match[1])

        return re.sub(r"\{(\w+)\}", value, text)

    def of(self, name: str) -> str:
        """What stands for a blank of an address: an id of what the town has, the newest of it."""
        if name in self.ids:
            return self.ids[name]
        with self.town.db.reading() as conn:
            if name in _COLUMNS:
                return str(conn.scalars(_COLUMNS[name]).first())
            table: Table | None = metadata.tables.get(_TABLES.get(name, ""))
            if table is None:
                return self.ids["area_id"]  # there is no such thing here: it is refused
            return str(conn.scalars(select(table.c.id).order_by(table.c.id.desc())).first())


_TABLES: Final = {
    "hold_id": "holds",
    "petition_id": "petitions",
    "household_id": "households",
    "request_id": "household_requests",
    "team_id": "teams",
    "rule_id": "alert_rules",
    "silence_id": "silences",
    "grant_id": "grants",
    "notice_id": "notices",
    "invitation_id": "invitations",
    "phone_id": "phones",
    "node_id": "nodes",
    "way_id": "notice_ways",
    "enrolment_id": "enrolments",
    "sheet_id": "enrolment_sheets",
    "scope_id": "nodes",
}
_COLUMNS: Final[dict[str, Any]] = {
    "case_id": select(cases.c.id).where(cases.c.number == "VA-1"),
    "item_id": select(case_items.c.id),
    "media_id": select(media.c.id).where(media.c.kind == "picture"),
    "picture_id": select(tip_pictures.c.id),
    "camera_id": select(cameras.c.id),
    "camera": select(cameras.c.name),
    "person_id": select(people.c.id).where(people.c.login == "an"),
    "former": select(people.c.id).where(people.c.login == "guest"),
    "parent_id": select(areas.c.id).where(areas.c.name == "Tân Khai"),
    "tip_alert_id": select(alerts.c.id).where(alerts.c.kind == "tip"),
    "now_us": select(alerts.c.began_utc_us),
}


def test_every_route_is_in_the_table_or_has_a_reason_to_be_silent(town: Town) -> None:
    known = [*LOGGED, *ELSEWHERE, *SILENT]
    assert len(known) == len(set(known)), "a route stands in two of the tables"
    here = dict(routes(town.app()))
    new = [f"{name} ({function})" for name, function in here.items() if name not in known]
    assert new == [], (
        "these routes say nowhere which line of the log they leave: add each to LOGGED with its"
        f" act (or to ELSEWHERE, or with a reason to SILENT) in {__file__}"
    )
    assert [name for name in known if name not in here] == [], "these routes are no more"


def test_taking_each_route_leaves_its_line(sqlite_url: str, tmp_path: Path) -> None:
    db = Database(sqlite_url)
    world, wrong = World(db, tmp_path), []
    for name, how in LOGGED.items():
        status, left = world.take(name, how)
        if how.act not in left or status >= 500:
            wrong.append(f"{name} leaves {how.act}: answered {status}, left {left}")
    db.close()
    assert wrong == [], "\n".join(wrong)


def test_what_is_proved_elsewhere_is_asked_for_there(town: Town) -> None:
    for name, (act, where) in ELSEWHERE.items():
        assert f'"{act}"' in (TESTS / where).read_text("utf-8"), (name, act, where)


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path)
    db.close()
