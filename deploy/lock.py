"""Writes deploy/constraints.txt: every package of every extra, with its version and hashes.

    .venv/bin/python deploy/lock.py                      after a change of pyproject.toml
    .venv/bin/python deploy/lock.py --upgrade            the newest versions that the ranges allow
    .venv/bin/python deploy/lock.py --upgrade-package X  the newest version of X

uv resolves for all supported versions of Python at once and keeps the present versions where it
can. Of each package only the wheels for Linux on both processors are listed, and the source archive
where one of them has no wheel. Which extras a package is for stands above it; deploy/pins.sh reads
that.
"""

import argparse
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.markers import Marker, default_environment
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "deploy" / "constraints.txt"
PYTHONS = ((3, 11), (3, 12), (3, 13))
MACHINES = ("x86_64", "aarch64")
NEWEST_GLIBC = 41
"""Minor version of glibc 2 on Debian 13, the newest system that is supported."""
EXTRAS = ("agent", "hub", "test")
BUILD = ("editables",)
"""Packages that hatchling needs for an editable install, beside `build-system.requires`."""
SOURCE = ("setuptools",)
"""Packages that build others without a wheel: install them first, without build isolation."""
HEADER = """\
# Every package of every extra, with the hashes of its files. Ranges are in pyproject.toml.
# Written by deploy/lock.py; edit pyproject.toml and run that instead.
"""

Package = dict[str, Any]


def main() -> int:
    """Resolve, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--upgrade", action="store_true")
    parser.add_argument("--upgrade-package", action="append", default=[], metavar="NAME")
    args = parser.parse_args()
    wishes = ["--upgrade"] if args.upgrade else []
    wishes += [word for name in args.upgrade_package for word in ("--upgrade-package", name)]
    with tempfile.TemporaryDirectory() as scratch:
        text = HEADER + "".join(entries(Path(scratch), wishes))
    LOCK.write_text(text, encoding="utf-8")
    print(f"{text.count('==')} packages, {text.count('--hash')} hashes: {LOCK.relative_to(ROOT)}")
    return 0


def entries(scratch: Path, wishes: list[str]) -> Iterator[str]:
    """One text per package: its extras, its pin, its hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = requirements(project)
    for name, lines in asked.items():
        (scratch / f"{name}.in").write_text("\n".join(lines) + "\n", encoding="utf-8")
    everything = scratch / "pins.txt"
    # What is there is what uv prefers.
    everything.write_text(LOCK.read_text("utf-8"), encoding="utf-8")
    compile_with_uv([scratch / f"{name}.in" for name in asked], everything, wishes)
    users: dict[str, set[str]] = {}
    for name in asked:
        part = scratch / f"pylock.{name}.toml"
        compile_with_uv([scratch / f"{name}.in"], part, ["--constraint", str(everything)])
        for package in packages(part):
            users.setdefault(key(package), set()).add(name)
    whole = scratch / "pylock.toml"
    compile_with_uv(
        [scratch / f"{name}.in" for name in asked], whole, ["--constraint", str(everything)]
    )
    for package in sorted(packages(whole), key=key):
        if any(holds(package, each) for each in environments()):
            yield entry(package, sorted(users[key(package)]))


def requirements(project: dict[str, Any]) -> dict[str, list[str]]:
    """Name of a set to the packages it asks for; the project's own dependencies are in each
    extra."""
    extras = project["project"]["optional-dependencies"]
    common = project["project"]["dependencies"]
    found = {name: [*common, *extras[name]] for name in EXTRAS}
    return {
        "build": [*project["build-system"]["requires"], *BUILD],
        "source": [*SOURCE],
        "kernel": [
            project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["compiler"]
        ],
        **found,
    }


def compile_with_uv(inputs: list[Path], out: Path, words: list[str]) -> None:
    """Resolve the inputs into `out`; ends the program with uv's message where that fails."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--python-version", f"{PYTHONS[0][0]}.{PYTHONS[0][1]}", "--no-annotate"]
    command += ["--no-header", "--output-file", str(out), *words, *map(str, inputs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"lock: {done.stderr.strip()}")


def packages(pylock: Path) -> list[Package]:
    """Packages of a pylock.toml (PEP 751)."""
    found: list[Package] = tomllib.loads(pylock.read_text("utf-8"))["packages"]
    return found


def key(package: Package) -> str:
    """Sorts by name, then by version."""
    return f"{canonicalize_name(package['name'])}=={package['version']}"


def environments() -> Iterator[dict[str, str]]:
    """Values for markers, of each supported Python on each processor."""
    for major, minor in PYTHONS:
        for machine in MACHINES:
            yield {
                **{name: str(value) for name, value in default_environment().items()},
                "python_version": f"{major}.{minor}",
                "python_full_version": f"{major}.{minor}.0",
                "platform_machine": machine,
            }


def holds(package: Package, environment: dict[str, str]) -> bool:
    """Whether it is installed there."""
    return "marker" not in package or Marker(package["marker"]).evaluate(environment)


def entry(package: Package, users: Iterable[str]) -> str:
    """The lines of a package in the file."""
    pin = f"{package['name']}=={package['version']}"
    if not all(holds(package, each) for each in environments()):
        pin += f" ; {package['marker']}"
    hashes = [f"--hash=sha256:{one}" for one in sorted(set(hashes_of(package)))]
    return f"# for: {' '.join(users)}\n" + " \\\n    ".join([pin, *hashes]) + "\n"


def hashes_of(package: Package) -> Iterator[str]:
    """SHA-256 of every file that may be installed on a supported system."""
    wheels = [(tags_of(wheel), wheel["hashes"]["sha256"]) for wheel in package.get("wheels", ())]
    lacks_a_wheel = False
    for environment in environments():
        if not holds(package, environment):
            continue
        fits = SYSTEMS[environment["python_version"], environment["platform_machine"]]
        usable = [digest for tags, digest in wheels if not tags.isdisjoint(fits)]
        lacks_a_wheel = lacks_a_wheel or not usable
        yield from usable
    if lacks_a_wheel and "sdist" in package:
        yield package["sdist"]["hashes"]["sha256"]


def tags_of(wheel: Package) -> frozenset[Tag]:
    """The Python versions and platforms in a wheel's file name."""
    name = wheel.get("name") or wheel["url"].rpartition("/")[2]
    return parse_wheel_filename(name)[3]


def tags_of_system(python: tuple[int, int], machine: str) -> frozenset[Tag]:
    """The tags that fit one Python on one processor."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(5, NEWEST_GLIBC + 1)]
    platforms += [f"{old}_{machine}" for old in ("manylinux1", "manylinux2010", "manylinux2014")]
    platforms += [f"linux_{machine}"]
    interpreter = f"cp{python[0]}{python[1]}"
    return frozenset(
        [
            *cpython_tags(python, platforms=platforms),
            *compatible_tags(python, interpreter=interpreter, platforms=platforms),
        ]
    )


SYSTEMS = {
    (f"{python[0]}.{python[1]}", machine): tags_of_system(python, machine)
    for python in PYTHONS
    for machine in MACHINES
}

if __name__ == "__main__":
    sys.exit(main())
