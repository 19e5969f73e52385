"""What the installers refuse before they change anything; the rigs try everything else in booted
systems."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.node.wanted import wanted
from hub.access.rules.grants import Right
from tests.waiting import patience_s

pytestmark = [
    pytest.mark.promise("Installing: The hub's installer passes its checks."),
    pytest.mark.promise("Installing: A first-boot file enrols a new card."),
]

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path for folder in ("deploy", "tests/rigs") for path in (ROOT / folder).rglob("*.sh")
)

with_apt = pytest.mark.skipif(
    shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None, reason="needs Debian's apt"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the installers need root")


def refusal(script: Path, *words: str) -> str:
    done = subprocess.run(
        [str(script), *words], capture_output=True, text=True, timeout=patience_s(), check=False
    )
    assert done.returncode == 1, done.stderr
    assert not Path("/opt/matthan").exists()
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.system
@as_root
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "a/b", "--contact", "k@example.vn"), "'a/b' is no host"),
        (("--host", "hub", "--contact", "nobody"), "--contact keeper@example.vn"),
        (("--host", "hub", "--own-name", "a/b"), "'a/b' is no name of a machine"),
        (("--host", "hub", "--contact", "k@example.vn", "--database", "oracle"), "'oracle'"),
        (("--host", "hub", "--contact", "k@example.vn", "--https", "files"), "--cert FILE"),
        (("--host", "hub", "--contact", "k@example.vn", "--https", "maybe"), "'maybe'"),
        (("--host", "hub", "--contact", "k@example.vn", "--bundle", "/none"), "/none"),
        (("--host", "hub", "--contact", "k@example.vn", "--map", "/none"), "no file /none"),
        (("--host", "hub", "--contact", "k@example.vn", "--map", "/etc"), "no file /etc"),
        (("--hots", "hub"), "Not understood: --hots"),
        (("--host",), "--host wants a word after it"),
        (("uninstall", "--all"), "Not understood: --all"),
    ],
)
def test_the_hubs_installer_says_in_one_line_what_it_does_not_take(
    words: tuple[str, ...], said: str
) -> None:
    assert said in refusal(ROOT / "deploy/hub/install.sh", *words)


def test_the_first_keeper_has_every_right_since_who_lacks_one_can_give_it_to_nobody() -> None:
    installer = (ROOT / "deploy/hub/install.sh").read_text(encoding="utf-8")
    granted = installer.partition("readonly all_rights=")[2].split()[0].split(",")
    assert granted == [right.lower() for right in Right.__members__]


def test_a_hub_that_stands_by_for_another_machine_counts_as_installed() -> None:
    installer = (ROOT / "deploy/hub/install.sh").read_text(encoding="utf-8")
    [good] = re.findall(r"StatusText \S+ \| grep -qE '(.+)'", installer)
    parts = (ROOT / "hub/app/parts.py").read_text(encoding="utf-8")
    body = parts.partition("def intake_now")[2].partition("@cached_property")[0]
    said = re.findall(r'(?:return|else) "(.+?)"', body)
    assert {words for words in said if re.search(good, words)} == {
        "nodes are heard",
        "the intake stands by for another process",
    }
    assert len(said) == 4


@pytest.mark.system
@as_root
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--bundle", "/none"), "There is no folder /none"),
        (("--nonsense",), "Not understood: --nonsense"),
        (("--look",), "--look wants a word after it"),
        (("uninstall", "--all"), "Not understood: --all"),
    ],
)
def test_the_nodes_installer_says_in_one_line_what_it_does_not_take(
    words: tuple[str, ...], said: str
) -> None:
    assert said in refusal(ROOT / "deploy/node/install.sh", *words)


KEY_STUBS = """
source deploy/dots.sh; source deploy/installing.sh
here=. etc=$0 sealed=$0/node.key.sealed dropin=sealed-key.conf config=none units=()
key_file() { echo "$etc/node.key"; }
put_file() { [[ ! -e $1 ]] || cp "$1" "$2"; }
put_text() { cat >"$1"; }
put_units() { :; }; in_slot() { :; }; settle() { :; }; systemctl() { :; }
systemd-creds() {
    [[ $1 != decrypt || ! -e $etc/another-board ]] || return 1
    case $1-${4-} in
        encrypt-*) cp "$3" "$4" ;;
        decrypt--) cat "$3" ;;
        decrypt-*) cp "$3" "$4" ;;
        *) return 1 ;;
    esac
}
"""
"""Everything that the key of a node needs, in the folder $0; a sealed key is only a copy."""


def run_of_node(function: str, folder: Path) -> str:
    """Last line of a function of the node's installer, run in a folder instead of /etc and /run."""
    installer = (ROOT / "deploy/node/install.sh").read_text(encoding="utf-8")
    found = re.findall(
        r"^(?:\w+_sealed_key|\w*seal_key|start_all)\(\) \{.*?^\}$", installer, re.M | re.S
    )
    functions = re.sub("/etc(?=/systemd)|/run(?=/matthan)", "$etc", "\n".join(found))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{KEY_STUBS}{functions}\n{function}", str(folder)],
        capture_output=True,
        cwd=ROOT,
        text=True,
        timeout=patience_s(),
        check=False,
    )
    return done.stderr.splitlines()[-1]


