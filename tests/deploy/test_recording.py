"""deploy/recording.sh: the demo recording arrives complete, or one line says why not."""

import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import patience_s, until

SCRIPT = Path(__file__).parents[2] / "deploy" / "recording.sh"
SCENE_SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"

pytestmark = [
    pytest.mark.skipif(
        shutil.which("ffmpeg") is None or shutil.which("apt-get") is None,
        reason="needs ffmpeg and Debian's apt-get",
    ),
    pytest.mark.media,
]


def run(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *map(str, arguments)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )


def the_one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The error of a failed run; progress, lines that end in … or are dots, may stand before it."""
    assert result.returncode == 1
    assert result.stdout == ""
    errors = [
        line for line in result.stderr.splitlines() if not line.endswith("…") and line.strip(".")
    ]
    assert len(errors) == 1, result.stderr
    return errors[0]


def ffmpeg(*arguments: object) -> None:
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def stream(file: Path) -> dict[str, Any]:
    command: list[str | Path] = [
        "ffprobe",
        "-v",
        "error",
        "-count_packets",
        "-show_streams",
        "-of",
        "json",
        file,
    ]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    (only,) = json.loads(found.stdout)["streams"]
    return dict(only)


def keyframes(file: Path) -> list[int]:
    """Which frames of `file`, counted from 0, are keyframes."""
    command: list[str | Path] = [
        "ffprobe",
        "-v",
        "error",
        "-show_entries",
        "packet=flags",
        "-of",
        "csv=p=0",
        file,
    ]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return [n for n, flags in enumerate(found.stdout.splitlines()) if "K" in flags]


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".recording.lock"}


@pytest.fixture(scope="session")
def demo() -> Path:
    """The real recording in the cache all runs share, fetched over the network the first time."""
    result = run()
    if "cannot be fetched" in result.stderr:
        pytest.skip(the_one_line(result))
    assert result.returncode == 0, result.stderr
    return Path(result.stdout.rstrip("\n"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


@pytest.fixture
def seeded(cache: Path, demo: Path) -> Path:
    """A cache of the test's own that has the fetched scene but not yet the result."""
    shutil.copy(demo.with_name("vtest.avi"), cache)
    return cache


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def programs_with(folder: Path, name: str, script: str) -> str:
    """A PATH on which `name` is the given shell script."""
    folder.mkdir()
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def programs_without(folder: Path, *missing: str) -> str:
    """A PATH with everything the script may call except `missing`."""
    folder.mkdir()
    for place in ("/usr/bin", "/bin"):
        for program in Path(place).iterdir():
            if program.name not in missing and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    return str(folder)


def package_holding(folder: Path, file_name: str, content: bytes) -> Path:
    """A Debian package like opencv-doc, with one example file."""
    tree = folder / "tree"
    examples = tree / "usr/share/doc/opencv-doc/examples/data"
    examples.mkdir(parents=True)
    (examples / file_name).write_bytes(content)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN" / "control").write_text(
        "Package: opencv-doc\nVersion: 1\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@example.org>\nDescription: a file\n"
    )
    package = folder / "opencv-doc_1_all.deb"
    subprocess.run(
        ["dpkg-deb", "-Znone", "--build", tree, package], check=True, capture_output=True
    )
    return package


def apt_that_brings(tmp_path: Path, package: Path) -> str:
    """An apt-get that downloads `package`, but not when it is only asked how large it is."""
    bring = f'case "$*" in *--print-uris*) ;; *) cp "{package}" . ;; esac'
    return programs_with(tmp_path / "bin", "apt-get", bring)


def quick_ffmpeg(tmp_path: Path, demo: Path, first: str = ":") -> str:
    """A PATH whose ffmpeg brings the demo recording, which takes ten seconds to be made, after it
    wrote a piece of it and did `first`."""
    script = f"""for to; do :; done
head -c 1000 "{demo}" >"${{to#file:}}"
{first}
cp "{demo}" "${{to#file:}}\""""
    return programs_with(tmp_path / "quick", "ffmpeg", script)


# The demo recording


@pytest.mark.promise(
    "Recording of the street: The recording is known by its hash, and another file is refused."
)
def test_the_scene_is_the_one_this_project_knows(demo: Path) -> None:
    assert sha256_of(demo.with_name("vtest.avi")) == SCENE_SHA256


@pytest.mark.promise("Recording of the street: The recording is H.264 as a camera sends it.")
def test_the_recording_is_what_a_camera_would_send(demo: Path) -> None:
    found = stream(demo)
    assert demo.name == "vtest.mp4"
    assert (found["codec_name"], found["profile"]) == ("h264", "High")
    assert (found["width"], found["height"], found["pix_fmt"]) == (768, 576, "yuv420p")
    assert (found["avg_frame_rate"], found["has_b_frames"]) == ("10/1", 0)
    assert int(found["nb_read_packets"]) == 795
    assert 1_300_000 < int(found["bit_rate"]) < 1_700_000


