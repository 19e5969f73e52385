"""Settings from the hub: what may be set, what is refused and why, and that no power cut breaks
them."""

import json
import math
import os
import runpy
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import BaseModel

from agent.config import AgentSettings, Prover, SettingsFromHub, load
from agent.config.camera import CameraSection
from agent.config.remote.merge import masks_in, merged, own_words, removed_in
from agent.config.remote.probation import MOST_STARTS, ProbationStatus, Uptime
from agent.config.remote.settings import PROOF_S
from agent.config.zones import LineSection, ZoneSection
from agent.wire import settings as wire
from agent.wire import topics
from agent.wire.answers import Command
from agent.wire.codec import encode
from agent.wire.settings import Configure, SettingsFault, SettingsReport, settings_hash
from deploy.broker import Broker
from hub.nodes.desired_state.rules.layers import SettingsState, judged
from tests.agent.helpers.app.run import agent
from tests.agent.rigs.hubside import FakeHub
from tests.agent.rigs.own_file import own_file
from tests.agent.rigs.videos import walk_past
from tests.schedules import tries
from tests.waiting import patience_s, until
from toml_settings import Section

pytestmark = [
    pytest.mark.promise("Fleet: Settings of nodes are wanted and reported by schema."),
    pytest.mark.promise("Fleet: A node refuses bad settings and keeps the old ones."),
]

RELEASE = Path(__file__).parents[2] / "contracts" / "release-0.2.0"
OWN = """
[node]
name = "nga-tu-01"
[[camera]]
name = "cong-bac"
url = "rtsp://admin:bi-mat@10.0.0.5/main"
ignored = [[[0.0, 0.0], [1.0, 0.0], [1.0, 0.2]]]
[[camera]]
name = "cong-nam"
recording = "/r.mp4"
[clips]
preroll_s = 4.0
[journal]
path = "{folder}/journal.db"
"""
SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
YARD = {"name": "san", "outline": SQUARE, "loiter_s": 60}


@pytest.fixture
def own(tmp_path: Path) -> AgentSettings:
    path = tmp_path / "agent.toml"
    path.write_text(OWN.format(folder=tmp_path), encoding="utf-8")
    path.chmod(0o640)  # a camera's password stands in it
    return load(path)


def wanted(settings: Mapping[str, Any], version: int = 1, within_s: int = 300) -> Configure:
    return Configure(
        version=version,
        sha256=settings_hash(settings),
        within_s=within_s,
        settings=dict(settings),
    )


class Clock:
    """An uptime that the test turns."""

    def __init__(self) -> None:
        self.now = Uptime(UUID(int=1), 100.0)

    def __call__(self) -> Uptime:
        return self.now

    def pass_s(self, span_s: float) -> None:
        self.now = Uptime(self.now.boot_id, self.now.uptime_s + span_s)

    def boot(self) -> None:
        self.now = Uptime(uuid4(), 10.0)


SECTION_PAIRS = [
    (model, AgentSettings.model_fields[name].annotation)
    for name in wire.SECTIONS
    for model in get_args(wire.NodeSettings.model_fields[name].annotation)[:1]
]
PAIRS = [
    *SECTION_PAIRS,
    (wire.CameraSettings, CameraSection),
    (wire.ZoneSettings, ZoneSection),
    (wire.LineSettings, LineSection),
]
NO_NUMBERS = {"outline", "ignored", "private", "start", "end", "zone", "line"}


def limits(model: type[BaseModel], key: str) -> tuple[float, float]:
    """The least and the most that a key may be."""
    field = model.model_fields[key]
    marks = [*field.metadata]
    for part in get_args(field.annotation):
        for mark in getattr(part, "__metadata__", ()):
            marks += getattr(mark, "metadata", [mark])
    least = [getattr(mark, name) for mark in marks for name in ("ge", "gt") if hasattr(mark, name)]
    most = [getattr(mark, name) for mark in marks for name in ("le", "lt") if hasattr(mark, name)]
    return max(map(float, least), default=-math.inf), min(map(float, most), default=math.inf)


