"""Uploads: their order, and requests of the hub."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from agent.journal import Clip, FootageClass, Journal, MediaKind, UploadScope
from agent.media.frame import Instant
from agent.uplink.mqtt.inbound import Inbound, LinkCounts
from agent.wire import topics
from agent.wire.answers import BringMedia, BringSpan, Command, HoldFootage, ReleaseFootage
from agent.wire.codec import encode
from agent.wire.messages import FILES_ANSWERED, HoldAnswered, MediaAnswered
from tests.agent.rigs.hubside import NODE, inbound_of, now, open_journal, opened


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def owe(journal: Journal, folder: Path, name: str, *, is_alert: bool = False) -> str:
    """A picture or clip whose event the hub has."""
    content = name.encode()
    sha256 = hashlib.sha256(content).hexdigest()
    kind = "clip" if "clip" in name else "picture"
    path = folder / name
    path.write_bytes(content)
    body = opened()
    with journal.transaction() as tx:
        event_id = tx.add_event(body, at=now())
        tx.add_media(
            sha256=sha256, kind=kind, path=path, size_bytes=len(content), event_id=event_id
        )
        if kind == "clip":
            tx.add_clip(
                Clip(
                    clip_id=uuid4(),
                    camera="cam",
                    path=path,
                    sha256=sha256,
                    size_bytes=len(content),
                    first_frame_utc_us=1,
                    duration_ms=1,
                    sighting_ids=(body.sighting_id,),
                    clip_class=FootageClass.SIGHTING,
                )
            )
    journal.receipt([event_id], alerted=[event_id] if is_alert else [])
    return sha256


@pytest.fixture
def four(journal: Journal, tmp_path: Path) -> dict[str, str]:
    """The least important first."""
    return {
        "a clip": owe(journal, tmp_path, "a clip"),
        "a picture": owe(journal, tmp_path, "a picture"),
        "an alert's clip": owe(journal, tmp_path, "an alert's clip", is_alert=True),
        "an alert's picture": owe(journal, tmp_path, "an alert's picture", is_alert=True),
    }


def due(journal: Journal, brought: UploadScope = UploadScope.ALL) -> list[str]:
    return [media.path.name for media in journal.media_due(20, brought)]


def answers(journal: Journal) -> list[MediaAnswered]:
    bodies = [one.body for one in journal.waiting(20)]
    return [body for body in bodies if isinstance(body, MediaAnswered)]


@pytest.mark.promise("Clips: Pictures of alerts are uploaded first, then their clips.")
@pytest.mark.usefixtures("four")
def test_pictures_of_alerts_go_first_then_their_clips_then_the_rest(journal: Journal) -> None:
    assert due(journal) == ["an alert's picture", "an alert's clip", "a picture", "a clip"]


@pytest.mark.promise("Clips: Uploads stay within their bandwidth.")
@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("brought", "names"),
    [
        (UploadScope.ALERTS, ["an alert's picture", "an alert's clip"]),
        (UploadScope.ASKED, ["an alert's picture"]),
    ],
)
def test_only_what_the_policy_says_is_brought(
    journal: Journal, brought: UploadScope, names: list[str]
) -> None:
    assert due(journal, brought) == names
    assert journal.media_owed(brought) == len(names)


@pytest.mark.promise("Clips: Uploads stay within their bandwidth.")
def test_what_was_asked_for_comes_whatever_the_policy_and_before_other_clips(
    journal: Journal, four: dict[str, str]
) -> None:
    journal.bring(uuid4(), [four["a clip"]])
    assert due(journal) == ["an alert's picture", "a clip", "an alert's clip", "a picture"]
    assert due(journal, UploadScope.ASKED) == ["an alert's picture", "a clip"]
    journal.media_done(four["a clip"])
    assert due(journal, UploadScope.ASKED) == ["an alert's picture"]


@pytest.mark.promise("Clips: A clip at its node can be asked for.")
def test_a_command_is_answered_once_however_often_it_is_said(
    journal: Journal, four: dict[str, str], tmp_path: Path
) -> None:
    command_id, nowhere = uuid4(), "0" * 64
    (tmp_path / "a picture").unlink()
    asked = [four["a clip"], nowhere, four["a picture"]]
    journal.bring(command_id, asked)
    journal.close()
    journal = open_journal(tmp_path / "journal.db")
    journal.bring(command_id, asked)
    [answer] = answers(journal)
    assert (answer.command_id, answer.coming) == (command_id, (four["a clip"],))
    assert answer.gone == (nowhere, four["a picture"])
    assert "a clip" in due(journal, UploadScope.ASKED)
    journal.close()


SPAN = BringSpan(camera="cam", from_utc_us=0, until_utc_us=1)


def test_a_span_with_more_files_than_an_answer_names_is_answered_and_all_are_brought(
    journal: Journal, tmp_path: Path
) -> None:
    files = [owe(journal, tmp_path, f"clip {number}") for number in range(FILES_ANSWERED + 1)]
    journal.want_span(command_id := uuid4(), SPAN)
    with journal.transaction() as tx:
        tx.answer_span(command_id, files)
    assert journal.spans_wanted() == []
    [answer] = answers(journal)
    assert answer.coming == tuple(files[:FILES_ANSWERED])
    assert journal.media_owed(UploadScope.ASKED) == len(files)


def test_a_span_asked_for_again_after_the_clock_was_set_is_wanted_once(tmp_path: Path) -> None:
    clock = [Instant(5_000_000_000, 5_000_000)]  # in 1970
    journal = Journal.open(tmp_path / "j.db", now=lambda: clock[0], boot_id=UUID(int=1))
    journal.want_span(command_id := uuid4(), SPAN)
    clock[0] = now()
    journal.prune()
    journal.want_span(command_id, SPAN)
    assert [one.command_id for one in journal.spans_wanted()] == [command_id]
    journal.close()


def test_what_the_hub_had_or_once_refused_is_brought_when_it_asks(
    journal: Journal, four: dict[str, str]
) -> None:
    journal.media_done(four["a clip"])
    journal.media_refused(four["an alert's clip"], "the hub would not")
    journal.bring(uuid4(), [four["a clip"], four["an alert's clip"]])
    assert due(journal, UploadScope.ASKED) == ["an alert's picture", "a clip", "an alert's clip"]


def test_a_file_the_shelf_removed_is_waited_for_no_more(
    journal: Journal, four: dict[str, str]
) -> None:
    journal.bring(uuid4(), [four["a clip"]])
    with journal.transaction() as tx:
        tx.remove_media(four["a clip"], "the shelf was full")
    assert "a clip" not in due(journal)
    journal.bring(command_id := uuid4(), [four["a clip"]])
    assert answers(journal)[-1] == MediaAnswered(
        command_id=command_id, coming=(), gone=(four["a clip"],)
    )


@pytest.fixture
def inbound(journal: Journal) -> Inbound:
    return inbound_of(journal)


@pytest.mark.promise("Cases and evidence: A legal hold has priority over retention and full disks.")
def test_a_hold_is_heard_on_the_command_topic_and_so_is_its_end(
    journal: Journal, inbound: Inbound, four: dict[str, str]
) -> None:
    case = UUID(int=7)
    body = HoldFootage(
        hold_id=case,
        case_number="12/2026",
        reason="theft",
        camera="cam",
        from_utc_us=2**50,
        until_utc_us=2**50,
        sha256s=(four["a clip"],),
    )
    for number, wanted in enumerate((body, ReleaseFootage(hold_id=case))):
        command = Command(command_id=UUID(int=number), body=wanted)
        inbound.receive(topics.address(topics.COMMAND, NODE), encode(command))
        bodies = [one.body for one in journal.waiting(99)]
        said = [one for one in bodies if isinstance(one, HoldAnswered)][number]
        assert (said.command_id, said.is_held) == (UUID(int=number), number == 0)
        held = {one.sha256 for one in journal.kept(MediaKind.CLIP) if one.is_held}
        assert held == ({four["a clip"]} if number == 0 else set())


@pytest.mark.promise("Clips: A clip at its node can be asked for.")
def test_the_hub_is_heard_on_the_command_topic(journal: Journal, four: dict[str, str]) -> None:
    counts = LinkCounts()
    inbound = inbound_of(journal, counts)
    command = Command(command_id=UUID(int=5), body=BringMedia(sha256s=(four["a clip"],)))
    inbound.receive(topics.address(topics.COMMAND, NODE), encode(command))
    assert [answer.command_id for answer in answers(journal)] == [UUID(int=5)]
    inbound.receive(topics.address(topics.COMMAND, NODE), b'{"v":1,"body":{"kind":"dance"}}')
    assert counts.strange == 1
