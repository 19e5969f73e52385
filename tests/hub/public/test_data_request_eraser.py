"""Footage deleted for a data request: only if granted, never under hold, with a proof."""

import json
import re
import subprocess
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.app import config
from hub.base.audit.log import By, note
from hub.base.audit.restores import RESTORED, RESTORED_S
from hub.base.audit.tables import audit
from hub.base.storage.blobs import BlobFolder, BlobsError
from hub.cases.evidence.keys import proof_signer
from hub.footage.retention import holds
from hub.footage.retention.rules import Hold
from hub.footage.tables import media
from hub.footage.upload.service import UploadRefusedError
from hub.public.data_requests.eraser import DataRequestEraser
from hub.public.data_requests.proof import proof_of
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.tables import petition_erasures
from tests.hub.helpers.public.web_data_requests import Asking, only_id, with_leader
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import PASSWORD, Seen, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Audit and data protection: Deletion is logged with a proof.")

DOCS = Path(__file__).parents[3] / "docs/reference/deletion-proof.md"
SHELL = By(came_from="shell")


class Ground:
    """A granted request to delete, a clip that it is about, and the leader who answers it."""

    def __init__(self, town: Town, *, wish: str = "delete") -> None:
        self.town = town
        Asking(town).code(wish=wish)
        self.clip = some_bytes(900)
        self.seen: Seen = town.somebody()
        town.clip(self.seen, self.clip)
        town.bring(self.clip)
        with town.db.reading() as conn:
            row = conn.execute(select(media)).one()
        self.media_id, self.camera_id = UUID(str(row.id)), UUID(str(row.camera_id))
        self.leader = with_leader(town)
        self.here = f"/petitions/{only_id(town)}"
        answer = self.leader.post(f"{self.here}/answer", outcome="granted", words="Đồng ý")
        assert answer.status_code == 303

    def shown(self) -> str:
        calendar = self.town.app().state.site.calendar("vi")
        day = f"{calendar.local(self.seen.first_seen_utc_us):%Y-%m-%d}"
        return self.leader.get(f"{self.here}?camera={self.camera_id}&day={day}").text

    def erase(self, who: Visitor | None = None) -> int:
        form = {"media": str(self.media_id), "proof_password": PASSWORD}
        return (who or self.leader).post(f"{self.here}/erase", **form).status_code

    def is_there(self) -> bool:
        return self.town.blobs.has(sha256(self.clip).hexdigest())

    def acts(self) -> list[str]:
        with self.town.db.reading() as conn:
            said = conn.scalars(select(audit.c.act).order_by(audit.c.seq))
            return [one for one in said if one.startswith(("petition.erase", "petition.gone"))]


def test_what_was_granted_is_deleted_seen_to_be_gone_and_proved(town: Town) -> None:
    ground = Ground(town)
    assert str(ground.media_id) in ground.shown()
    assert ground.erase() == 303
    assert not ground.is_there()
    assert ground.acts() == ["petition.erase", "petition.gone"]
    page = text_of(ground.leader.get(ground.here))
    assert sha256(ground.clip).hexdigest()[:16] in page
    whole = json.loads(ground.leader.get(f"{ground.here}/proof.json").content)
    said = json.loads(whole["statement"])
    [deleted] = said["deleted"]
    assert deleted["sha256"] == sha256(ground.clip).hexdigest()
    assert deleted["gone"] is not None
    assert "Lan" not in whole["statement"]
    alert = text_of(ground.leader.get(f"/alerts/{ground.seen.alert_id}"))
    assert ground.erase() == 422, "it is gone already"
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    alert = text_of(an.get(f"/alerts/{ground.seen.alert_id}"))
    assert "theo yêu cầu của người có liên quan" in alert
    with pytest.raises(UploadRefusedError, match="does not accept it again"):
        town.bring(ground.clip)