@pytest.mark.promise("Recording of the street: Each tenth frame is a keyframe.")
def test_every_tenth_frame_and_no_other_is_a_keyframe(demo: Path) -> None:
    assert keyframes(demo) == list(range(0, 795, 10))


@pytest.mark.promise("Demonstration: Both commands can run twice without harm.")
def test_a_second_run_is_quick_and_says_nothing_but_the_path(demo: Path) -> None:
    written = demo.stat().st_mtime_ns
    before_s = worked_s()
    result = run()
    assert worked_s() - before_s < 1
    assert (result.stdout, result.stderr) == (f"{demo}\n", "")
    assert demo.stat().st_mtime_ns == written


def worked_s() -> float:
    """Processor time of all programs that ended here: a clock would count other programs too."""
    return os.times().children_user + os.times().children_system


@pytest.mark.promise(
    "Recording of the street: The recording stays in a cache, and later runs need no network."
)
def test_a_second_run_needs_neither_network_nor_ffmpeg(tmp_path: Path, demo: Path) -> None:
    path = programs_without(tmp_path / "bin", "ffmpeg", "ffprobe", "apt-get")
    assert run(PATH=path).stdout == f"{demo}\n"


def test_a_run_that_is_stopped_leaves_nothing_half(seeded: Path) -> None:
    with started_and_transcoding(seeded) as process:
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=patience_s())
    assert process.returncode == 1
    assert output == ""
    assert errors.splitlines()[-1].startswith("recording: Stopped before it was ready")
    assert names(seeded) == {"vtest.avi"}


def test_the_run_after_one_that_was_killed_clears_up_and_succeeds(
    tmp_path: Path, seeded: Path, demo: Path
) -> None:
    with started_and_transcoding(seeded) as process:
        os.killpg(process.pid, signal.SIGKILL)
    assert not (seeded / "vtest.mp4").exists()
    result = run(PATH=quick_ffmpeg(tmp_path, demo), MATTHAN_CACHE=str(seeded))
    assert result.returncode == 0, result.stderr
    assert names(seeded) == {"vtest.avi", "vtest.mp4"}
    assert int(stream(seeded / "vtest.mp4")["nb_read_packets"]) == 795


