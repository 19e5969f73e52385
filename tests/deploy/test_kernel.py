"""The C kernel: compiled when the project is built, with equal bytes each time; detection works
without it."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from deploy import kernel
from deploy.kernel import (
    FOLDERS,
    LIBRARIES,
    PROCESSORS,
    KernelError,
    compiler,
    library,
    made_of,
    stale,
    wanted,
)

pytestmark = pytest.mark.promise(
    "Motion: The compiled motion kernel gives the same boxes as numpy and OpenCV."
)

ROOT = Path(__file__).parents[2]
HERE = wanted({}, os.uname().machine)
"""The processor that this machine has a library for; None: it has none."""
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
ASKS = "from hatchling.build import get_requires_for_build_wheel as asks; print(asks())"
MACHINES = {"x86_64": 62, "aarch64": 183}
"""As an ELF header names the processor."""
SEE = """
import sys
from pathlib import Path
from agent.replay.replay import replay
from agent.vision.motion import compiled

assert (compiled.LIBRARY is None) == (sys.argv[4] == "none"), compiled.LIBRARY
sys.exit(replay(Path(sys.argv[1]), Path(sys.argv[2]), model_dir=Path(sys.argv[3]), last_frame=90))
"""


def checkout(folder: Path) -> Path:
    """Files from which a wheel is built, without anything compiled."""
    listed = subprocess.run(
        ["git", "ls-files", "-zco", "--exclude-standard", "--", ":!tests", ":!docs"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    folder.mkdir(parents=True)
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def ask(source: Path, script: str, *words: str, processor: str) -> str:
    """The answer of hatchling in that checkout."""
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=source,
        env=os.environ | {kernel.CHOICE: processor},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def build(source: Path, processor: str) -> Path:
    """A wheel, made in that checkout."""
    name = ask(source, BUILD, str(source / "out"), processor=processor)
    return source / "out" / name


@pytest.mark.system
@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_wheel_has_the_libraries_of_its_processor_and_the_same_bytes_each_time(
    tmp_path: Path, processor: str
) -> None:
    first, second = checkout(tmp_path / "a"), checkout(tmp_path / "elsewhere/with blanks/b")
    for path in second.rglob("*"):
        os.utime(path, (2e9, 2e9))
        path.chmod(0o700 if path.is_dir() else 0o600)
    wheels = [build(source, processor) for source in (first, second)]
    assert wheels[0].name.endswith(f"-py3-none-manylinux_2_17_{processor}.whl")
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    with zipfile.ZipFile(wheels[0]) as wheel:
        names = wheel.namelist()
        libraries = {name for name in names if ".so" in name}
        assert libraries == {f"{FOLDERS[name]}/{name}-{processor}.so" for name in LIBRARIES}
        for name in libraries:
            machine = struct.unpack_from("<H", wheel.read(name), 18)
            assert machine == (MACHINES[processor],)
    assert not [name for name in names if name.endswith((".c", ".h", ".part"))]
    catalogs = {name.removesuffix(".po") for name in names if name.endswith(".po")}
    assert "agent/locale/vi/LC_MESSAGES/agent" in catalogs and len(catalogs) == 6
    assert catalogs == {name.removesuffix(".mo") for name in names if name.endswith(".mo")}
    assert any(name.endswith("/templates/account.html") for name in names)
    assert {"hub/console/style.css", "hub/web/styles/tokens.css"} <= set(names)
    assert not [name for name in names if "bench" in name]
    shared = {name.partition(".data/data/")[2] for name in names}
    assert {
        "share/matthan/models/manifest.toml",
        "share/matthan/models/nanodet_g_320_6c_int8.tflite",
        "share/matthan/hub.example.toml",
    } <= shared
    assert len([name for name in shared if name.endswith(".tflite")]) == 1


@pytest.mark.system
def test_the_compiler_is_asked_for_only_while_something_is_to_be_compiled(tmp_path: Path) -> None:
    source = checkout(tmp_path / "a")
    assert ask(source, ASKS, processor="none") == "[]"
    assert ask(source, ASKS, processor="x86_64") == f"['{compiler(ROOT)}']"
    for name in LIBRARIES:
        library(source, name, "x86_64").write_text(made_of(source, name, "x86_64"))
    assert ask(source, ASKS, processor="x86_64") == "[]"
    with (source / "agent/vision/motion/fast.h").open("a") as file:
        file.write("\n")
    assert list(stale(source, "x86_64")) == ["fast"]
    assert ask(source, ASKS, processor="x86_64") == f"['{compiler(ROOT)}']"


@pytest.mark.skipif(HERE is None, reason="no library for this processor")
def test_the_libraries_of_this_checkout_are_made_of_the_sources_beside_them() -> None:
    assert HERE is not None
    assert list(stale(ROOT, HERE)) == [], "run: rm .venv/ready; deploy/setup.sh test"


def test_a_processor_that_is_not_known_is_named_with_those_that_are() -> None:
    assert wanted({}, "riscv64") is None
    assert wanted({kernel.CHOICE: "aarch64"}, "x86_64") == "aarch64"
    with pytest.raises(KernelError, match="MATTHAN_KERNEL is x86_64, aarch64 or none, not 'arm64'"):
        wanted({kernel.CHOICE: "arm64"}, "x86_64")


@pytest.mark.system
def test_what_does_not_compile_is_said_with_the_compilers_own_words(tmp_path: Path) -> None:
    source = checkout(tmp_path / "a")
    for name in ("fast.h", "fast.c", "light.c", "learn.c", "pieces.c"):
        (source / "agent/vision/motion" / name).write_text("#error no room\n")
    with pytest.raises(KernelError, match=r"(?s)fast for x86_64 does not compile:.*no room"):
        kernel.compile_library(source, "fast", "x86_64")
    assert not list(source.glob("agent/vision/motion/*.so*"))


def test_compiler_and_builder_are_pinned_at_the_same_version_everywhere() -> None:
    lines = (ROOT / "deploy/constraints.txt").read_text("utf-8").splitlines()
    pinned = {line.partition(" ")[0] for line in lines if "==" in line}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert {compiler(ROOT), *project["build-system"]["requires"]} <= pinned


@pytest.mark.media
@pytest.mark.system
@pytest.mark.skipif(HERE is None, reason="no library for this processor")
def test_without_the_libraries_the_eyes_see_the_same_people(tmp_path: Path) -> None:
    """The street, frame by frame: by the kernel, and by the wheel that has none."""
    source = checkout(tmp_path / "a")
    wheel = build(source, "none")
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "unpacked")
    film = subprocess.run(
        ["deploy/recording.sh"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    for way, where in (("compiled", ROOT), ("none", tmp_path / "unpacked")):
        done = subprocess.run(
            [sys.executable, "-c", SEE, film, str(tmp_path / way), str(ROOT / "models"), way],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(where)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    seen = json.loads((tmp_path / "none/summary.json").read_text())
    assert seen["frames_moved"] > 30 and seen["detections"] > 30
    for name in ("tracks.txt", "sightings.jsonl"):
        fine, simple = ((tmp_path / way / name).read_text() for way in ("compiled", "none"))
        assert fine == simple and fine


PIP = """#!/bin/sh
echo "$MATTHAN_KERNEL|$*" >>"$0.asked"
for word; do :; done
case $word in *pins.txt) ;; *) exit 0 ;; esac
! grep -q ziglang "$word" || { echo "no such network" >&2; exit 1; }
"""


@pytest.mark.system
def test_a_checkout_that_cannot_compile_is_set_up_all_the_same_and_says_so_in_one_line(
    tmp_path: Path,
) -> None:
    source = checkout(tmp_path / "a")
    python = source / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PIP)
    python.chmod(0o755)
    done = subprocess.run(
        [source / "deploy/setup.sh", "demo"], capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    [said] = [line for line in lines if "kernel" in line]
    assert "The C kernel was not compiled" in said and str(source / ".venv/kernel.log") in said
    assert (source / ".venv/kernel.log").read_text().startswith("no such network\n")
    asked = python.with_name("python.asked").read_text().splitlines()
    assert asked[-2].startswith("none|-m pip install") and asked[-2].endswith("--editable .")
    assert asked[-1] == "|deploy/catalogs.py"
    assert (source / ".venv/ready").is_file()
    again = subprocess.run(
        [source / "deploy/setup.sh", "demo"], capture_output=True, text=True, check=True
    )
    assert again.stderr == ""
