"""The program as systemd runs it: it refuses a bad start, plays once, stops on a signal, and gives
reasons."""

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.wire.answers import UploadToken
from agent.wire.messages import SightingClosed, SightingOpened
from agent.wire.presence import Birth, Death
from deploy.broker import Broker
from tests.agent.helpers.app.run import ROOT, agent, outcome
from tests.agent.helpers.uplink.uploader import Shelf
from tests.agent.rigs.hubside import FakeHub, open_journal, put
from tests.agent.rigs.own_file import own_file
from tests.agent.rigs.videos import walk_past
from tests.agent.rigs.vision import record
from tests.waiting import LONGEST_S, until

pytestmark = pytest.mark.system

SOURCE = "nanodet_g_320_6c_int8"
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("mqtt")) as broker:
        yield broker


@pytest.fixture
def store() -> Iterator[Shelf]:
    server = Shelf()
    thread = threading.Thread(target=server.serve_forever, args=(0.005,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def write(tmp_path: Path, broker: Broker) -> Write:
    """Writes a good configuration, with lines of the test's own after it."""

    def into_file(more: str = "", *, pace: bool = False) -> Path:
        walk = walk_past(tmp_path / "walk.mp4")
        return own_file(tmp_path, broker, f'recording = "{walk}"\npace = {str(pace).lower()}', more)

    return into_file


@pytest.mark.promise("Agent: The agent plays a recording, and the hub receives all that is owed.")
def test_recording_plays_once_and_all_that_was_owed_reaches_the_hub(
    write: Write, broker: Broker, store: Shelf, tmp_path: Path
) -> None:
    config = write()
    journal = open_journal(tmp_path / "journal.db")
    owed = {put(journal) for _ in range(30)}  # of an earlier run
    journal.close()
    with FakeHub(broker) as hub:
        hub.token = UploadToken(token="x" * 16, valid_for_s=60, upload_url=store.url)
        code, _, err = outcome(
            agent("run", "--once", "--config", config, "--stats", tmp_path / "stats.json")
        )

    assert code == 0, err
    assert owed <= hub.heard_ids
    begun = [one.body.sighting_id for one in hub.heard if isinstance(one.body, SightingOpened)]
    ended = [one.body.sighting_id for one in hub.heard if isinstance(one.body, SightingClosed)]
    assert sorted(begun) == sorted(ended), "what the earlier run left open has its end too"
    assert isinstance(hub.statuses[-2], Birth)
    assert isinstance(hub.statuses[-1], Death)
    assert hub.statuses[-2].cameras[0].width == 320
    stats: dict[str, Any] = json.loads((tmp_path / "stats.json").read_text())
    assert stats["frames"] > 0
    assert stats["journal_waiting"] == 0
    assert stats["cpu_s"] > 0
    assert stats["peak_rss_mib"] > 10


@pytest.mark.promise("Demonstration: A broken promise makes the playing fail with the reason.")
def test_hub_that_stays_silent_ends_a_single_run_with_the_reason(
    write: Write, broker: Broker, tmp_path: Path
) -> None:
    config = write()
    journal = open_journal(tmp_path / "journal.db")
    put(journal)  # and its late end makes two
    journal.close()
    code, _, err = outcome(agent("run", "--once", "--config", config, "--drain-s", "1"))
    assert code == 1
    assert "the hub lacks 2 events" in err.splitlines()[-1]


@pytest.mark.promise("Bad input: A missing recording is named.")
def test_single_run_of_a_recording_that_is_gone_ends_with_the_reason(
    write: Write, tmp_path: Path
) -> None:
    config = write()
    (tmp_path / "walk.mp4").unlink()
    code, _, err = outcome(agent("run", "--once", "--config", config))
    assert code == 1
    assert "walk.mp4" in err.splitlines()[-1]


@pytest.mark.promise("Agent: A killed agent sends after its return what it owed.")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_says_goodbye_and_exits_with_zero(
    write: Write, broker: Broker, number: signal.Signals
) -> None:
    with FakeHub(broker) as hub:
        hub.statuses.clear()
        process = agent("run", "--config", write(pace=True))
        until(lambda: any(isinstance(status, Birth) for status in hub.statuses))
        process.send_signal(number)
        code, _, err = outcome(process)
        until(lambda: isinstance(hub.statuses[-1], Death))
    assert code == 0, err


@pytest.mark.promise("Agent: A killed agent sends after its return what it owed.")
@pytest.mark.promise("Node to hub: A killed agent loses no event.")
def test_killed_agent_sends_after_its_return_what_it_owed(
    write: Write, broker: Broker, tmp_path: Path
) -> None:
    config = write(pace=True)
    journal = open_journal(tmp_path / "journal.db")
    owed = {put(journal) for _ in range(40)}
    journal.close()
    with FakeHub(broker, answers=False) as hub:
        process = agent("run", "--config", config)
        until(lambda: len(hub.heard) >= 5)
        process.kill()
        outcome(process)
        hub.answers = True
        code, _, err = outcome(agent("run", "--once", "--config", config, "--drain-s", "600"))
        assert owed <= hub.heard_ids
    journal = open_journal(tmp_path / "journal.db")
    assert journal.counts().waiting == 0
    journal.close()
    assert code == 0, err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[sightings]\ngap_s = 1\n", "unknown key sightings. Did you mean sighting?"),
        ("[detector]\nscore = 2\n", "detector.score"),
        ("[detector]\nmodel = 'none'\n", "describes no model 'none'"),
        ("[detector]\nmodels_dir = '/none'\n", "/none/manifest.toml"),
    ],
)
def test_node_that_must_not_start_exits_78_with_one_line(
    write: Write, more: str, said: str
) -> None:
    code, out, err = outcome(agent("run", "--config", write(more)))
    assert code == 78
    assert said in err
    assert len(err.splitlines()) == 1
    assert out == ""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The models, in a folder that a test may spoil."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("manifest.toml", f"{SOURCE}.tflite"):
        shutil.copy(ROOT / "models" / name, folder / name)
    return folder