def started(cache: Path, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(SCRIPT)],
        env={**os.environ, "MATTHAN_CACHE": str(cache), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def started_and_transcoding(cache: Path, **settings: str) -> subprocess.Popen[str]:
    process = started(cache, **settings)
    until(
        lambda: any(part.stat().st_size for part in cache.glob(".part.*/result.mp4")),
        "ffmpeg began",
    )
    return process


def test_two_runs_at_once_make_one_recording(tmp_path: Path, seeded: Path, demo: Path) -> None:
    go = tmp_path / "go"
    path = quick_ffmpeg(tmp_path, demo, first=f'until [ -e "{go}" ]; do sleep 0.05; done')
    with started_and_transcoding(seeded, PATH=path) as first, started(seeded) as second:
        assert "Waiting for another run" in second.stderr.readline()
        go.touch()
        output, _ = first.communicate(timeout=patience_s())
        second_output, second_errors = second.communicate(timeout=patience_s())
    assert output == second_output == f"{seeded / 'vtest.mp4'}\n"
    assert second_errors == ""
    assert names(seeded) == {"vtest.avi", "vtest.mp4"}


def test_a_scene_packed_with_gzip_is_unpacked(tmp_path: Path, cache: Path, demo: Path) -> None:
    packed = gzip.compress(demo.with_name("vtest.avi").read_bytes(), 1)
    path = apt_that_brings(tmp_path, package_holding(tmp_path, "vtest.avi.gz", packed))
    quick_ffmpeg(tmp_path, demo)
    result = run(PATH=f"{tmp_path / 'quick'}:{path}", MATTHAN_CACHE=str(cache))
    assert result.returncode == 0, result.stderr
    assert sha256_of(cache / "vtest.avi") == SCENE_SHA256
    assert names(cache) == {"vtest.avi", "vtest.mp4"}


def test_a_scene_spoilt_in_the_cache_is_fetched_again(
    tmp_path: Path, cache: Path, demo: Path
) -> None:
    scene = demo.with_name("vtest.avi").read_bytes()
    (cache / "vtest.avi").write_bytes(scene[:-1])
    path = apt_that_brings(tmp_path, package_holding(tmp_path, "vtest.avi", scene))
    quick_ffmpeg(tmp_path, demo)
    assert run(PATH=f"{tmp_path / 'quick'}:{path}", MATTHAN_CACHE=str(cache)).returncode == 0
    assert sha256_of(cache / "vtest.avi") == SCENE_SHA256


@pytest.mark.promise(
    "Recording of the street: The recording is known by its hash, and another file is refused."
)
def test_another_file_under_the_same_name_is_refused(tmp_path: Path, cache: Path) -> None:
    path = apt_that_brings(tmp_path, package_holding(tmp_path, "vtest.avi", b"not the scene"))
    line = the_one_line(run(PATH=path, MATTHAN_CACHE=str(cache)))
    assert "its SHA-256 differs" in line
    assert "--recording FILE" in line
    assert names(cache) == set()


def test_a_package_without_the_scene_is_refused(tmp_path: Path, cache: Path) -> None:
    path = apt_that_brings(tmp_path, package_holding(tmp_path, "other.avi", b"another"))
    line = the_one_line(run(PATH=path, MATTHAN_CACHE=str(cache)))
    assert "holds no vtest.avi" in line
    assert names(cache) == set()


def test_without_a_network_the_line_names_the_package_and_the_cure(
    tmp_path: Path, cache: Path
) -> None:
    reason = "E: Failed to fetch http://mirror.example/opencv-doc.deb  Could not resolve host"
    path = programs_with(tmp_path / "bin", "apt-get", f'echo "{reason}" >&2\nexit 100')
    line = the_one_line(run(PATH=path, MATTHAN_CACHE=str(cache)))
    assert "package opencv-doc cannot be fetched (Failed to fetch" in line
    assert "Check the network and run apt-get update" in line
    assert names(cache) == set()


@pytest.mark.parametrize("program", ["ffmpeg", "ffprobe"])
def test_without_ffmpeg_the_line_says_what_to_install(
    tmp_path: Path, cache: Path, program: str
) -> None:
    path = programs_without(tmp_path / "bin", program)
    line = the_one_line(run(PATH=path, MATTHAN_CACHE=str(cache)))
    assert line == f"recording: The program {program} is missing. Install it: apt install ffmpeg"


def test_a_disk_too_small_is_named_before_anything_is_fetched(small_disk: Path) -> None:
    line = the_one_line(run(MATTHAN_CACHE=str(small_disk)))
    assert f"The disk of {small_disk} has 2 MB free and 150 MB are needed" in line
    assert "MATTHAN_CACHE" in line


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    line = the_one_line(run(MATTHAN_CACHE=str(tmp_path / "file" / "cache")))
    assert f"The cache {tmp_path}/file/cache cannot be written (Not a directory)" in line


@pytest.mark.parametrize("arguments", [("--record", "x"), ("--recording",), ("a", "b", "c")])
def test_a_misspelt_option_is_answered_with_the_right_one(arguments: tuple[str, ...]) -> None:
    assert "[--recording FILE]" in the_one_line(run(*arguments))


# A recording of one's own


@pytest.fixture
def as_a_camera(tmp_path: Path) -> Path:
    """Three seconds of H.264 with a keyframe a second."""
    file = tmp_path / "street corner.mp4"
    ffmpeg(*pattern(), "-c:v", "libx264", "-g", 10, "-bf", 0, "-pix_fmt", "yuv420p", file)
    return file


def pattern(size: str = "160x120", seconds: int = 3) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc=size={size}:rate=10:duration={seconds}")


def test_a_file_like_a_camera_is_given_back_as_it_is(as_a_camera: Path, cache: Path) -> None:
    result = run("--recording", as_a_camera, MATTHAN_CACHE=str(cache))
    assert (result.stdout, result.stderr) == (f"{as_a_camera}\n", "")
    assert names(cache) == set()


@pytest.mark.promise("Demonstration: Any other video file can be played.")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-c:v", "mpeg4"), "it is mpeg4, not H.264"),
        (("-c:v", "libx264", "-g", "30", "-bf", "0"), "its keyframes are up to 30 frames apart"),
        (("-c:v", "libx264", "-g", "10", "-bf", "2"), "it has B-frames"),
        (("-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv444p"), "its pixels are yuv444p"),
    ],
)
def test_a_file_unlike_a_camera_is_turned_into_one_that_is(
    tmp_path: Path, cache: Path, options: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "mine.mp4"
    chosen = options if "-pix_fmt" in options else (*options, "-pix_fmt", "yuv420p")
    ffmpeg(*pattern(), *chosen, file)
    result = run("--recording", file, MATTHAN_CACHE=str(cache))
    assert said in result.stderr
    made = Path(result.stdout.rstrip("\n"))
    assert made == cache / f"recording-{sha256_of(file)[:16]}.mp4"
    assert keyframes(made) == [0, 10, 20]
    found = stream(made)
    assert (found["codec_name"], found["has_b_frames"]) == ("h264", 0)
    assert (found["pix_fmt"], int(found["nb_read_packets"])) == ("yuv420p", 30)


def test_a_file_once_turned_is_found_again_under_any_name(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "mine.avi"
    ffmpeg(*pattern(), "-c:v", "mpeg4", file)
    first = run("--recording", file, MATTHAN_CACHE=str(cache))
    moved = file.rename(tmp_path / "renamed.avi")
    second = run("--recording", moved, MATTHAN_CACHE=str(cache))
    assert second.stdout == first.stdout
    assert second.stderr == ""


@pytest.mark.promise("Clips: Sound is off unless the owner gave a reason.")
def test_sound_is_left_out_and_odd_sizes_are_made_even(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "phone.mkv"
    ffmpeg(*pattern("161x121"), "-f", "lavfi", "-i", "sine=duration=3", "-c:v", "mpeg4", file)
    made = Path(run("--recording", file, MATTHAN_CACHE=str(cache)).stdout.rstrip("\n"))
    found = stream(made)
    assert (found["codec_type"], found["width"], found["height"]) == ("video", 160, 120)


def test_a_quick_camera_keeps_its_rate_and_a_keyframe_a_second(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "quick.avi"
    source = "testsrc=size=160x120:rate=30000/1001:duration=3"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "mpeg4", file)
    made = Path(run("--recording", file, MATTHAN_CACHE=str(cache)).stdout.rstrip("\n"))
    assert stream(made)["avg_frame_rate"] == "30000/1001"
    assert {after - before for before, after in pairwise(keyframes(made))} == {30}


@pytest.mark.promise("Bad input: A missing recording is named.")
def test_a_missing_file_is_named(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "nowhere.mp4"
    line = the_one_line(run("--recording", file, MATTHAN_CACHE=str(cache)))
    assert line == f"recording: The file {file} does not exist. Check its name."


def test_a_folder_is_named(cache: Path, tmp_path: Path) -> None:
    line = the_one_line(run("--recording", tmp_path, MATTHAN_CACHE=str(cache)))
    assert f"{tmp_path} is not a file" in line


def test_an_empty_file_is_named(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "empty.mp4"
    file.touch()
    line = the_one_line(run("--recording", file, MATTHAN_CACHE=str(cache)))
    assert f"The file {file} is empty" in line


@pytest.mark.promise("Bad input: A recording that is not a video is named.")
@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "notes"])
def test_a_text_is_no_video_whatever_it_is_called(cache: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("The camera at the corner is out of order.\n" * 50)
    line = the_one_line(run("--recording", file, MATTHAN_CACHE=str(cache)))
    assert f"The file {file} is not a video" in line


def test_a_picture_is_no_video(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "corner.png"
    ffmpeg(*pattern(), "-frames:v", 1, file)
    line = the_one_line(run("--recording", file, MATTHAN_CACHE=str(cache)))
    assert f"The file {file} is a single picture, not a video" in line


def test_sound_alone_is_no_video(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "street.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", file)
    line = the_one_line(run("--recording", file, MATTHAN_CACHE=str(cache)))
    assert f"The file {file} is not a video" in line


@pytest.mark.promise("Bad input: A truncated recording is named.")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("index-last.mp4", ()),
        ("index-first.mp4", ("-movflags", "+faststart")),
        ("film.mkv", ()),
        ("film.avi", ()),
    ],
)
def test_a_file_cut_short_is_refused_and_named(
    demo: Path, cache: Path, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    file = tmp_path / name
    ffmpeg("-i", demo, "-c", "copy", *options, file)
    os.truncate(file, file.stat().st_size * 6 // 10)
    line = the_one_line(run("--recording", file, MATTHAN_CACHE=str(cache)))
    assert f"The file {file} is cut short" in line
    assert "Copy it again" in line
    assert names(cache) == set()


def test_a_disk_that_fills_up_while_writing_is_named(small_disk: Path, tmp_path: Path) -> None:
    file = tmp_path / "noise.avi"
    noise = "nullsrc=size=640x480:rate=10:duration=8,geq=random(1)*255:128:128"
    ffmpeg("-f", "lavfi", "-i", noise, "-c:v", "mpeg4", "-q:v", 4, file)
    line = the_one_line(run("--recording", file, MATTHAN_CACHE=str(small_disk)))
    assert f"The disk of {small_disk} is full" in line
    assert names(small_disk) == set()
