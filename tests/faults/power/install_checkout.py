"""Two releases for the campaign of pulled plugs, installed by the real installer.

Slow steps that are not the installer's own are made cheap: the releases' wheels need no other
package, and stand-ins write the files that `python -m venv` and pip wrote in one real run, file by
file and unsynced like them. Debian's package manager has a stand-in too.
"""

import platform
import shutil
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
PACKAGES: Final = ("agent", "toml_settings")
PYTHON: Final = Path("/usr/bin/python3").resolve()

METADATA: Final = """Metadata-Version: 2.1
Name: matthan
Version: {version}
Provides-Extra: agent
"""
WHEEL: Final = """Wheel-Version: 1.0
Root-Is-Purelib: false
Tag: {tag}
"""
SCRIPTS: Final = """[console_scripts]
matthan-agent = agent.__main__:main
"""
PYTHON_STAND_IN: Final = """#!/bin/sh
if [ "$1 $2" = "-m venv" ] && [ -d /srv/played/venv ]; then
    for slot; do :; done
    cp -a "/srv/played/venv/${{slot##*/}}" "$slot"
    rm "$slot/bin/python"
    exec cp /srv/played/pip "$slot/bin/python"
fi
exec {python} "$@"
"""
PIP_STAND_IN: Final = """#!/bin/sh
case " $* " in *" --no-deps "*) ;; *) exit 0 ;; esac # the release's wheel comes last
slot=${0%/bin/python}
exec cp -a --remove-destination "/srv/played/whole/${slot##*/}/." "$slot/"
"""
DPKG_STAND_IN: Final = """#!/bin/sh
for name; do :; done
[ "$name" != iproute2 ] || [ -e /var/lib/brought ] || exit 1
echo installed
"""
APT_STAND_IN: Final = """#!/bin/sh
case " $* " in *" install "*) sleep .05; touch /var/lib/brought; sync -f /var/lib; sleep .05 ;; esac
"""
COUNTED: Final = """set -T
trap 'printf . >&"$COUNTED"' DEBUG
"""
CONFIG: Final = """[node]
name = "nga-tu-07"
[[camera]]
name = "cong"
recording = "/srv/street.mp4"
"""

UNSYNCED: Final = (
    ('    sync -- "$draft"\n', ""),
    ('    sync -f "$slot"\n', ""),
    ("    os.fsync(handle)\n", "    pass\n"),
    ("settle() { sync -f / /opt /etc /var/lib /usr/local; }", "settle() { :; }"),
)
IN_PLACE: Final = (
    ('    if cmp -s -- "$draft" "$1"; then rm -f -- "$draft"; else mv -fT -- "$draft" "$1"; fi',
     '    : >"$1"; sleep .05; cat "$draft" >"$1"; rm -f -- "$draft"'),
)  # fmt: skip
HARMS: Final = {"unsynced": UNSYNCED, "in-place": IN_PLACE, "unsettled": UNSYNCED[-1:]}


def make_release(folder: Path, version: str, *, harm: str = "") -> None:
    """A checkout to install from; no two versions have a file of the node's root in common."""
    for name in (*PACKAGES, "deploy", "systemd"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    modules = (one for name in PACKAGES for one in (folder / name).rglob("*.py"))
    marked = [*(folder / "systemd").iterdir(), *modules]
    for path in marked:
        path.write_text(path.read_text("utf-8") + f"# {version}\n", "utf-8")
    for path in (folder / "deploy/installing.sh", folder / "deploy/node/install.sh"):
        text = path.read_text("utf-8")
        for what, instead in HARMS.get(harm, ()):
            text = text.replace(what, instead)
        path.write_text(text, "utf-8")
    (folder / "deploy/constraints.txt").write_text("# no packages\n", "utf-8")
    _put_wheel(folder, version)


def _put_wheel(folder: Path, version: str) -> None:
    """The release's programs as a wheel, in the folder `wheels` as a bundle has it."""
    tag, info = f"py3-none-manylinux_2_17_{platform.machine()}", f"matthan-{version}.dist-info"
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for name in PACKAGES
        for path in sorted((folder / name).rglob("*.*"))
        if path.is_file()
    }
    files |= {
        f"{info}/METADATA": METADATA.format(version=version).encode(),
        f"{info}/WHEEL": WHEEL.format(tag=tag).encode(),
        f"{info}/entry_points.txt": SCRIPTS.encode(),
    }
    record = "".join(f"{name},,\n" for name in files) + f"{info}/RECORD,,\n"
    (folder / "wheels").mkdir()
    with zipfile.ZipFile(folder / "wheels" / f"matthan-{version}-{tag}.whl", "w") as wheel:
        for name, data in (files | {f"{info}/RECORD": record.encode()}).items():
            wheel.writestr(name, data)


def put_stand_ins(root: Path, played: Path) -> None:
    """Into a machine's root that is plugged in; what pip lays down is found in `played`."""
    for path in ("opt/matthan", "etc/matthan", "var/lib/matthan", "var/lib/brought"):
        assert not (root / path).exists(), f"/{path} is there: this machine is a camera box itself"
    programs = {
        "usr/bin/python3": PYTHON_STAND_IN.format(python=PYTHON),
        "usr/local/sbin/dpkg-query": DPKG_STAND_IN,
        "usr/local/sbin/dpkg": "#!/bin/sh\n",
        "usr/local/sbin/apt-get": APT_STAND_IN,
        "srv/counted.sh": COUNTED,
    }
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)  # an image for containers has its own
    for name, text in programs.items():
        _put_program(root / name, text)
    _put_program(played / "pip", PIP_STAND_IN)


def _put_program(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)