@pytest.mark.parametrize(("afar", "here"), PAIRS, ids=lambda model: model.__name__)
def test_every_key_from_afar_is_one_of_the_nodes_own_and_goes_no_further(
    afar: type[BaseModel], here: type[Section]
) -> None:
    assert afar.model_fields.keys() <= here.model_fields.keys() | here.removed.keys()
    for key in afar.model_fields.keys() - NO_NUMBERS - here.removed.keys():
        (far_least, far_most), (least, most) = limits(afar, key), limits(here, key)
        assert least <= far_least, key
        assert far_most <= most, key


@pytest.mark.parametrize(
    "settings",
    [
        {"broker": {"host": "elsewhere.example"}},
        {"node": {"name": "another"}},
        {"journal": {"path": "/etc/passwd"}},
        {"clips": {"folder": "/etc"}},
        {"detector": {"models_dir": "/etc"}},
        {"cameras": {"cong-bac": {"url": "rtsp://10.0.0.9/x"}}},
        {"cameras": {"cong-bac": {"recorder_login_file": "/etc/shadow"}}},
        {"cameras": {"cong-bac": {"sound": "somebody wants to listen in"}}},
        {"every_camera": {"recording": "/etc/passwd"}},
        {"log": {"level": "debug"}},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_addresses_secrets_papers_and_sound_cannot_be_set_from_afar(
    own: AgentSettings, settings: dict[str, Any]
) -> None:
    with pytest.raises(SettingsFault, match="not known here, or not to be changed from afar"):
        merged(own, settings)


def test_what_is_said_of_a_key_goes_before_the_nodes_own_and_the_rest_stays(
    own: AgentSettings,
) -> None:
    now = merged(
        own,
        {
            "clips": {"postroll_s": 9},
            "every_camera": {"alert_hours": ["22:00-05:00"], "least_change": 9},
            "cameras": {"cong-nam": {"least_change": 12, "zone": [YARD], "private": [SQUARE]}},
        },
    )
    assert (now.clips.preroll_s, now.clips.postroll_s) == (4, 9)
    assert [camera.alert_hours for camera in now.camera] == [("22:00-05:00",)] * 2
    assert [camera.least_change for camera in now.camera] == [9, 12]
    assert now.camera[1].zone[0].loiter_s == 60
    assert len(now.camera[1].private) == 1
    assert now.camera[0].ignored == own.camera[0].ignored
    assert now.camera[0].url == own.camera[0].url
    assert merged(own, {}) == own


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"cameras": {"cong-dong": {}}}, "no such camera; it has cong-bac, cong-nam"),
        ({"clips": {"preroll_s": 61}}, "clips.preroll_s: .*less than or equal to 60"),
        ({"cameras": {"cong-bac": {"zone": [{"name": "san"}]}}}, "it has no rule"),
        ({"cameras": {"cong-bac": {"zone": [YARD, YARD]}}}, "two zones or lines called san"),
        (
            {"cameras": {"cong-bac": {"ignored": [[[0, 0], [1, 1], [1, 0], [0, 1]]]}}},
            "edges cross each other",
        ),
        ({"every_camera": {"alert_hours": ["25:00-26:00"]}}, "25:00"),
        ({"uploads": {"max_kbit_per_s": 3}}, "3 kbit/s bring no clip in time"),
        ({"clips": {"preroll_s": float("nan")}}, "no settings"),
        ({"cameras": {"cong-bac": {"zone": [YARD | {"name": "x" * 40_000}]}}}, "at most 24576"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "settings",
)
def test_what_does_not_fit_is_said_with_its_key_and_reason(
    own: AgentSettings, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsFault, match=said):
        merged(own, settings)


def test_a_key_of_an_older_release_is_accepted_ignored_and_named(own: AgentSettings) -> None:
    given = {"clips": {"max_s": 12, "postroll_s": 9}, "sighting": {"crowd_from": 5}}
    assert merged(own, given) == merged(own, {"clips": {"postroll_s": 9}})
    assert removed_in(given) == ["clips.max_s", "sighting.crowd_from"]