def units_with_sealed_key(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.rglob("sealed-key.conf"))


SEALED_UNITS = ["matthan-agent-check.service.d", "matthan-agent.service.d"]


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A box whose key is sealed."""
    (tmp_path / "node.key").write_text("first")
    assert "A check by hand needs the key" in run_of_node("seal_key", tmp_path)
    assert not (tmp_path / "node.key").exists()
    assert units_with_sealed_key(tmp_path) == SEALED_UNITS
    return tmp_path


@pytest.mark.system
def test_a_sealed_box_that_is_removed_and_installed_again_has_its_key(sealed: Path) -> None:
    shutil.rmtree(sealed / "systemd")  # as `uninstall` does
    assert "It is no camera box yet" in run_of_node("start_all", sealed)
    assert units_with_sealed_key(sealed) == SEALED_UNITS
    assert "The key is a file again" in run_of_node("unseal_key", sealed)
    assert (sealed / "node.key").read_text() == "first"
    assert units_with_sealed_key(sealed) == []


@pytest.mark.system
def test_unsealing_keeps_the_key_of_a_later_enrolment(sealed: Path) -> None:
    (sealed / "node.key").write_text("second")
    run_of_node("unseal_key", sealed)
    assert (sealed / "node.key").read_text() == "second"
    assert not (sealed / "node.key.sealed").exists()


@pytest.mark.system
def test_on_another_board_unsealing_says_how_to_go_on_and_that_works(sealed: Path) -> None:
    (sealed / "another-board").touch()
    said = run_of_node("unseal_key", sealed)
    assert re.search(r"does not open on this board.*enrol --again CODE.*once more: .* unseal", said)
    assert (sealed / "node.key.sealed").exists()
    (sealed / "node.key").write_text("second")
    run_of_node("unseal_key", sealed)
    assert (sealed / "node.key").read_text() == "second"
    assert units_with_sealed_key(sealed) == [], "the agent would not start"


@pytest.mark.promise("Installing: A partial bundle is refused.")
@pytest.mark.system
@as_root
def test_a_bundle_that_was_not_copied_whole_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    files = [path for path in (tmp_path / "deploy").rglob("*") if path.is_file()]
    sums = subprocess.run(
        ["sha256sum", *(str(path.relative_to(tmp_path)) for path in files)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (tmp_path / "SHA256SUMS").write_text(sums)
    with (tmp_path / "deploy/constraints.txt").open("r+") as file:
        file.truncate(40)
    assert "was not copied whole" in refusal(tmp_path / "deploy/node/install.sh", "CODE")
    (tmp_path / "deploy/constraints.txt").unlink()
    assert "was not copied whole" in refusal(tmp_path / "deploy/node/install.sh", "CODE")


@pytest.mark.promise("Installing: The offline bundle holds all that a node needs.")
@pytest.mark.system
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_bundle_holds_all_that_an_agent_imports_pinned_and_hashed(
    python: str, machine: str
) -> None:
    entries = wanted(python, machine)
    names = [entry.partition("==")[0] for entry in entries]
    assert {"numpy", "opencv-python-headless", "av", "ai-edge-litert", "httpx"} <= set(names)
    assert not {"fastapi", "pytest", "hatchling", "ziglang"} & set(names)
    assert len(names) == len(set(names))
    assert all("--hash=sha256:" in entry and " ; " not in entry for entry in entries)


def chosen_wheel(checkout: Path, bundle: str = "") -> "subprocess.CompletedProcess[str]":
    """Which wheel the installers take; `uname` says that this is an arm64 box."""
    script = "source deploy/dots.sh; source deploy/installing.sh; uname() { echo aarch64; }; "
    script += 'find_wheel "$@"; echo "$wheel"'
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script, "test", str(checkout), bundle],
        capture_output=True,
        cwd=ROOT,
        text=True,
        check=False,
    )


def put_wheel(folder: Path, processor: str, version: str = "1.0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"matthan-{version}-py3-none-manylinux_2_17_{processor}.whl"
    wheel.touch()
    return wheel


@pytest.mark.system
def test_a_box_installs_the_wheel_of_its_own_processor_from_its_bundle(tmp_path: Path) -> None:
    put_wheel(tmp_path / "dist", "aarch64", version="0.9")
    put_wheel(tmp_path / "thanh USB/wheels", "x86_64")
    wanted = put_wheel(tmp_path / "thanh USB/wheels", "aarch64")
    assert chosen_wheel(tmp_path / "thanh USB").stdout == f"{wanted}\n"
    assert chosen_wheel(tmp_path, str(wanted.parent)).stdout == f"{wanted}\n"


@pytest.mark.system
def test_without_a_built_wheel_or_with_two_nothing_is_installed(tmp_path: Path) -> None:
    put_wheel(tmp_path / "dist", "x86_64")
    done = chosen_wheel(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"install: No wheel of the programs for aarch64 is in {tmp_path}/dist. "
        "Build it: deploy/wheels.sh\n"
    )
    for version in ("1.0", "1.1"):
        put_wheel(tmp_path / "dist", "aarch64", version)
    done = chosen_wheel(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "dist has 2 wheels of the programs" in done.stderr


@pytest.mark.system
@as_root
@pytest.mark.parametrize("script", ["hub", "node"])
def test_an_installer_without_a_wheel_says_so_before_it_changes_anything(
    tmp_path: Path, script: str
) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    words = ("--host", "hub", "--contact", "k@example.vn") if script == "hub" else ()
    said = refusal(tmp_path / "deploy" / script / "install.sh", *words)
    assert "Build it: deploy/wheels.sh" in said


@pytest.mark.system
def test_programs_are_chosen_from_a_stick_whose_files_cannot_be_executed(tmp_path: Path) -> None:
    """As on a FAT partition; pip is a stand-in that shows what it is asked for."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    for path in (tmp_path / "deploy").rglob("*.sh"):
        path.chmod(0o644)
    script = 'source deploy/dots.sh; source deploy/installing.sh; pins=$2; from=(); slot="$3"; '
    script += 'install_python() { cat "$pins"; }; install_pinned "$1" agent'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script, "test", tmp_path, tmp_path / "pins", "/none"],
        capture_output=True,
        cwd=ROOT,
        text=True,
        check=True,
    )
    assert "numpy==" in done.stdout


