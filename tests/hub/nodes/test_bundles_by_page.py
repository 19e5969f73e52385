"""A keeper uploads a bundle of programs on a page: in pieces or by the form; and refusals."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from agent.wire import programs as wire
from deploy.node import sign
from hub.base.db.database import Database
from hub.nodes.releases.feature import FEATURE
from hub.web.guard import MAX_FORM_BYTES, most_bytes
from tests.agent.rigs.bundles import bundle, sha256_of
from tests.hub.helpers.nodes.bundles_by_page import HOME, Office
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    bundle(tmp_path, number=1)  # the key
    return Office(Town(db, tmp_path))


def good(office: Office, *, number: int = 60, name: str = "1.1", size: int = 5000) -> bytes:
    return bundle(office.town.folder, number=number, name=name, ballast=b"w" * size).read_bytes()


SENDERS: list[Callable[[Office, bytes], httpx.Response]] = [
    lambda office, data: office.send_form(data),
    lambda office, data: office.send_all(data),
]


@pytest.mark.parametrize("send", SENDERS, ids=["by the form", "in pieces"])
def test_a_signed_bundle_is_taken_in_shown_with_who_brought_it_and_logged(
    office: Office, send: Callable[[Office, bytes], httpx.Response]
) -> None:
    data = good(office, size=700_000)
    answer = send(office, data)
    assert answer.status_code == 303, text_of(answer)
    [one] = office.here()
    assert (one.release.name, one.size_bytes, one.is_verified) == ("1.1", len(data), True)
    assert b"".join(office.town.blobs.read(one.sha256, length=len(data))) == data
    shown = text_of(office.kim.get(HOME))
    assert "1.1" in shown and "Phạm Kim" in shown and one.sha256[:12] in shown
    assert office.log() == [("programs.add", "kim", f"1.1, sha256 {one.sha256}")]
    assert office.leftovers() == []


def test_what_came_stays_and_the_same_file_goes_on_where_it_was(office: Office) -> None:
    data = good(office)
    place = office.begin(len(data)).headers["location"]
    assert office.bring(place, 0, data[:3000]).headers["upload-offset"] == "3000"
    assert office.bring(place, 0, data[:3000]).status_code == 409, "it is not written twice"
    again = office.begin(len(data))
    assert (again.headers["location"], again.headers["upload-offset"]) == (place, "3000")
    assert office.send_all(data).status_code == 303
    assert office.here()[0].size_bytes == len(data)


def by_another_key(office: Office) -> bytes:
    return bundle(office.town.folder, number=60, keys="others").read_bytes()


def unsigned(office: Office) -> bytes:
    folder = bundle(office.town.folder, number=61).with_suffix("")
    (folder / wire.SIGNATURE).write_bytes(bytes(64))
    sign.pack(folder, folder.with_suffix(".tar"))
    return folder.with_suffix(".tar").read_bytes()


def altered(office: Office) -> bytes:
    return good(office).replace(b"wwwwwwww", b"evilevil", 1)


def cut_short(office: Office) -> bytes:
    return good(office, size=50_000)[:20_000]


REFUSED = [
    (
        by_another_key,
        "Khóa cập nhật của địa phương không ký",
        "The town's update key did not sign it",
    ),
    (unsigned, "Khóa cập nhật của địa phương không ký", "The town's update key did not sign it"),
    (altered, "không còn đúng như khi được ký", "It is not what was signed"),
    (cut_short, "không phải là gói phần mềm", "That file is no bundle"),
    (lambda _: b"no tar at all" * 1000, "không phải là gói phần mềm", "That file is no bundle"),
    (lambda _: b"", "Hãy chọn gói trước", ""),
]


@pytest.mark.parametrize("send", SENDERS, ids=["by the form", "in pieces"])
@pytest.mark.parametrize(("make", "said", "trouble"), REFUSED)
def test_what_the_town_did_not_sign_is_refused_in_words_logged_and_not_kept(
    office: Office,
    make: Callable[[Office], bytes],
    said: str,
    trouble: str,
    send: Callable[[Office, bytes], httpx.Response],
) -> None:
    data = make(office)
    if not data and send is SENDERS[1]:
        answer = office.begin(0)
        assert said in answer.json()["words"]
        return
    answer = send(office, data)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert office.here() == [] and office.leftovers() == []
    if data:
        [(act, who, detail)] = office.log()
        assert (act, who) == ("programs.add.refused", "kim") and detail.startswith(trouble)


@pytest.mark.parametrize("send", ["form", "pieces"])
def test_an_older_one_is_taken_in_only_where_that_is_said(office: Office, send: str) -> None:
    office.send_all(good(office, number=60, name="new"))
    data = good(office, number=59, name="old", size=6000)
    bring = office.send_form if send == "form" else office.send_all
    refused = bring(data)
    assert refused.status_code == 422
    assert "Gói này cũ hơn" in text_of(refused) and "(old, new)" in text_of(refused)
    assert [one.release.name for one in office.here()] == ["new"]
    if send == "pieces":
        offset = office.begin(len(data)).headers["upload-offset"]
        assert int(offset) == len(data), "it need not come again"
    assert bring(data, may_be_older="yes").status_code == 303
    assert [one.release.name for one in office.here()] == ["new", "old"]


def test_what_is_too_large_is_refused_before_it_comes_and_while_it_comes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = office.begin(wire.MOST_BUNDLE_BYTES + 1)
    assert answer.status_code == 413 and "tối đa 419 MB" in answer.json()["words"]
    monkeypatch.setattr("hub.nodes.releases.upload.MOST_BUNDLE_BYTES", 8000)
    monkeypatch.setattr("hub.nodes.releases.upload_pages.MOST_BUNDLE_BYTES", 8_000_000)
    place = office.begin(8000).headers["location"]
    assert office.bring(place, 0, bytes(7000)).status_code == 204
    assert office.bring(place, 7000, bytes(2000)).status_code == 413
    by_form = office.send_form(bytes(20_000))
    assert by_form.status_code == 413 and "tối đa 8 MB" in text_of(by_form)
    assert most_bytes(f"{HOME}/add", FEATURE.bodies) == 2 * wire.MOST_BUNDLE_BYTES
    assert most_bytes(f"{HOME}/take", FEATURE.bodies) == MAX_FORM_BYTES


@pytest.mark.parametrize("way", ["form", "pieces"])
def test_a_full_disk_is_said_and_nothing_of_it_stays(office: Office, way: str) -> None:
    data = good(office)
    office.town.spare_bytes = 10**15
    office.town.keep_in(office.town.blobs)
    office.kim = Visitor(office.town.app()).sign_in("kim", PASSWORD)
    answer = office.send_form(data) if way == "form" else office.begin(len(data))
    assert answer.status_code == 507
    said = text_of(answer) if way == "form" else answer.json()["words"]
    assert "Ổ đĩa của trung tâm không đủ chỗ" in said
    assert office.here() == [] and office.leftovers() == []


@pytest.mark.parametrize("content", [None, b"no key at all"])
def test_a_hub_that_does_not_know_the_key_takes_none_by_a_page(
    office: Office, content: bytes | None
) -> None:
    data = good(office)
    key = office.town.folder / "keys" / "update.pub"
    key.unlink()
    if content is not None:
        key.write_bytes(content)
    answer = office.send_form(data)
    assert answer.status_code == 409 and "/etc/matthan/update.pub" in text_of(answer)
    assert office.begin(len(data)).status_code == 409
    assert office.here() == []


def test_who_looks_after_no_box_brings_nothing_and_no_other_page_sends_one(
    office: Office,
) -> None:
    data = good(office)
    kim = office.kim
    office.kim = Visitor(office.town.app()).sign_in("an", PASSWORD)
    assert office.send_form(data).status_code == 404
    assert office.begin(len(data)).status_code == 404
    place = f"{HOME}/upload/{'0' * 8}-0000-0000-0000-{'0' * 12}"
    assert office.bring(place, 0, data[:10]).status_code == 404
    assert office.kim.post(f"{HOME}/take", upload=place.rpartition("/")[2]).status_code == 404
    office.kim = kim
    assert office.send_form(data, csrf="of another").status_code == 403
    token, kim.csrf = kim.csrf, "of another"
    assert office.begin(len(data)).status_code == 403
    kim.csrf = token
    files = {"bundle": ("bundle.tar", data)}
    origin = {"Origin": "https://evil.example"}
    foreign = kim.send("POST", f"{HOME}/add", data={"csrf": token}, files=files, headers=origin)
    assert foreign.status_code == 403
    assert office.here() == [] and office.leftovers() == []


def test_an_upload_is_its_persons_own_and_a_lost_one_is_said(office: Office) -> None:
    data = good(office)
    place = office.begin(len(data)).headers["location"]
    office.bring(place, 0, data[:100])
    upload = place.rpartition("/")[2]
    kim = office.kim
    other = office.kim = Visitor(office.town.app()).sign_in("binh", PASSWORD)
    assert other.post(f"{HOME}/take", upload=upload).status_code == 404
    office.kim = kim
    lost = kim.post(f"{HOME}/take", upload="00000000-0000-0000-0000-000000000000")
    assert lost.status_code == 409 and "Chưa nhận đủ" in text_of(lost)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b\r\n\r\n",
        b'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + b"x" * 40_000,
        b"nonsense",
    ],
)
def test_a_form_that_is_none_is_no_failure_of_the_hub(office: Office, body: bytes) -> None:
    headers = {**PAGE, **office.kim.origin, "Content-Type": "multipart/form-data; boundary=b"}
    answer = office.kim.send("POST", f"{HOME}/add", content=body, headers=headers)
    assert answer.status_code == 422
    plain = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    assert office.kim.send("POST", f"{HOME}/add", content=b"a=b", headers=plain).status_code == 422


def test_the_same_bundle_twice_is_one(office: Office) -> None:
    data = good(office)
    for _ in range(2):
        assert office.send_form(data).status_code == 303
    [one] = office.here()
    assert one.sha256 == sha256_of(office.town.folder / "bundle-60-keys-5000.tar")
