"""The node's configuration: what it refuses, and with which message."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.config import ConfigError, load, removed_keys_in_use
from agent.vision.hours import Hours
from agent.vision.rules.places import WHOLE_PICTURE, Line, LineSide

pytestmark = pytest.mark.promise("Clips: A file name cannot leave its folder.")

NEEDED = """
[node]
name = "nga-tu-01"
[[camera]]
name = "cong-bac"
recording = "/r.mp4"
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def into_file(text: str) -> Path:
        path = tmp_path / "agent.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o640)  # as the installer leaves it: cameras' passwords may stand in it
        return path

    return into_file


def refusal(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.lines


def test_what_is_not_set_has_its_default(write: Write) -> None:
    settings = load(write(NEEDED))
    assert settings.broker.port == 8883
    assert settings.camera[0].loop
    assert settings.clips.policy().longest_s == 30


@pytest.mark.promise("Security: A secret that others can read is refused.")
@pytest.mark.parametrize(
    "path",
    [
        "user=admin_password=tlJwpbo6_channel=1_stream=0.sdp",
        "user=admin&password=tlJwpbo6&channel=1&stream=0.sdp",
        "live?user=admin&pwd=tlJwpbo6",
    ],
)
def test_a_password_inside_an_address_that_everybody_may_read_is_refused(
    write: Write, path: str
) -> None:
    config = write(NEEDED.replace('recording = "/r.mp4"', f'url = "rtsp://10.0.0.9/{path}"'))
    assert load(config).camera[0].url.endswith(path)
    config.chmod(0o644)
    (line,) = refusal(config)
    assert "a camera's password stands in it" in line
    assert "tlJwpbo6" not in line


def test_an_address_without_a_password_may_be_read_by_everybody(write: Write) -> None:
    address = "rtsp://10.0.0.9/user=admin_password=_channel=1_stream=0.sdp"
    config = write(NEEDED.replace('recording = "/r.mp4"', f'url = "{address}"'))
    config.chmod(0o644)
    assert load(config).camera[0].url == address


def test_environment_overrules_the_file_key_by_key(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTHAN_AGENT__BROKER__PORT", "9001")
    settings = load(write(NEEDED + '\n[broker]\nhost = "broker.example"\nport = 1\n'))
    assert (settings.broker.host, settings.broker.port) == ("broker.example", 9001)


@pytest.mark.promise(
    "Bad input: An unknown key in a settings file is refused with the nearest name."
)
def test_unknown_key_is_refused_with_its_line_and_the_nearest_name(write: Write) -> None:
    path = write(NEEDED + "\n[clips]\nprerol_s = 10\n")
    assert refusal(path) == (
        f"{path} line 9: unknown key clips.prerol_s. Did you mean clips.preroll_s?",
    )


def test_unknown_key_of_a_camera_is_refused(write: Write) -> None:
    (line,) = refusal(write(NEEDED + "lop = true\n"))
    assert line.endswith("line 7: unknown key camera.lop. Did you mean camera.loop?")


def test_unknown_section_is_refused_once(write: Write) -> None:
    (line,) = refusal(write(NEEDED + "\n[clip]\nfolder = '/x'\ny = 1\n"))
    assert "unknown key clip. Did you mean clips?" in line


def test_camera_without_double_brackets_is_refused(write: Write) -> None:
    (line,) = refusal(write('[node]\nname = "n"\n[camera]\nname = "c"\nrecording = "/r.mp4"\n'))
    assert "camera" in line
    assert "line 3" in line


@pytest.mark.promise(
    "Bad input: An unknown key in the environment is refused with the nearest name."
)
def test_unknown_variable_is_refused_with_the_nearest_name(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTHAN_AGENT__CLIP__FOLDER", "/x")
    assert refusal(write(NEEDED)) == (
        "environment: unknown variable MATTHAN_AGENT__CLIP__FOLDER."
        " Did you mean MATTHAN_AGENT__CLIPS__FOLDER?",
    )


def test_variable_with_one_underscore_too_few_is_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTHAN_AGENT_CLIPS__FOLDER", "/x")
    (line,) = refusal(write(NEEDED))
    assert line.endswith("Did you mean MATTHAN_AGENT__CLIPS__FOLDER?")


def test_camera_in_the_environment_is_sent_to_the_file(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTHAN_AGENT__CAMERA__LOOP", "false")
    (line,) = refusal(write(NEEDED))
    assert "in the file only" in line


def test_every_fault_has_a_line_of_its_own(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTHAN_AGENT__BROKER__PORT", "many")
    path = write(NEEDED + '\n[detector]\nscore = 7\n[log]\nlevel = "loud"\n')
    lines = refusal(path)
    assert len(lines) == 3
    assert lines[0].startswith("environment: MATTHAN_AGENT__BROKER__PORT: ")
    assert lines[1].startswith(f"{path} line 9: detector.score: ")
    assert lines[2].startswith(f"{path} line 11: log.level: ")


@pytest.mark.promise("Cameras: A missing, doubled or busy camera is reported with the cure.")
def test_missing_key_is_named(write: Write) -> None:
    (line,) = refusal(write('[[camera]]\nname = "c"\nrecording = "/r.mp4"\n'))
    assert "node.name is missing" in line
    (line,) = refusal(write('[node]\nname = "n"\n[[camera]]\nname = "c"\n'))
    assert "camera c has no source: give it url, device, picamera or recording" in line


@pytest.mark.promise("Cameras: A missing, doubled or busy camera is reported with the cure.")
def test_two_cameras_of_one_name_are_refused(write: Write) -> None:
    (line,) = refusal(write(NEEDED + '\n[[camera]]\nname = "cong-bac"\nrecording = "/s.mp4"\n'))
    assert "two cameras are called cong-bac" in line


SOURCES = [
    ('url = "rtsp://h/a"', "has more than one source (url, recording): keep one"),
    ('device = "/dev/video0"', "has more than one source (device, recording): keep one"),
    ('sub_url = "rtsp://h/a"', "has a sub_url without a url"),
]


@pytest.mark.parametrize(("more", "said"), SOURCES)
def test_a_camera_has_exactly_one_source(write: Write, more: str, said: str) -> None:
    (line,) = refusal(write(NEEDED + more + "\n"))
    assert f"camera cong-bac {said}" in line


@pytest.mark.parametrize("url", ["http://u:secret@h/a", "rtsp:/h", "10.0.0.1", "rtsp://h/a b"])
def test_an_address_that_is_none_is_refused_without_its_password(write: Write, url: str) -> None:
    (line,) = refusal(write(NEEDED.replace("recording", "url").replace("/r.mp4", url)))
    assert "camera cong-bac: url must be rtsp://HOST/PATH" in line
    assert "secret" not in line


def test_settings_are_shown_without_the_password(write: Write) -> None:
    url = "rtsp://guest:secret@h/main"
    settings = load(write(NEEDED.replace("recording", "url").replace("/r.mp4", url)))
    assert settings.camera[0].url == url
    assert "secret" not in repr(settings)


OUTLINES = [
    ("[[[0.1, 0.1], [0.9, 0.9]]]", "outline 1: an outline of 2 points encloses nothing: give"),
    ("[[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 0], [1.2, 1]]]", "outline 2: the point (1.2, 1) is"),
    ("[[[0, 0], [1, 1], [1, 0], [0, 1]]]", "outline 1: its edges cross each other: give its"),
    ("[[0, 0], [1, 0], [1, 1]]", "is a list of outlines, such as [[["),
    ('[[["0", 0], [1, 0], [1, 1]]]', "outline 1: an outline is a list of points [x, y]"),
    ('"fence"', "is a list of outlines, such as [[["),
]


@pytest.mark.promise("Zones and rules: A zone that encloses nothing is refused.")
@pytest.mark.parametrize(("written", "said"), OUTLINES)
@pytest.mark.parametrize("key", ["ignored", "private"])
def test_an_outline_that_is_none_is_refused_with_camera_and_cure(
    write: Write, key: str, written: str, said: str
) -> None:
    (line,) = refusal(write(NEEDED + f"{key} = {written}\n"))
    assert "line 7" in line
    assert f"camera cong-bac: {key}" in line
    assert said in line


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('["broker-2.example"]', "'broker-2.example' is no host:port, such as broker-2.example:88"),
        ('["b:99999"]', "b:99999: a port is at most 65535"),
        ('"b:8883"', "Input should be a list, in [ and ]"),
    ],
)
def test_a_further_broker_that_is_none_is_refused_in_words(
    write: Write, written: str, said: str
) -> None:
    (line,) = refusal(write(NEEDED + f"[broker]\nfurther = {written}\n"))
    assert f"broker.further: {said}" in line


ZONE = '[[camera.zone]]\nname = "san"\n'
LINE = '[[camera.line]]\nname = "rao"\n'
PLACES = [
    (ZONE, "camera cong-bac: zone san has no rule: give it entry, loiter_s, group or closed_hours"),
    (
        ZONE + "entry = true\noutline = [[0, 0], [1, 1]]",
        "zone san: an outline of 2 points encloses",
    ),
    (
        ZONE.replace("san", "vỉa hè") + "entry = true",
        "zone vỉa hè: 'vỉa hè' is no name here: write small letters a to z, digits and hyphens",
    ),
    (ZONE + 'closed_hours = ["22-5"]', "zone san: '22-5' is no span of time: write it as"),
    (ZONE + 'closed_hours = ["25:00-26:00"]', "there is no 25:00"),
    (ZONE + 'closed_hours = ["05:00-05:00"]', "lasts no time"),
    (ZONE + 'closed_hours = ["t2 05:00-06:00"]', "zone san: 't2 05:00-06:00' is no span"),
    (ZONE + 'closed_hours = ["mo 05:00-06:00"]', "days are mon, tue"),
    (ZONE + 'label = "Sân \\"sau\\""', "a label is one line of letters, digits, spaces and signs"),
    (ZONE + 'label = "Sân\\nsau"', "a label is one line of letters, digits, spaces and signs"),
    (ZONE + f'label = "{"ư" * 61}"', "zone san: String should have at most 60 characters"),
    (ZONE + "entri = true", "unknown key camera.zone.entri. Did you mean camera.zone.entry?"),
    (LINE + "start = [0, 0]", "camera.line.end is missing of [[camera]] number 1"),
    (LINE + "start = [0, 0]\nend = [0, 0]", "camera cong-bac: line rao ends where it begins"),
    (LINE + "start = [0, 0]\nend = [1, 2]", "line rao: a point is [x, y], both from 0 to 1"),
    (ZONE + "entry = true\n" + ZONE + "group = 3", "two zones or lines called san"),
    ((ZONE + "entry = true\n") * 17, "at most 16 items"),
]


@pytest.mark.parametrize(("written", "said"), PLACES)
def test_a_zone_or_line_that_is_none_is_refused_with_its_name_and_the_cure(
    write: Write, written: str, said: str
) -> None:
    (line,) = refusal(write(NEEDED + written + "\n"))
    assert said in line


@pytest.mark.promise("Zones and rules: Zones, hours and night values of a camera apply.")
def test_zones_and_lines_are_as_the_eyes_want_them(write: Write) -> None:
    rules = 'entry = true\nloiter_s = 20\nclosed_hours = ["22:00-05:00"]\n'
    line = LINE + 'start = [0.2, 0.6]\nend = [0.8, 0.6]\ntowards = "left"\n'
    (camera,) = load(write(NEEDED + ZONE + rules + line)).camera
    zone, fence = camera.zone[0].place(), camera.line[0].place()
    assert (zone.name, zone.outline, zone.loiter_s, zone.group) == ("san", WHOLE_PICTURE, 20, None)
    assert zone.closed == Hours.parse(["22:00-05:00"])
    assert fence == Line(name="rao", start=(0.2, 0.6), end=(0.8, 0.6), towards=LineSide.LEFT)


def test_a_time_zone_that_is_none_is_refused(write: Write) -> None:
    (line,) = refusal(write(NEEDED.replace("[[camera]]", 'time_zone = "Saigon"\n[[camera]]')))
    assert "no time zone is called 'Saigon': write Asia/Ho_Chi_Minh" in line


def test_a_clip_has_room_for_its_runup_and_as_much_after(write: Write) -> None:
    assert load(write(NEEDED + "\n[clips]\npreroll_s = 5\n")).clips.policy().longest_s == 30
    assert load(write(NEEDED + "\n[clips]\npreroll_s = 40\n")).clips.policy().longest_s == 80


def test_a_removed_key_is_ignored_and_said_with_what_holds_instead(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTHAN_AGENT__LOG__FORMAT", "xml")
    path = write(NEEDED + "\n[clips]\nmax_s = 3\npreroll_s = 4\n")
    assert load(path).clips.preroll_s == 4
    assert removed_keys_in_use(path) == [
        f"{path} line 9: clips.max_s is no longer a setting: a clip ends after 30 s, or after"
        " twice preroll_s. Take it out",
        "environment: MATTHAN_AGENT__LOG__FORMAT: log.format is no longer a setting: for people on"
        " a terminal, JSON lines elsewhere. Take it out",
    ]


def test_a_removed_key_is_not_guessed_at(write: Write) -> None:
    (line,) = refusal(write(NEEDED + "\n[clips]\nmax_z = 3\n"))
    assert "clips.max_s" not in line


def test_bad_toml_is_refused_with_its_line(write: Write) -> None:
    path = write("[node]\nname = \n")
    (line,) = refusal(path)
    assert line.startswith(f"{path} line 2: not TOML: ")
    (line,) = refusal(write('[node]\nname = "n'))
    assert "line 2: not TOML" in line


def test_missing_file_says_what_to_copy(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path / "none.toml")
    assert "deploy/agent.example.toml" in line