def damage(models: Path) -> None:
    path = models / f"{SOURCE}.tflite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def ask_for_another_shape(models: Path) -> None:
    manifest = models / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(
        text.replace("shape = [1, 320, 320, 3]", "shape = [1, 224, 224, 3]"), encoding="utf-8"
    )


@pytest.mark.promise("Model: A model file that differs from its manifest stops the agent.")
@pytest.mark.promise("Model: A wrong input shape stops the agent.")
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damage, "is not the one the manifest names"),
        (ask_for_another_shape, "has [1, 320, 320, 3] for 'image' where the manifest says [1, 224"),
    ],
)
def test_model_that_is_not_its_manifests_stops_the_start_and_is_found_by_the_check(
    write: Write, models: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(models)
    config = write(f"[detector]\nmodel = '{SOURCE}'\nmodels_dir = '{models}'\n")
    code, out, err = outcome(agent("run", "--config", config))
    ours = [line for line in err.splitlines() if "TensorFlow Lite" not in line]
    assert (code, out) == (78, "")
    assert len(ours) == 1
    assert said in ours[0]
    code, out, err = outcome(agent("check", "--lang", "en", "--config", config))
    wrong = [line for line in out.splitlines() if line.startswith("WRONG")]
    wrong = [line for line in wrong if not line.startswith("WRONG: hub: ")]  # none runs here
    assert (code, len(wrong)) == (1, 1), out + err
    assert said in wrong[0]
    assert "install the models that belong to this version" in wrong[0]


@pytest.mark.promise("Agent: `replay --pace` runs in real time.")
def test_replay_takes_the_streets_time_when_asked_to_and_else_as_little_as_it_can(
    tmp_path: Path,
) -> None:
    """Four frames, one a second, take three seconds; a long video none of what `outcome` waits."""
    long = 12, Fraction(10, round(LONGEST_S)), (), 0.0
    for pictures, frames_per_s, options, least_s in (4, Fraction(1), ("--pace",), 3.0), long:
        folder = tmp_path / f"{pictures}"
        street = record(tmp_path / f"{pictures}.mp4", pictures, frames_per_s=frames_per_s)
        begun_s = time.monotonic()
        code, _, err = outcome(agent("replay", street, "--out", folder, *options))
        assert time.monotonic() - begun_s >= least_s
        assert code == 0, err
        assert json.loads((folder / "summary.json").read_text())["frames"] == pictures


def test_journal_in_use_is_one_line_too(write: Write, tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    code, _, err = outcome(agent("run", "--config", write()))
    journal.close()
    assert code == 78
    assert "in use by another process" in err
    assert len(err.splitlines()) == 1


def test_missing_papers_stop_the_start(write: Write) -> None:
    code, _, err = outcome(
        agent("run", "--config", write(), MATTHAN_AGENT__BROKER__KEY_FILE="/none.key")
    )
    assert code == 78
    assert err.splitlines() == [
        "the file /none.key is missing. give its right place under [broker]"
    ]


def test_check_speaks_vietnamese_by_default_and_exits_by_what_it_found(write: Write) -> None:
    """Here is a broker and no hub behind it: that alone is wrong."""
    code, out, _ = outcome(agent("check", "--config", write()))
    wrong = [line for line in out.splitlines() if not line.startswith("ổn: ")]
    assert (code, len(wrong)) == (1, 1), out
    assert wrong[0].startswith("LỖI: trung tâm: broker có đó")
    assert out.startswith("ổn: cấu hình")
    code, out, _ = outcome(
        agent("check", "--config", write(), "--lang", "en", MATTHAN_AGENT__BROKER__PORT="1")
    )
    assert code == 1
    assert "WRONG: broker" in out


def test_logs_are_json_lines_where_nobody_watches(write: Write, broker: Broker) -> None:
    with FakeHub(broker) as hub:
        process = agent("run", "--config", write(pace=True))
        until(lambda: any(isinstance(status, Birth) for status in hub.statuses))
        process.terminate()
        _, _, err = outcome(process)
    # The network's runtime says one line of its own, from C++ and past every setting.
    ours = [line for line in err.splitlines() if "TensorFlow Lite" not in line]
    assert ours
    for line in ours:
        assert {"level", "event", "timestamp"} <= json.loads(line).keys()