def test_what_was_filmed_in_a_days_last_minute_is_footage_of_that_day(town: Town) -> None:
    ground = Ground(town)
    began_us = town.app().state.site.calendar("vi").today_began_utc_us()
    late_us = began_us - 10_000_000
    with town.db.writing() as conn:
        conn.execute(update(media).values(first_frame_utc_us=late_us, duration_ms=5000))
    ground.seen = replace(ground.seen, first_seen_utc_us=late_us)
    assert str(ground.media_id) in ground.shown()


def test_what_is_held_is_refused_with_its_reason_and_nothing_of_it_goes(town: Town) -> None:
    ground = Ground(town)
    with town.db.writing() as conn:
        holds.place_hold(
            conn,
            Hold(alert_id=ground.seen.alert_id),
            case_number="VA-1",
            reason="trộm",
            by=SHELL,
            now=town.clock.now(),
        )
    assert "disabled" in ground.shown()
    assert ground.erase() == 422
    assert ground.is_there()
    assert ground.acts() == ["petition.erase.refused"]
    with town.db.reading() as conn:
        assert conn.execute(select(petition_erasures)).all() == []


@pytest.mark.parametrize("is_just", [True, False])
def test_a_hub_just_restored_deletes_nothing_that_may_have_been_held(
    town: Town, is_just: bool
) -> None:
    ground = Ground(town)
    restored = town.clock.now().plus_s(-RESTORED_S * (0.5 if is_just else 1.5))
    with town.db.writing() as conn:
        note(conn, SHELL, act=RESTORED, now=restored)
    assert ground.erase() == (422 if is_just else 303)
    assert ground.is_there() is is_just
    done = ["petition.erase.refused"] if is_just else ["petition.erase", "petition.gone"]
    assert ground.acts() == done


def test_what_two_saw_gone_is_said_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    ground = Ground(town)
    erasures = town.services.use(DataRequestEraser).erasures
    has = BlobFolder.has

    def has_and_another_looks(store: BlobFolder, sha256: str) -> bool:
        patch.undo()
        assert erasures.finish() == 1
        return has(store, sha256)

    with monkeypatch.context() as patch:
        patch.setattr(BlobFolder, "has", has_and_another_looks)
        assert ground.erase() == 303
    assert ground.acts() == ["petition.erase", "petition.gone"]


def test_only_who_answers_it_deletes_and_only_what_was_asked_for(town: Town) -> None:
    ground = Ground(town, wish="copy")
    assert ground.erase() == 422
    assert ground.is_there()
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert ground.erase(an) == 404
    assert an.get(f"{ground.here}/proof.json").status_code == 404
    assert ground.is_there()


def test_a_store_that_does_not_let_go_yet_is_tried_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = Ground(town)

    def away(_: BlobFolder, sha256: str) -> bool:
        raise BlobsError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(BlobFolder, "remove", away)
        assert ground.erase() == 303
    assert ground.is_there()
    assert ground.acts() == ["petition.erase"]
    assert town.services.use(DataRequestEraser).erasures.finish() == 1
    assert not ground.is_there()
    assert ground.acts() == ["petition.erase", "petition.gone"]


@pytest.mark.system
def test_the_proof_is_checked_with_stock_openssl_by_the_lines_that_the_docs_have(
    town: Town, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ground = Ground(town)
    ground.erase()
    [deleted] = town.services.use(DataRequestEraser).erased(only_id(town))
    row = town.services.use(PublicDataRequestService).follow(Asking(town).code(what="khác"))
    Desk.of(sqlite_url, tmp_path, capsys)
    signs = proof_signer(config.load(tmp_path / "hub.toml").secrets.folder, town.clock)
    proof = tmp_path / "YC.json"
    proof.write_bytes(proof_of(row, [deleted], signs))
    lines = re.search(r"```sh\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert lines
    check = ["sh", "-ec", lines[1]]
    assert b"Verified Successfully" in subprocess.check_output(check, cwd=tmp_path)
    proof.write_text(proof.read_text("utf-8").replace(deleted.sha256, "0" * 64), "utf-8")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode != 0
