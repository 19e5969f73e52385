"""Hatchling's build hook: compile what is in C: the kernel of `agent/vision/motion`, and the
plugin of the hub's broker. The catalogs of messages are compiled on the way (deploy/catalogs.py).

An editable install leaves the libraries beside their sources. A wheel holds those of one processor
and names it: `py3-none-manylinux_2_17_x86_64` or `…_aarch64`. The environment variable
`MATTHAN_KERNEL` says which: `x86_64`, `aarch64`, or `none` for no library at all (numpy and OpenCV
find the same, more slowly). Unset, it is this machine's processor.

A library that was made of the same sources, options and compiler is used again. Same input, same
bytes: wheels too, since hatchling gives every file one date (or `SOURCE_DATE_EPOCH`).
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARIES: Final = {
    "fast": ("fast.h", "fast.c", "light.c", "learn.c", "pieces.c"),
    "guard": ("guard.c",),
}
FOLDERS: Final = {"fast": "agent/vision/motion", "guard": "hub/intake/mqtt"}
PROCESSORS: Final = {
    "x86_64": ("-mcpu=x86_64_v3",),  # `motion.compiled` asks whether the processor has AVX2
    "aarch64": (),
}
PLAIN: Final = {"x86_64": ("-mcpu=x86_64",), "aarch64": ()}
"""For the broker, which asks nothing."""
KERNEL: Final = (
    "-O3",
    "-ffreestanding",
    "-ffp-contract=off",  # no fused multiply and add: the answers are those of numpy, to the bit
    *("-mllvm", "-force-vector-interleave=1"),
    "-nostdlib",
)
GUARD: Final = (
    "-O2",
    "-Wl,--allow-shlib-undefined",  # its functions are Mosquitto's own
)
OPTIONS: Final = (
    "-std=c11",
    "-fno-sanitize=all",
    "-fPIC",
    "-shared",
    "-Wl,-Bsymbolic",
    "-s",
    "-Wall",
    "-Wextra",
    "-Werror",
)
CHOICE: Final = "MATTHAN_KERNEL"


class KernelError(Exception):
    """The kernel cannot be compiled: says why and what to do."""


def wanted(environ: Mapping[str, str], machine: str) -> str | None:
    """For which processor; None for no library. KernelError for a word that is not understood."""
    said = environ.get(CHOICE) or (machine if machine in PROCESSORS else "none")
    if said not in (*PROCESSORS, "none"):
        raise KernelError(f"{CHOICE} is {', '.join(PROCESSORS)} or none, not '{said}'")
    return None if said == "none" else said


def compiler(root: Path) -> str:
    """The pin of the compiler, as pyproject.toml says."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    pin: str = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["compiler"]
    return pin


def library(root: Path, name: str, processor: str) -> Path:
    """Path of the library in a checkout, and in a wheel."""
    return root / FOLDERS[name] / f"{name}-{processor}.so"


def options(name: str, processor: str) -> tuple[str, ...]:
    """What the compiler is told for this library."""
    if name == "guard":
        return (*PLAIN[processor], *GUARD, *OPTIONS)
    return (*PROCESSORS[processor], *KERNEL, *OPTIONS)


def made_of(root: Path, name: str, processor: str) -> str:
    """The hash of all that a library is made of; the library holds it as text."""
    digest = hashlib.sha256(" ".join((compiler(root), *options(name, processor))).encode())
    for source in LIBRARIES[name]:
        digest.update((root / FOLDERS[name] / source).read_bytes())
    return digest.hexdigest()


def stale(root: Path, processor: str) -> Iterator[str]:
    """The libraries that are missing, or made of something else."""
    for name in LIBRARIES:
        path = library(root, name, processor)
        if not path.is_file() or made_of(root, name, processor).encode() not in path.read_bytes():
            yield name


def compile_library(root: Path, name: str, processor: str) -> None:
    """Put it beside its sources, whole or not at all. KernelError."""
    _check_compiler(compiler(root))
    sources = [str(root / FOLDERS[name] / one) for one in LIBRARIES[name] if one.endswith(".c")]
    with tempfile.TemporaryDirectory(prefix="matthan-kernel-") as scratch:
        made = Path(scratch) / library(root, name, processor).name
        command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{processor}-linux-gnu.2.17"]
        command += options(name, processor)
        command += [f'-DMADE_OF="{made_of(root, name, processor)}"', "-o", str(made), *sources]
        cache = {"ZIG_GLOBAL_CACHE_DIR": scratch, "ZIG_LOCAL_CACHE_DIR": scratch}
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | cache, check=False
        )
        if done.returncode:
            raise KernelError(f"{name} for {processor} does not compile:\n{done.stderr}")
        draft = library(root, name, processor).with_suffix(".so.part")
        shutil.copyfile(made, draft)
        draft.replace(library(root, name, processor))


def _check_compiler(pin: str) -> None:
    name, _, version = pin.partition("==")
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = "none"
    if found != version:
        raise KernelError(
            f"{pin} is needed to compile the kernel and {found} is installed. "
            f"Install it, or build without the kernel: {CHOICE}=none"
        )


class KernelHook(BuildHookInterface[Any]):
    """Build hook that hatchling calls."""

    def dependencies(self) -> list[str]:
        """The compiler, unless all libraries are made already."""
        root, processor = Path(self.root), wanted(os.environ, platform.machine())
        return [compiler(root)] if processor and any(stale(root, processor)) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; in a wheel, take the libraries in and name the processor."""
        root, processor = Path(self.root), wanted(os.environ, platform.machine())
        subprocess.run([sys.executable, str(root / "deploy/catalogs.py")], check=True)
        if processor is None:
            if version == "editable":
                self._remove(root)
            return
        for name in stale(root, processor):
            compile_library(root, name, processor)
        if version == "editable":
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_2_17_{processor}"
        for name in LIBRARIES:
            path = library(root, name, processor)
            build_data["force_include"][str(path)] = str(path.relative_to(root))

    def _remove(self, root: Path) -> None:
        """An older library would be loaded with newer Python around it."""
        for name in LIBRARIES:
            for processor in PROCESSORS:
                library(root, name, processor).unlink(missing_ok=True)