def test_the_environment_does_not_override_the_hub(
    own: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTHAN_AGENT__CLIPS__POSTROLL_S", "2")
    assert merged(own, {"clips": {"postroll_s": 9}}).clips.postroll_s == 9


def test_a_report_tells_what_may_be_set_and_no_secret(own: AgentSettings) -> None:
    told = json.dumps(own_words(own))
    assert "bi-mat" not in told
    assert "rtsp" not in told
    assert own_words(own)["cameras"]["cong-bac"]["ignored"] == [[[0, 0], [1, 0], [1, 0.2]]]
    assert merged(own, {"cameras": own_words(own)["cameras"], "clips": {}}) == own


class Node:
    """A node's settings, begun anew whenever they ask for it."""

    def __init__(self, own: AgentSettings, clock: Clock) -> None:
        self.own, self.clock = own, clock
        self.starts = 0
        self.begin()

    def begin(self) -> None:
        self.starts += 1
        self.kept = SettingsFromHub.beside(self.own, now=self.clock)
        self.works_by = self.kept.start()
        self.wants_anew = False
        self.kept.on_change(self._ask)

    def _ask(self) -> None:
        self.wants_anew = True

    def receive(self, settings: Mapping[str, Any], version: int = 1, within_s: int = 300) -> None:
        self.kept.receive(wanted(settings, version, within_s))
        if self.wants_anew:
            self.begin()

    @property
    def outcome(self) -> str:
        last = self.kept.report().last
        return last.outcome if last else ""


@pytest.fixture
def node(own: AgentSettings) -> Node:
    return Node(own, Clock())


LONGER = {"clips": {"preroll_s": 8.0}}


def test_new_settings_are_on_probation_until_the_node_reached_its_broker(node: Node) -> None:
    node.receive(LONGER)
    assert node.works_by.clips.preroll_s == 8
    assert (node.outcome, node.kept.report().in_force) == ("on_probation", None)
    node.kept.prove()
    assert node.outcome == "in_force"
    node.begin()
    assert node.works_by.clips.preroll_s == 8
    report = node.kept.report()
    assert report.keys is not None
    assert {"clips.preroll_s", "cameras.zone.label"} < {*report.keys}
    assert report.in_force is not None
    assert report.in_force.sha256 == settings_hash(LONGER)
    assert report.own is not None
    assert report.own["clips"]["preroll_s"] == 4  # type: ignore[call-overload, index]
    assert report.from_afar == LONGER


def test_a_node_that_only_heard_of_settings_proves_nothing_by_its_own_line(node: Node) -> None:
    node.kept.receive(wanted(LONGER))
    assert node.wants_anew
    assert not node.kept.is_on_probation, "this program still works by those before"
    node.kept.prove()  # as one that looked at its line just before it heard of them
    assert (node.outcome, node.kept.report().in_force) == ("on_probation", None)


def test_the_same_settings_under_another_number_cost_no_new_start(node: Node) -> None:
    node.receive(LONGER)
    node.kept.prove()
    starts = node.starts
    node.receive(LONGER, version=2)
    assert (node.starts, node.outcome) == (starts, "in_force")
    report = node.kept.report()
    assert report.in_force is not None and report.in_force.version == 2


@pytest.mark.promise("Node trouble: Settings of a newer version are refused with the cure.")
def test_what_is_refused_changes_nothing_and_is_told_with_its_reason(node: Node) -> None:
    node.receive(LONGER)
    node.kept.prove()
    starts = node.starts
    node.receive({"clips": {"preroll_s": 99}}, version=2)
    assert node.starts == starts
    report = node.kept.report()
    assert report.last is not None
    assert (report.last.outcome, report.last.version) == ("refused", 2)
    assert "preroll_s" in report.last.reason
    assert report.in_force is not None
    assert report.in_force.version == 1
    node.receive({"clips": {"preroll_s": 5}, "dreams": 1}, version=3)
    assert "dreams: this key is not known here" in (node.kept.report().last or report.last).reason


def test_the_same_said_again_changes_nothing_but_is_answered_again(node: Node) -> None:
    node.receive(LONGER)
    node.kept.prove()
    starts, revision = node.starts, node.kept.revision
    node.receive(LONGER)
    assert node.starts == starts
    assert node.kept.revision > revision


def test_settings_that_came_damaged_are_refused(node: Node) -> None:
    node.kept.receive(wanted(LONGER).model_copy(update={"settings": {"clips": {"preroll_s": 9}}}))
    assert node.outcome == "refused"
    assert node.works_by.clips.preroll_s == 4


def test_without_the_broker_the_ones_before_count_again_after_the_stated_time(node: Node) -> None:
    node.receive(LONGER)
    node.kept.prove()
    node.receive({"clips": {"preroll_s": 12}}, version=2, within_s=60)
    assert node.works_by.clips.preroll_s == 12
    node.clock.pass_s(59)
    assert not node.kept.fall_back_if_over()
    node.clock.pass_s(2)
    assert node.kept.fall_back_if_over()
    assert node.wants_anew
    node.begin()
    assert (node.works_by.clips.preroll_s, node.outcome) == (8, "fell_back")


def test_the_stated_time_counts_after_a_power_cut_too(node: Node) -> None:
    node.receive(LONGER, within_s=60)
    node.clock.boot()
    node.begin()
    assert node.works_by.clips.preroll_s == 8
    node.clock.pass_s(59)
    assert not node.kept.fall_back_if_over()
    node.clock.pass_s(2)
    assert node.kept.fall_back_if_over()
    node.begin()
    assert (node.works_by.clips.preroll_s, node.outcome) == (4, "fell_back")


def test_a_node_that_dies_at_every_start_falls_back_by_their_number(node: Node) -> None:
    node.receive(LONGER)
    for _ in range(MOST_STARTS - 1):
        node.clock.boot()  # whatever a clock says, a start is a start
        node.begin()
        assert node.works_by.clips.preroll_s == 8
    node.begin()
    assert (node.works_by.clips.preroll_s, node.outcome) == (4, "fell_back")
    node.begin()
    assert node.works_by.clips.preroll_s == 4


def test_the_nodes_own_file_alone_counts_again_when_nothing_is_wanted(node: Node) -> None:
    node.receive(LONGER)
    node.kept.prove()
    node.receive({}, version=2)
    assert node.works_by == node.own
    node.kept.prove()
    assert node.outcome == "in_force"


def test_settings_that_fit_the_nodes_changed_file_no_longer_are_left_out_and_told(
    node: Node, own: AgentSettings
) -> None:
    node.receive({"cameras": {"cong-nam": {"least_change": 9}}})
    node.kept.prove()
    node.own = own.model_copy(update={"camera": own.camera[:1]})
    node.begin()
    assert node.works_by == node.own
    assert node.outcome == "refused"


@pytest.mark.promise("Cameras: What a privacy mask covers is in no picture, clip or live view.")
def test_masks_of_the_cameras_that_are_left_stay_when_other_settings_no_longer_fit(
    node: Node, own: AgentSettings
) -> None:
    bac = {"private": [SQUARE], "least_change": 9}
    said = {"cameras": {"cong-bac": bac, "cong-nam": {"private": [SQUARE]}}} | LONGER
    node.receive(said)
    node.kept.prove()
    renamed = own.camera[1].model_copy(update={"name": "cong-dong"})
    node.own = own.model_copy(update={"camera": (own.camera[0], renamed)})
    masked = merged(node.own, {"cameras": {"cong-bac": {"private": [SQUARE]}}})
    assert SettingsFromHub.beside(node.own).look() == masked, "as a command sees it before a start"
    node.begin()
    assert (node.works_by, node.outcome) == (masked, "refused")
    node.begin()
    report = node.kept.report()
    assert (node.works_by, node.outcome) == (masked, "refused")
    assert report.from_afar == {"cameras": {"cong-bac": {"private": [SQUARE]}}}
    assert judged(report, version=1, sha256=settings_hash(said))[0] is SettingsState.REFUSED


def test_a_mask_that_no_longer_fits_itself_goes_with_the_rest(
    node: Node, own: AgentSettings
) -> None:
    node.receive({"cameras": {"cong-bac": {"private": [SQUARE]}}})
    node.kept.prove()
    recorder = {"recorder": "http://10.0.0.5/onvif/device_service"}
    node.own = own.model_copy(
        update={"camera": (own.camera[0].model_copy(update=recorder), own.camera[1])}
    )
    node.begin()
    assert (node.works_by, node.outcome) == (node.own, "refused")
    for damaged in ({"cameras": {"cong-bac": 3}}, {"cameras": 3}):
        assert masks_in(own, damaged) == {}


def test_release_0_2_0_reads_the_kept_settings_without_the_keys_that_it_does_not_know(
    node: Node,
) -> None:
    masked = {"private": [SQUARE]}
    seen = {"mast_height_m": 6.5, "horizon": -0.2}
    said = {
        "cameras": {"cong-bac": masked | seen, "cong-nam": seen},
        "broker": {"further": ["b2.example:8883"]},
    }
    node.receive(said)
    node.kept.prove()
    assert node.kept.report().from_afar == said, "writing the file changes nothing in memory"
    text = (node.own.journal.path.parent / "settings-from-hub.json").read_text(encoding="utf-8")
    kept = json.loads(text)["in_force"]["settings"]
    old = runpy.run_path(str(RELEASE / "settings.py"))
    old["check_settings"](kept)
    assert kept["cameras"] == {"cong-bac": masked, "cong-nam": {}}
    node.begin()
    first, second = node.works_by.camera
    assert (first.mast_height_m, first.horizon, len(first.private)) == (6.5, -0.2, 1)
    assert (second.mast_height_m, second.horizon) == (6.5, -0.2)
    assert [one.host for one in node.works_by.broker.addresses()][1:] == ["b2.example"]
    assert node.kept.report().from_afar == said


DAMAGED = b'{"in_force": {"version": 1, "sha256": "", "settings": %s, "newer": %s}}'


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b'{"in_force": 3}', b"\0" * 4096, b"[" * 9000),
        *(DAMAGED % (b"{}", b"{}"), DAMAGED % (b'{"cameras": {"a": 3}}', b"{}")),
        *(DAMAGED % (b'{"cameras": {"a": {}}}', b"3"), DAMAGED % (b"3", b"{}")),
    ],
)
def test_a_damaged_file_leaves_the_nodes_own_settings_and_the_hub_is_not_lied_to(
    node: Node, content: bytes
) -> None:
    node.receive(LONGER)
    node.kept.prove()
    (node.own.journal.path.parent / "settings-from-hub.json").write_bytes(content)
    node.begin()
    assert node.works_by == node.own
    assert node.kept.report().in_force is None
    node.receive(LONGER)
    assert node.works_by.clips.preroll_s == 8


