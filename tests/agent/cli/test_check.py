"""`matthan-agent check`: a line for each check, in the technician's language."""

import http.server
import re
import string
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from agent.board.clock import SystemClock
from agent.cli.check.check import check
from agent.cli.check.refused import refused
from agent.config import AgentSettings
from agent.i18n import speaker
from agent.runtime.camera_loop import tamper_key
from agent.vision.tamper.judge import Tampering
from agent.vision.tamper.memory import ReportedTamper, memory_of
from agent.wire.answers import UploadToken
from agent.wire.enrolment import SPEED_PATH
from agent.wire.terms import ClockSource
from deploy.broker import Broker
from tests.agent import catalogs
from tests.agent.rigs.hubside import NODE, FakeHub, open_journal, put
from tests.agent.rigs.videos import walk_past
from tests.agent.rigs.vision import START

pytestmark = pytest.mark.promise(
    "Installing: `matthan-agent check` covers camera, disk, power, clock and line."
)


@pytest.fixture(scope="module")
def broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("mqtt")) as broker:
        yield broker


class Taker(http.server.BaseHTTPRequestHandler):
    """Takes what measures the line, and forgets it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == SPEED_PATH else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module", autouse=True)
def hub(broker: Broker) -> Iterator[FakeHub]:
    """It answers, and takes files."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/upload"
        with FakeHub(broker) as hub:
            hub.token = UploadToken(token="t" * 32, valid_for_s=900, upload_url=url)
            yield hub
        server.shutdown()


@pytest.fixture
def config(tmp_path: Path, broker: Broker) -> dict[str, dict[str, object]]:
    """A configuration with which everything is well."""
    papers = broker.papers(NODE)
    return {
        "node": {"name": NODE},
        "broker": {
            "host": broker.host,
            "port": broker.port,
            "ca_file": papers.ca_file,
            "cert_file": papers.cert_file,
            "key_file": papers.key_file,
        },
        "camera": {"name": "cong", "recording": walk_past(tmp_path / "walk.mp4"), "pace": False},
        "journal": {"path": tmp_path / "journal.db"},
        "clips": {"folder": tmp_path / "clips"},
    }


def lines(config: dict[str, dict[str, object]], language: str = "en") -> tuple[bool, list[str]]:
    settings = AgentSettings.model_validate(config | {"camera": (config["camera"],)})
    shown: list[str] = []
    is_ok = check(settings, shown.append, speaker(language))
    return is_ok, shown


@pytest.mark.promise("Agent: `check` tries each need of a start, one line each.")
def test_everything_well_is_thirteen_lines_that_say_so(
    config: dict[str, dict[str, object]],
) -> None:
    is_ok, shown = lines(config)
    assert is_ok, shown
    assert len(shown) == 13
    assert all(line.startswith("ok: ") for line in shown)