def make_package(folder: Path, name: str, depends: str = "") -> None:
    """An empty one of Debian's, as a stick has it."""
    made = folder.parent / name / "DEBIAN"
    made.mkdir(parents=True)
    fields = f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Xã <xa@example.vn>\n"
    fields += f"Depends: {depends}\n" if depends else ""
    (made / "control").write_text(f"{fields}Description: {name}\n of a test\n")
    command = ["dpkg-deb", "--root-owner-group", "--build", str(made.parent)]
    subprocess.run([*command, str(folder / f"{name}.deb")], capture_output=True, check=True)


def make_stick(folder: Path) -> Path:
    """A stick's packages, `tram` that needs `day` and `le` that needs what is nowhere; real apt is
    asked, but only says what it would install, on a machine with nothing on it."""
    stick = folder / "thanh USB"
    (folder / "bin").mkdir()
    stick.mkdir()
    make_package(stick, "tram", depends="day (>= 1)")
    make_package(stick, "day")
    make_package(stick, "le", depends="khong-co")
    (folder / "status").touch()
    apt = folder / "bin/apt-get"
    apt.write_text(
        "#!/bin/bash\nset -o pipefail\nsimulate=--simulate\n"
        'for word; do [ "$word" != update ] || simulate=; done\n'
        f"exec {shutil.which('apt-get')} $simulate -o Dir::State::status={folder}/status"
        f" -o Dir::Cache={folder} -o Debug::NoLocking=1 -o Acquire::Check-Date=true"
        f' "$@" | tee -a {folder}/said\n'
    )
    apt.chmod(0o755)
    return stick