def test_a_disk_that_takes_nothing_is_a_refusal_and_the_node_goes_on(
    tmp_path: Path, own: AgentSettings
) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_bytes(b"")
    kept = SettingsFromHub(blocked / "settings.json", own)
    assert kept.start() == own
    kept.receive(wanted(LONGER))
    last = kept.report().last
    assert last is not None
    assert last.outcome == "refused"
    assert "cannot be kept" in last.reason


def test_a_start_on_probation_that_cannot_be_counted_is_none(
    tmp_path: Path, own: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(own, Clock())
    node.kept.receive(wanted(LONGER))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("agent.config.remote.settings.os.fsync", full)
    node.begin()
    assert node.works_by == own


def test_the_prover_proves_by_a_line_that_holds_and_falls_back_without(node: Node) -> None:
    up_s = -1.0
    node.receive(LONGER, within_s=60)
    stop = threading.Event()
    prover = Prover(node.kept, lambda: up_s)
    thread = threading.Thread(target=prover.run, args=(stop, lambda: None))
    thread.start()
    try:
        up_s = PROOF_S
        until(lambda: node.outcome == "in_force")
        node.kept.receive(wanted({"clips": {"preroll_s": 9}}, 2))
        node.begin()
    finally:
        stop.set()
        thread.join()
    node.clock.pass_s(301)
    Prover(node.kept, lambda: -1.0).run(threading.Event(), lambda: None)
    assert node.outcome == "fell_back"


class AnyLife(RuleBasedStateMachine):
    """Whatever is heard, proved, over, killed: a node works by what was proved, or by what still
    may be, and never for long by what was not."""

    def __init__(self) -> None:
        super().__init__()
        self.status = ProbationStatus()
        self.now = Uptime(UUID(int=1), 0.0)
        self.proved: list[str | None] = [None]
        self.starts_unproved = 0
        self.version = 0

    @rule(level=st.integers(0, 3), within_s=st.integers(10, 600))
    def hears(self, level: int, within_s: int) -> None:
        self.version += 1
        said = wanted({"clips": {"preroll_s": level}}, self.version, within_s)
        before = self.status
        self.status = self.status.taken(said, now=self.now)
        if self.status.probation != before.probation:
            self.starts_unproved = 0

    @rule()
    def refuses(self) -> None:
        self.version += 1
        chosen = self.status.chosen
        self.status = self.status.refused(wanted({"x": 1}, self.version), "no")
        assert self.status.chosen == chosen

    @rule(boots=st.booleans(), span_s=st.floats(0, 500))
    def starts(self, boots: bool, span_s: float) -> None:
        boot = uuid4() if boots else self.now.boot_id
        self.now = Uptime(boot, 0.0 if boots else self.now.uptime_s + span_s)
        self.status = self.status.started(now=self.now)
        self.starts_unproved += self.status.probation is not None

    @rule()
    def proves(self) -> None:
        self.status = self.status.proved()
        self.proved.append(self.status.in_force.sha256 if self.status.in_force else None)

    @invariant()
    def what_is_in_force_was_proved(self) -> None:
        in_force = self.status.in_force
        assert (in_force.sha256 if in_force else None) in self.proved

    @invariant()
    def probation_has_an_end(self) -> None:
        assert self.status.probation is None or self.starts_unproved <= MOST_STARTS

    @invariant()
    def what_is_kept_is_read_back_as_it_was(self) -> None:
        again = ProbationStatus.model_validate_json(self.status.model_dump_json())
        assert again == self.status


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=tries(40), stateful_step_count=25)


