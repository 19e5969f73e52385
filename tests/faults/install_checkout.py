"""Two releases for the campaign of pulled plugs, installed by the installer as it is.

What takes a minute and is not the installer's is made cheap: the releases ask for no other package
and build themselves, and what `python -m venv` and pip wrote in one real run is laid down again by
their stand-ins, file by file and unsynced as by them. Debian's package manager has a stand-in too.
"""

import shutil
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = Path("/usr/bin/python3").resolve()

PROJECT: Final = """[build-system]
requires = []
build-backend = "small"
backend-path = ["deploy"]
[project]
name = "matthan"
version = "{version}"
[project.optional-dependencies]
agent = []
"""
BACKEND: Final = '''"""Makes the wheel; nothing has to be fetched for it."""
import pathlib, zipfile
NAME, VERSION = "matthan", "{version}"
def build_wheel(folder, config_settings=None, metadata_directory=None):
    info, wheel = f"{{NAME}}-{{VERSION}}.dist-info", f"{{NAME}}-{{VERSION}}-py3-none-any.whl"
    meta = "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: " + VERSION
    files = {{str(one): one.read_bytes() for one in sorted(pathlib.Path("agent").rglob("*.*"))}}
    files |= {{
        f"{{info}}/METADATA": (meta + "\\nProvides-Extra: agent\\n").encode(),
        f"{{info}}/WHEEL": b"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{{info}}/entry_points.txt":
            b"[console_scripts]\\nmatthan-agent = agent.__main__:main\\n",
    }}
    record = "".join(f"{{name}},,\\n" for name in files) + f"{{info}}/RECORD,,\\n"
    with zipfile.ZipFile(pathlib.Path(folder, wheel), "w") as file:
        for name, data in (files | {{f"{{info}}/RECORD": record.encode()}}).items():
            file.writestr(name, data)
    return wheel
'''
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
    for name in ("agent", "deploy", "systemd"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("hub", "models", "wheels"):
        (folder / name).mkdir()
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text(PROJECT.format(version=version), "utf-8")
    (folder / "deploy/small.py").write_text(BACKEND.format(version=version), "utf-8")
    marked = [*(folder / "systemd").iterdir(), *(folder / "agent").rglob("*.py")]
    for path in marked:
        path.write_text(path.read_text("utf-8") + f"# {version}\n", "utf-8")
    for path in (folder / "deploy/installing.sh", folder / "deploy/node/install.sh"):
        text = path.read_text("utf-8")
        for what, instead in HARMS.get(harm, ()):
            text = text.replace(what, instead)
        path.write_text(text, "utf-8")


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
