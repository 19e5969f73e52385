"""Helpers of the tests of every route is logged, used by more than one module."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.hub.helpers.public.tips import photo
from tests.hub.rigs.web_town import PASSWORD


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
DUTY: Final = {"shift": "{shift_id}", "day": "2026-11-25", "reason": "lễ"}
SWAP: Final = {"instead_of": "{person_id}", "person": "{binh}"}
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
    "POST /duty/teams/{team_id}/people": Leaves("team.change", {"name": "Tổ 2"}),
    "POST /duty/teams/{team_id}/shift": Leaves(
        "roster.shift",
        {"name": "Ca ngày", "starts": "06:00", "ends": "18:00", "every": "{person_id}"},
    ),
    "POST /duty/teams/{team_id}/day": Leaves("roster.odd_day", DUTY),
    "POST /duty/teams/{team_id}/drop-day": Leaves("roster.odd_day.drop", DUTY),
    "POST /duty/teams/{team_id}/swap": Leaves("roster.swap", {**DUTY, **SWAP}),
    "POST /duty/teams/{team_id}/drop-swap": Leaves("roster.swap.drop", {**DUTY, **SWAP}),
    "POST /duty/teams/{team_id}/drop-shift": Leaves("roster.shift.drop", {"shift": "{shift_id}"}),
    "POST /duty/teams/{team_id}/end": Leaves("team.end"),
    "GET /duty/plans/{area_id}": Leaves("plan.open"),
    "POST /duty/plans/{area_id}": Leaves(
        "plan.set", {"whom": "everybody", "wait": "60", "repeats": "0"}
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