class Systemd:
    """Begins the agent again whenever it ends, as its unit does."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._is_over = threading.Event()
        self.starts = 0
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over.is_set():
            self.starts += 1
            self._process = agent("run", "--config", self._config)
            self._process.communicate()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def end(self) -> None:
        self._is_over.set()
        while self._thread.is_alive():
            with suppress(ProcessLookupError):
                if self._process is not None:
                    os.kill(self._process.pid, signal.SIGTERM)
            self._thread.join(patience_s())


@pytest.fixture(scope="module")
def broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("mqtt")) as broker:
        yield broker


def test_a_running_agent_goes_over_to_what_the_hub_wants_and_refuses_what_it_cannot(
    broker: Broker, tmp_path: Path
) -> None:
    config = own_file(tmp_path, broker, f'recording = "{walk_past(tmp_path / "walk.mp4")}"')
    with FakeHub(broker) as hub:
        said: Callable[[], SettingsReport] = lambda: hub.reports[-1]  # noqa: E731 - read often
        systemd = Systemd(config)
        try:
            until(lambda: hub.reports, 60)
            assert said().in_force is None
            configure(hub, LONGER, 1)
            until(lambda: in_force(said()) == 1, 90)
            assert systemd.starts >= 2
            configure(hub, {"clips": {"preroll_s": 99}}, 2)
            until(lambda: outcome(said()) == (2, "refused"), 30)
            assert in_force(said()) == 1
            systemd.kill()
            count = len(hub.reports)
            until(lambda: len(hub.reports) > count, 60)
            assert in_force(said()) == 1
        finally:
            systemd.end()


def configure(hub: FakeHub, settings: Mapping[str, Any], version: int) -> None:
    command = Command(command_id=uuid4(), body=wanted(settings, version))
    hub.say_raw(topics.COMMAND, encode(command))


def in_force(report: SettingsReport) -> int | None:
    return report.in_force.version if report.in_force else None


def outcome(report: SettingsReport) -> tuple[int, str] | None:
    return (report.last.version, report.last.outcome) if report.last else None
