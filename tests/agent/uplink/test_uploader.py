"""The uploader with a real HTTP server that answers as it is told."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.journal import Journal
from agent.uplink.tokens import Tokens
from agent.uplink.upload import uploader as uploading
from agent.uplink.upload.uploader import Uploader
from agent.wire.answers import UploadToken
from tests.agent.helpers.uplink.uploader import QUICK, Shelf, journal, owe, shelf, token
from tests.agent.rigs.hubside import BOOT, FullJournal, Running, now, opened
from tests.waiting import until

__all__ = ["journal", "shelf"]


@pytest.fixture
def tokens(shelf: Shelf) -> Tokens:
    tokens = Tokens()
    tokens.put(token(shelf), time.monotonic())
    return tokens


@pytest.fixture
def uploader(journal: Journal, tokens: Tokens) -> Iterator[Uploader]:
    uploader = Uploader(journal, tokens, trusted=None, policy=QUICK)
    yield uploader
    uploader.close()


@pytest.mark.promise("Wire protocol: Pictures travel by HTTPS under their hash.")
def test_small_file_goes_at_once_under_its_hash_with_length_and_token(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    content = b"x" * 200_000
    sha256 = owe(journal, tmp_path, content)
    with Running(uploader):
        until(lambda: journal.counts().media_done == 1)

    ((method, name, body, headers),) = shelf.got
    assert (method, name, body) == ("POST", sha256, content)
    assert headers["authorization"] == "Bearer 0123456789abcdef"
    assert headers["tus-resumable"] == "1.0.0"
    assert headers["upload-length"] == headers["content-length"] == "200000"
    assert headers["content-type"] == "application/offset+octet-stream"
    assert "transfer-encoding" not in headers


@pytest.mark.promise("Clips: Pictures of alerts are uploaded first, then their clips.")
def test_large_file_goes_piece_by_piece_and_what_matters_more_goes_between(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    clip = bytes(range(256)) * 4000
    sha256 = owe(journal, tmp_path, clip, "clip")
    shelf.meanwhile = lambda: owe(journal, tmp_path, b"picture")
    with Running(uploader):
        until(lambda: journal.counts().media_done == 2)

    assert shelf.held[sha256] == clip
    assert shelf.bodies[2] == b"picture"


def test_upload_goes_on_where_the_hub_says_it_stands(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    clip = bytes(range(256)) * 2000
    sha256 = owe(journal, tmp_path, clip, "clip")
    shelf.answers = [201, 503]
    with Running(uploader):
        until(lambda: len(shelf.got) >= 2)
        until(lambda: journal.counts().media_done == 1)

    assert shelf.held[sha256] == clip
    assert [method for method, *_ in shelf.got][:3] == ["POST", "PATCH", "HEAD"]
    assert uploader.counts.sent_bytes <= len(clip) + 32 * 1024


def test_agent_that_was_restarted_goes_on_where_the_hub_says_it_stands(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    clip = bytes(range(256)) * 2000
    sha256 = owe(journal, tmp_path, clip, "clip")
    shelf.held[sha256] = clip[:300_000]
    shelf.answers = [503]
    with Running(uploader):
        until(lambda: journal.counts().media_done == 1)

    assert shelf.held[sha256] == clip
    assert [len(body) for body in shelf.bodies][:2] == [262_144, 0]


def test_hub_that_goes_backwards_is_asked_anew_and_brought_what_it_lacks(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    clip = bytes(range(256)) * 2000
    sha256 = owe(journal, tmp_path, clip, "clip")
    shelf.answers = [201, 409]
    # a disk that lost what it had said it holds
    shelf.meanwhile = lambda: shelf.held.update({sha256: clip[:1000]})
    with Running(uploader):
        until(lambda: journal.counts().media_done == 1)
    assert shelf.held[sha256] == clip


def test_file_that_came_spoilt_is_brought_once_more_and_no_more(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    owe(journal, tmp_path, b"x" * 300_000, "clip")
    shelf.answers = [201, 460, 201, 460]
    with Running(uploader):
        until(lambda: journal.counts().media_refused == 1)
    assert [method for method, *_ in shelf.got] == ["POST", "PATCH"] * 2


def test_hub_that_sends_elsewhere_is_not_followed(
    journal: Journal, tokens: Tokens, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    tokens.put(token(shelf, place="/elsewhere"), time.monotonic())
    owe(journal, tmp_path, b"x" * 300_000)
    with capture_logs() as logs, Running(uploader):
        until(lambda: uploader.counts.failed >= 1)
    assert {method for method, *_ in shelf.got} == {"POST"}
    assert "beyond" in next(entry["why"] for entry in logs if entry["event"] == "upload_again")


def test_pictures_go_before_clips(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    owe(journal, tmp_path, b"clip", "clip")
    owe(journal, tmp_path, b"picture")
    with Running(uploader):
        until(lambda: journal.counts().media_done == 2)

    assert shelf.bodies == [b"picture", b"clip"]


def test_event_not_yet_receipted_keeps_its_file_back(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    with journal.transaction() as tx:
        event_id = tx.add_event(opened(), at=now())
        tx.add_media(
            sha256="a" * 64, kind="picture", path=tmp_path / "a", size_bytes=1, event_id=event_id
        )
    (tmp_path / "a").write_bytes(b"a")
    with Running(uploader) as running:
        until(lambda: running.beats > 2)
        assert not shelf.got
        journal.receipt([event_id])
        until(lambda: journal.counts().media_done == 1)


@pytest.mark.parametrize("answer", [404, 500, 503, 507, 429])
def test_passing_trouble_is_tried_again(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path, answer: int
) -> None:
    shelf.answers = [answer, answer]
    owe(journal, tmp_path, b"picture")
    with Running(uploader):
        until(lambda: journal.counts().media_done == 1)
    assert len(shelf.got) == 3


@pytest.mark.parametrize(("answers", "stored"), [([], 1), ([422] * 100, 0)])
def test_answer_that_a_full_disk_will_not_keep_is_asked_for_again(
    answers: list[int], stored: int, tokens: Tokens, shelf: Shelf, tmp_path: Path
) -> None:
    journal = FullJournal.open(tmp_path / "full.db", now=now, boot_id=BOOT)
    journal.is_full = False
    owe(journal, tmp_path, b"picture")
    journal.is_full = True
    shelf.answers = answers
    uploader = Uploader(journal, tokens, trusted=None, policy=QUICK)
    with Running(uploader):
        until(lambda: len(shelf.got) >= 2)
        journal.is_full = False
        until(lambda: journal.counts().media_owed == 0)

    assert uploader.counts.stored == stored
    uploader.close()
    journal.close()


@pytest.mark.parametrize("answer", [413, 422])
def test_refusal_for_good_is_counted_and_not_tried_again(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path, answer: int
) -> None:
    shelf.answers = [answer]
    owe(journal, tmp_path, b"refused")
    owe(journal, tmp_path, b"welcome")
    with Running(uploader):
        until(lambda: journal.counts().media_done == 1)
        until(lambda: journal.counts().media_refused == 1)
    assert shelf.bodies == [b"refused", b"welcome"]
    assert uploader.counts.refused == 1


def test_file_that_the_hub_had_already_is_done(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    content = b"x" * 300_000
    shelf.held[owe(journal, tmp_path, content)] = content
    with Running(uploader):
        until(lambda: journal.counts().media_done == 1)
    assert len(shelf.got) == 1


def test_spoilt_token_is_asked_for_anew_and_waited_for(
    journal: Journal, uploader: Uploader, shelf: Shelf, tokens: Tokens, tmp_path: Path
) -> None:
    shelf.answers = [401]
    owe(journal, tmp_path, b"picture")
    with Running(uploader):
        until(lambda: tokens.is_wanted)
        assert len(shelf.got) == 1
        tokens.put(token(shelf, "another-token-is-here"), time.monotonic())
        until(lambda: journal.counts().media_done == 1)
    assert shelf.got[-1][3]["authorization"] == "Bearer another-token-is-here"


def test_one_file_that_fails_does_not_hold_up_the_others(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.ill = {owe(journal, tmp_path, b"first")}
    owe(journal, tmp_path, b"second")
    with Running(uploader):
        until(lambda: journal.counts().media_done == 1)
        assert b"second" in shelf.held.values()
        shelf.ill.clear()
        until(lambda: journal.counts().media_done == 2)
    assert shelf.bodies[0] == b"first"


def test_file_that_is_gone_is_given_up_with_its_reason(
    journal: Journal, uploader: Uploader, tmp_path: Path
) -> None:
    sha256 = owe(journal, tmp_path, b"picture")
    (tmp_path / sha256).unlink()
    with capture_logs() as logs, Running(uploader):
        until(lambda: journal.counts().media_refused == 1)
    assert journal.counts().media_owed == 0
    assert "cannot be read" in next(
        entry["why"] for entry in logs if entry["event"] == "media_refused"
    )


def test_file_on_a_disk_that_is_away_is_brought_when_the_disk_is_back(
    journal: Journal, tokens: Tokens, tmp_path: Path
) -> None:
    folder, away, is_there = tmp_path / "clips", tmp_path / "away", threading.Event()
    folder.mkdir()
    owe(journal, folder, b"evidence", "clip")
    folder.rename(away)
    uploader = Uploader(journal, tokens, trusted=None, policy=QUICK, is_there=is_there.is_set)
    with Running(uploader):
        until(lambda: uploader.counts.failed >= 2 or uploader.counts.refused)
        away.rename(folder)
        is_there.set()
        until(lambda: journal.counts().media_owed == 0)
    assert (uploader.counts.stored, uploader.counts.refused) == (1, 0)
    uploader.close()


def test_hub_that_is_away_is_waited_for(
    journal: Journal, tokens: Tokens, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    away = UploadToken(token="x" * 16, valid_for_s=3600, upload_url="http://127.0.0.1:1/upload")
    tokens.put(away, time.monotonic())
    owe(journal, tmp_path, b"picture")
    with capture_logs() as logs, Running(uploader):
        until(lambda: uploader.counts.failed >= 3)
        tokens.put(token(shelf), time.monotonic())
        until(lambda: journal.counts().media_done == 1)
    assert len([entry for entry in logs if entry["event"] == "upload_again"]) == 1


@pytest.mark.parametrize("url", ["no address", "ftp://hub/upload", "http://\x00/", "http://h:x/"])
def test_address_that_is_none_is_one_line_and_the_next_token_is_waited_for(
    journal: Journal, tokens: Tokens, uploader: Uploader, shelf: Shelf, tmp_path: Path, url: str
) -> None:
    tokens.put(UploadToken(token="x" * 16, valid_for_s=3600, upload_url=url), time.monotonic())
    owe(journal, tmp_path, b"picture")
    with capture_logs() as logs, Running(uploader):
        until(lambda: uploader.counts.failed >= 2)
        tokens.put(token(shelf), time.monotonic())
        until(lambda: journal.counts().media_done == 1)
    (line,) = [entry["why"] for entry in logs if entry["event"] == "upload_again"]
    assert "\n" not in line


def test_file_the_shelf_removed_between_two_tries_is_forgotten_without_haste(
    journal: Journal, uploader: Uploader, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.answers = [404] * 100
    sha256 = owe(journal, tmp_path, b"picture")
    with Running(uploader):
        until(lambda: uploader.counts.failed >= 1)
        with journal.transaction() as tx:
            tx.remove_media(sha256, "the shelf was full")
        until(lambda: not uploader._not_before_s)
        assert uploader._patience_s() == uploading.BEAT_S, "nothing is due before"


def test_token_near_its_end_is_not_begun_with(shelf: Shelf) -> None:
    tokens = Tokens()
    tokens.put(UploadToken(token="x" * 16, valid_for_s=60, upload_url=shelf.url), 100.0)
    assert tokens.current(149.0) is not None
    assert tokens.current(151.0) is None
