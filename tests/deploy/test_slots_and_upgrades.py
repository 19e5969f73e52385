"""What the installers do to an installed version: slots, the backup before an upgrade, the first
keeper. Programs are stand-ins in a folder."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.waiting import patience_s

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.system,
    pytest.mark.promise("Installing: The hub's installer passes its checks."),
]


def try_installing(folder: Path, script: str) -> "subprocess.CompletedProcess[str]":
    """Run this after the installers' common part, with `folder` in place of /opt/matthan."""
    text = (ROOT / "deploy/installing.sh").read_text(encoding="utf-8")
    (folder / "installing.sh").write_text(text.replace("home=/opt/matthan", f"home='{folder}/opt'"))
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"source deploy/dots.sh; {script}", str(folder)],
        capture_output=True,
        cwd=ROOT,
        text=True,
        timeout=patience_s(),
        check=False,
    )


def run_installing(folder: Path, script: str) -> str:
    """The same for what succeeds; returns what was said."""
    done = try_installing(folder, script)
    assert done.returncode == 0, done.stderr
    return done.stderr


FILL = """
source "$0/installing.sh"; wheel=$0/wheel; touch "$wheel"; mkdir -p "$home"
venv_options=(--without-pip); install_python() { :; }
fill_slot hub . ''; echo "$slot" >&2
"""
"""Makes a slot without any program in it."""


def test_who_runs_the_programs_can_read_them_whatever_roots_umask(tmp_path: Path) -> None:
    slot = Path(run_installing(tmp_path, f"umask 077; {FILL}").splitlines()[-1])
    for path in (slot, slot / "bin", slot / "bin/python", slot / "whole"):
        assert path.stat().st_mode & 0o004, path


def test_a_slot_of_another_python_is_made_anew(tmp_path: Path) -> None:
    """After an upgrade of Debian the slot's Python looks for its packages elsewhere."""
    slot = Path(run_installing(tmp_path, FILL).splitlines()[-1])
    (slot / "old").touch()
    assert "Installing the programs" in run_installing(tmp_path, FILL)
    assert not (slot / "old").exists()
    [packages] = (slot / "lib").glob("python3.*/site-packages")
    (packages / "hub").mkdir()
    (packages / "hub/__init__.py").touch()
    assert "Installing the programs" not in run_installing(tmp_path, FILL)


def slots(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "opt").glob("hub-*"))


def test_a_version_that_is_installed_twice_leaves_the_one_before(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "opt" / f"hub-{name}").mkdir(parents=True)
    (tmp_path / "opt/hub").symlink_to(tmp_path / "opt/hub-b")
    turn = 'source "$0/installing.sh"; slot=$home/hub-c; turn_slot hub'
    run_installing(tmp_path, turn)
    assert slots(tmp_path) == ["hub-b", "hub-c"]
    run_installing(tmp_path, turn)
    assert slots(tmp_path) == ["hub-b", "hub-c"]


HUB = """
source "$0/installing.sh"; data=$0 config=$0/hub.toml
keeper=keeper area='Xã Tân Khai' all_rights=see,clips
runuser() { shift 3; "$@"; }
install() { if [[ $1 == -d ]]; then mkdir -p "${@: -1}"; else : >"${@: -1}"; fi; }
touch "$0/why"
hub() {
    echo "$*" >>"$0/asked"
    grep -qsx -- "${*:1:2}" "$0/refused" || return 0
    echo "no: $* (already) $(cat "$0/why")" >&2
    return 1
}
"""
"""A hub's installer in the folder $0. A command of the hub whose first two words are a line of the
file `refused` is refused."""


def run_of_hub(folder: Path, *, to: str, slot: str = "none") -> "subprocess.CompletedProcess[str]":
    """Run the lines of `install_hub` that match `to`, with their functions."""
    installer = (ROOT / "deploy/hub/install.sh").read_text(encoding="utf-8")
    functions = re.findall(r"^\w+\(\) \{.*?^\}$", installer, re.M | re.S)
    wanted = [one for one in functions if re.match("(first_keeper|level_of|back_up_first)", one)]
    wanted += re.findall("^readonly two_versions=.*", installer, re.M)
    [body] = [one for one in functions if one.startswith("install_hub")]
    lines = [line for line in body.splitlines() if re.search(to, line)]
    assert lines
    return try_installing(folder, "\n".join([HUB, f'slot="$home/{slot}"', *wanted, *lines]))


def asked(folder: Path) -> list[str]:
    lines = (folder / "asked").read_text().splitlines()
    (folder / "asked").unlink()
    return [" ".join(line.split()[:2]) for line in lines]


@pytest.mark.parametrize("refused", ["officer invite", "grant add"])
def test_a_first_keeper_who_was_not_made_is_said_and_made_by_the_next_run(
    tmp_path: Path, refused: str
) -> None:
    """Without a grant the keeper could give nobody any right."""
    (tmp_path / "refused").write_text(f"{refused}\n")
    said = run_of_hub(tmp_path, to="first_keeper").stderr
    assert f"no: {refused} keeper" in said
    assert "Run this again" in said
    assert not (tmp_path / "keeper-made").exists()
    (tmp_path / "refused").write_text("area add\n")  # it is there by now
    asked(tmp_path)
    run_of_hub(tmp_path, to="first_keeper")
    assert asked(tmp_path)[-2:] == ["officer invite", "grant add"]
    assert (tmp_path / "keeper-made").exists()