def take_from(stick: Path, *names: str) -> tuple[list[str], str]:
    """Packages that apt would install of these, and the installer's output."""
    script = "source deploy/dots.sh; source deploy/installing.sh; source deploy/node/packages.sh; "
    script += 'list_packages "$1"; from_stick "$@"'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script, "test", str(stick), *names],
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"PATH": f"{stick.parent / 'bin'}:{os.environ['PATH']}"},
        text=True,
        check=True,
        timeout=patience_s(),
    )
    lines = (stick.parent / "said").read_text().splitlines() if names else []
    return [line.split()[1] for line in lines if line.startswith("Inst ")], done.stderr


@pytest.mark.promise("Installing: The offline bundle holds all that a node needs.")
@pytest.mark.system
@with_apt
def test_a_package_comes_from_the_stick_with_what_it_needs_and_nothing_else(tmp_path: Path) -> None:
    taken, said = take_from(make_stick(tmp_path), "tram", "python3-not-on-it")
    assert taken == ["day", "tram"]
    assert not said


@pytest.mark.system
@with_apt
def test_a_stick_that_does_not_fit_is_said_and_the_network_is_asked(tmp_path: Path) -> None:
    taken, said = take_from(make_stick(tmp_path), "le")
    assert not taken
    assert "khong-co" in said
    assert "do not fit this box (see above); the network is asked" in said


@pytest.mark.system
def test_a_package_whose_setting_up_was_cut_off_starts_no_service_of_its_own(
    tmp_path: Path,
) -> None:
    """Debian's mosquitto is half set up; what is called says what it was asked."""
    policy, programs = tmp_path / "policy-rc.d", tmp_path / "bin"
    programs.mkdir()
    for name, script in {
        "dpkg": f"[ -x {policy} ] || echo started; echo installed >{tmp_path}/status",
        "dpkg-query": f"cat {tmp_path}/status",
        "systemctl": f'echo "$@" >>{tmp_path}/asked',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{{ {script}; }} | tee -a {tmp_path}/{name}\n")
        (programs / name).chmod(0o755)
    (tmp_path / "status").write_text("half-configured\n")
    installing = (ROOT / "deploy/installing.sh").read_text()
    (tmp_path / "installing.sh").write_text(
        installing.replace("/usr/sbin/policy-rc.d", str(policy))
    )
    script = "source deploy/dots.sh; source $0/installing.sh; packages() { echo mosquitto; }; "
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script + "install_packages", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
        check=True,
        timeout=patience_s(),
    )
    assert not (tmp_path / "dpkg").read_text()
    assert (tmp_path / "asked").read_text() == "disable --quiet mosquitto.service\n"
    assert not policy.exists()


@pytest.mark.system
def test_a_stick_for_a_processor_that_no_box_has_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(ROOT / "deploy/node/bundle.sh"), str(tmp_path / "stick")],
        capture_output=True,
        env=os.environ | {"PLATFORM": "arm64"},
        text=True,
        check=False,
        timeout=patience_s(),
    )
    assert done.returncode == 1
    assert done.stderr == "bundle: PLATFORM is aarch64 or x86_64, not arm64.\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.system
@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_against_a_script(script: Path) -> None:
    done = subprocess.run(
        ["shellcheck", "-x", "-S", "warning", str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    # dots.sh and installing.sh are sourced: what they set is used by others
    assert [line for line in done.stdout.splitlines() if "(error)" in line] == []