@pytest.mark.promise(
    "Tampering: Each kind of tampering has its own advice, and no scene reports a false one."
)
def test_a_view_that_was_taken_away_is_a_line_with_its_advice(
    config: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    said = ReportedTamper(uuid4(), Tampering.SPRAYED, START)
    with closing(open_journal(tmp_path / "journal.db")) as journal:
        journal.remember(tamper_key("cong"), memory_of(said, {}))
    is_ok, shown = lines(config, "vi")
    assert not is_ok
    (line,) = [line for line in shown if "sơn" in line]
    assert line.endswith("hãy lau kính bằng khăn mềm; nếu sơn đã ăn vào thì thay vòm kính")


@pytest.mark.parametrize(
    ("trust", "line"),
    [
        ((ClockSource.NTP, 20), "ok: clock, for the hours of the configuration"),
        ((ClockSource.NONE, None), "WRONG: clock, for the hours of the configuration: nobody"),
    ],
)
def test_hours_ask_for_a_clock_that_somebody_vouches_for(
    config: dict[str, dict[str, object]], trust: tuple[ClockSource, int | None], line: str
) -> None:
    config["camera"] |= {"alert_hours": ["22:00-05:00"]}
    settings = AgentSettings.model_validate(config | {"camera": (config["camera"],)})
    shown: list[str] = []
    is_ok = check(settings, shown.append, speaker("en"), clock=SystemClock(lambda: trust))
    assert is_ok == line.startswith("ok")
    assert len([one for one in shown if one.startswith(line)]) == 1


def test_a_masked_camera_is_said_to_be_encoded_here(config: dict[str, dict[str, object]]) -> None:
    config["camera"] |= {"private": [[[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]]}
    is_ok, shown = lines(config, "vi")
    assert is_ok
    assert "ổn: camera cong, được trạm mã hóa lại vì có vùng che" in shown


@pytest.mark.promise("Installing: Check results are in plain Vietnamese or English.")
@pytest.mark.parametrize(
    ("section", "key", "value", "said", "cure"),
    [
        ("camera", "recording", Path("/none.mp4"), "/none.mp4", "[[camera]] recording"),
        ("broker", "port", 1, "nobody listens at 127.0.0.1:1", "[broker] host and port"),
        ("broker", "cert_file", Path("/none.crt"), "/none.crt is missing", "under [broker]"),
        ("node", "name", "another", "Not authorized", "issued for that very name"),
        ("journal", "path", Path("/proc/none/j.db"), "cannot be written", "[journal] path"),
        ("clips", "folder", Path("/proc/none/clips"), "without video", "[clips] folder"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_cure(
    config: dict[str, dict[str, object]],
    section: str,
    key: str,
    value: object,
    said: str,
    cure: str,
) -> None:
    config[section][key] = value
    is_ok, shown = lines(config)
    wrong = [line for line in shown if line.startswith("WRONG: ")]
    assert not is_ok
    assert len(wrong) == 1
    assert said in wrong[0]
    assert cure in wrong[0]
    assert "\n" not in wrong[0]


def test_missing_model_is_told_with_its_cure(
    config: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    config["detector"] = {"models_dir": str(tmp_path)}
    is_ok, shown = lines(config)
    assert not is_ok
    assert any("install the models" in line for line in shown)


def test_running_agent_is_not_thrown_out_by_the_check(
    config: dict[str, dict[str, object]], broker: Broker, tmp_path: Path
) -> None:
    journal = open_journal(tmp_path / "journal.db")
    before = broker.log.count("New client connected")
    is_ok, shown = lines(config)
    journal.close()
    assert is_ok
    assert "in use by the running agent" in shown[3]
    assert broker.log.count("New client connected") == before


def test_every_broker_is_tried_and_the_hub_behind_one_that_answers(
    config: dict[str, dict[str, object]],
) -> None:
    config["broker"]["further"] = ("127.0.0.1:1",)
    is_ok, shown = lines(config)
    assert not is_ok
    first, second, hub = shown[-3:]
    assert first == f"ok: broker 127.0.0.1:{config['broker']['port']}"
    assert second.startswith("WRONG: broker 127.0.0.1:1: nobody listens at 127.0.0.1:1.")
    assert hub.startswith("ok: hub")


@pytest.mark.promise("Installing: Check results are in plain Vietnamese or English.")
def test_lines_are_vietnamese_when_asked(config: dict[str, dict[str, object]]) -> None:
    config["broker"]["port"] = 1
    _, shown = lines(config, "vi")
    assert shown[0] == f"ổn: cấu hình của trạm {NODE}"
    assert shown[-1] == (
        "LỖI: broker 127.0.0.1:1: không có gì trả lời tại 127.0.0.1:1."
        " hãy khởi động broker ở đó, hoặc sửa [broker] host và port"
    )


@pytest.mark.promise("Hub: Message catalogs are complete in both languages.")
@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_catalog_holds_every_template_with_the_same_places_to_fill(language: str) -> None:
    catalog = catalogs.read(language)
    texts = {message.id: message.string for message in catalog if message.id}
    assert set(texts) == {message.id for message in catalogs.gathered() if message.id}
    for english, text in texts.items():
        assert text, english
        assert places(str(text)) == places(str(english))


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Nobody listens at rtsp://***@127.0.0.1:1/x."), ("vi", "Không có gì trả lời tại")],
)
def test_a_network_camera_is_tried_and_its_password_is_not_shown(
    config: dict[str, dict[str, object]], language: str, said: str
) -> None:
    config["camera"] = {"name": "cong", "url": "rtsp://guest:secret@127.0.0.1:1/x"}
    is_ok, shown = lines(config, language)
    assert not is_ok
    assert said in shown[1]
    assert not any("secret" in line for line in shown)


@pytest.mark.promise("Clips: Any span of continuous recording can be fetched by time.")
def test_continuous_recording_says_what_a_day_of_it_is_and_how_far_back_it_reaches(
    config: dict[str, dict[str, object]],
) -> None:
    config["camera"] |= {"continuous": True}
    is_ok, shown = lines(config)
    (line,) = [line for line in shown if ": continuous" in line]
    assert is_ok
    assert re.fullmatch(r"ok: .* of cong: \d+\.\d GB a day, the last 48\.0 h in 4\.3 GB .*", line)
    config["clips"] |= {"max_bytes": 2**20}
    is_ok, shown = lines(config, "vi")
    (line,) = [line for line in shown if "liên tục" in line]
    assert not is_ok
    assert line.startswith("LỖI: ghi liên tục")


@pytest.mark.promise("Node to hub: A refused event is shown with its reason.")
@pytest.mark.parametrize("is_running", [False, True])
def test_what_the_hub_refused_is_told_with_reason_and_cure_also_beside_a_running_agent(
    config: dict[str, dict[str, object]], tmp_path: Path, is_running: bool
) -> None:
    journal = open_journal(tmp_path / "journal.db")
    ids = [put(journal) for _ in range(3)]
    for event_id in ids[:2]:
        journal.refuse(event_id, reason="number_taken", detail="number 2 is another event's")
    if not is_running:
        journal.close()
    is_ok, shown = lines(config)
    assert not is_ok
    [line] = [line for line in shown if "set aside" in line]
    assert line.startswith("WRONG: events set aside: 2, the last ")
    assert "number_taken (number 2 is another event's): they will not reach the hub." in line
    assert line.endswith("this journal was copied from another one: move it away and start anew")
    _, shown = lines(config, language="vi")
    assert any("sự kiện lỗi không gửi được, để riêng tại trạm: 2" in line for line in shown)
    if is_running:
        journal.close()


def test_a_refusal_of_long_ago_is_counted_and_no_trouble(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path / "journal.db")) as journal:
        journal.refuse(put(journal), reason="malformed", detail="")
    now_utc_us = time.time_ns() // 1000
    [finding] = refused(tmp_path / "journal.db", now_utc_us=now_utc_us)
    assert not finding.is_ok
    [finding] = refused(tmp_path / "journal.db", now_utc_us=now_utc_us + 8 * 86_400 * 1_000_000)
    assert finding.is_ok and "events set aside: 1" in finding.line(str)
    assert list(refused(tmp_path / "none.db", now_utc_us=now_utc_us)) == []


def test_a_hub_that_does_not_answer_is_told_from_its_broker(
    config: dict[str, dict[str, object]], hub: FakeHub
) -> None:
    token, hub.token = hub.token, None
    try:
        is_ok, shown = lines(config)
    finally:
        hub.token = token
    assert not is_ok
    assert shown[-2].startswith("ok: broker")
    assert "the hub behind it does not answer" in shown[-1]


def test_a_hub_that_takes_no_files_is_told(
    config: dict[str, dict[str, object]], hub: FakeHub
) -> None:
    token = hub.token
    assert token is not None
    hub.token = token.model_copy(update={"upload_url": "http://127.0.0.1:1/upload"})
    try:
        is_ok, shown = lines(config)
    finally:
        hub.token = token
    assert not is_ok
    assert "it cannot be reached" in shown[-1]
    _, shown = lines(config)
    assert re.search(r"upload at \d+ kbit/s or more", shown[-1])