UPGRADE = "^    back_up_first$"
"""The line of an installation that concerns the database; what follows is in
`test_upgrade_steps.py`."""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A hub that has been in use, and the next version's slot."""
    for name in ("hub-a", "hub-b"):
        (tmp_path / "opt" / name).mkdir(parents=True)
    (tmp_path / "opt/hub").symlink_to(tmp_path / "opt/hub-a")
    (tmp_path / "ca").mkdir()
    for name in ("hub.toml", "ca/ca.key", "hub.db", "keeper-made"):
        (tmp_path / name).write_text("something")
    return tmp_path


def upgraded(folder: Path) -> "subprocess.CompletedProcess[str]":
    return run_of_hub(folder, to=UPGRADE, slot="hub-b")


def test_an_upgrade_without_a_backup_is_refused_before_anything_changes(installed: Path) -> None:
    (installed / "refused").write_text(f"backup {installed}/backups\n")
    done = upgraded(installed)
    assert done.returncode == 1
    assert "The backup did not succeed: no: backup" in done.stderr
    assert asked(installed) == ["--help", f"backup {installed}/backups"]
    assert (installed / "opt/hub").readlink().name == "hub-a"


def test_a_first_run_that_was_cut_off_needs_no_backup(installed: Path) -> None:
    (installed / "keeper-made").unlink()
    (installed / "refused").write_text(f"backup {installed}/backups\n")
    assert upgraded(installed).returncode == 0


def test_programs_that_do_not_run_keep_nobody_from_an_upgrade(installed: Path) -> None:
    (installed / "refused").write_text(f"--help\nbackup {installed}/backups\n")
    done = upgraded(installed)
    assert done.returncode == 0
    assert "no backup is made" in done.stderr


@pytest.mark.parametrize("said", ["written by a newer hub", "Run: matthan-hub migrate"])
def test_a_database_of_another_version_keeps_nobody_from_an_upgrade(
    installed: Path, said: str
) -> None:
    """Another machine has brought it to the new version; or an upgrade was cut off here, and the
    programs in use are the new ones already. They cannot back it up, and need not."""
    assert said in (ROOT / "hub/base/db/schema.py").read_text(encoding="utf-8")
    (installed / "refused").write_text(f"backup {installed}/backups\n")
    (installed / "why").write_text(said)
    assert upgraded(installed).returncode == 0


LOOK = """
source "$0/installing.sh"; database=sqlite https=own upload_port=8443 config=$0/hub.toml
systemctl() { return 1; }; ss() { [[ $* != *:8080 ]] || echo 'users:(("tomcat",pid=1))'; }
"""


def test_a_port_of_the_hub_itself_that_is_taken_is_said_at_once(tmp_path: Path) -> None:
    """The hub would be tried again for ever, and the installer would wait for two minutes."""
    installer = (ROOT / "deploy/hub/install.sh").read_text(encoding="utf-8")
    found = re.findall(r"^(?:look_around|ours_has)\(\) \{.*?^\}$", installer, re.M | re.S)
    script = "\n".join([LOOK, *found, "look_around"])
    done = try_installing(tmp_path, script)
    assert done.returncode == 1
    assert "Port 8080 is taken by tomcat" in done.stderr
    (tmp_path / "hub.toml").touch()  # an upgrade: it is the hub's own, or configured otherwise
    assert try_installing(tmp_path, script).returncode == 0


def test_a_run_without_a_network_frees_what_a_run_that_was_cut_off_held(tmp_path: Path) -> None:
    script = f"""
        sed -i 's#/usr/sbin/policy-rc.d#{tmp_path}/policy#' "$0/installing.sh"
        source "$0/installing.sh"; packages() {{ echo khong-co; }}; is_there() {{ false; }}
        dpkg() {{ :; }}; get() {{ false; }}; install_packages
    """
    (tmp_path / "policy").write_text("#!/bin/sh\n# of matthan\nexit 101\n")
    assert "Is there a network?" in try_installing(tmp_path, script).stderr
    assert not (tmp_path / "policy").exists()


@pytest.mark.parametrize("script", ["hub", "node"])
def test_the_limits_of_the_log_count_from_the_installation_on(script: str) -> None:
    """journald reads them at its start only."""
    installer = (ROOT / "deploy" / script / "install.sh").read_text(encoding="utf-8")
    placed = installer.partition("/etc/systemd/journald.conf.d/matthan.conf\n")[2]
    assert placed.lstrip().startswith("systemctl try-restart systemd-journald.service\n")


def test_a_choice_that_the_kept_configuration_contradicts_is_said(tmp_path: Path) -> None:
    """Otherwise the proxy serves a name that the hub refuses, or the choice does nothing."""
    installer = (ROOT / "deploy/hub/install.sh").read_text(encoding="utf-8")
    found = re.findall(r"^write_configuration\(\) \{.*?^\}$", installer, re.M | re.S)
    (tmp_path / "hub.toml").write_text(
        '[store]\nurl = "sqlite:///hub.db"\n[web]\npublic_url = "https://cu.example.vn"\n'
    )
    stubs = "put_text() { cat >/dev/null; }; put_file() { :; }; own_name= contact= dns= acme= tls="
    head = f"{HUB}here=. choices=/none etc=$0 https=none upload_port=1; {stubs}"

    def said(host: str, database: str) -> list[str]:
        choice = f"host={host} database={database}"
        return run_installing(
            tmp_path, "\n".join([head, choice, *found, "write_configuration"])
        ).splitlines()

    assert len(said("cu.example.vn", "sqlite")) == 1
    assert "web.public_url" in said("moi.example.vn", "sqlite")[1]
    assert "SQLite" in said("cu.example.vn", "postgresql")[1]
