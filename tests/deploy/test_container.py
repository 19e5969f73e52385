"""The container files fit the installer and the tree, and take no right that they do not need."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.promise("Installing: The container files pass their checks.")

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "container"
IMAGE = (FOLDER / "Containerfile").read_text("utf-8")
START = (FOLDER / "start.sh").read_text("utf-8")


def compose() -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yml").read_text("utf-8"))
    return said


def test_each_file_that_the_image_takes_is_in_the_tree_and_let_through() -> None:
    lines = (ROOT / ".containerignore").read_text("utf-8").splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    taken = [
        word
        for line in re.findall(r"^COPY (?!--from)(.+)$", IMAGE, re.MULTILINE)
        for word in line.split()[:-1]
        if not word.startswith("--")
    ]
    assert len(taken) == 6
    for word in taken:
        is_built = word == "dist/*.whl"  # by deploy/wheels.sh, as the Containerfile says
        assert is_built or (ROOT / word).exists(), word
        assert any(word == one or word.startswith(f"{one}/") for one in let_in), word


def test_the_image_has_the_packages_that_the_installer_brings() -> None:
    needed = {*(ROOT / "deploy/hub/packages.txt").read_text("utf-8").split(), "caddy"}
    for_machines = {"passwd", "python3-venv", "procps"}  # users, environments and pkill of a host
    assert {one for one in needed - for_machines if one not in IMAGE} == set()


def test_what_may_be_told_a_container_reaches_it_and_each_command_says_where_it_stands() -> None:
    asked = set(re.findall(r"\$\{(MATTHAN_[A-Z]+)\b(?!_)", START))
    example = (FOLDER / "compose.env.example").read_text("utf-8")
    assert asked == set(re.findall(r"^(?:# )?(MATTHAN_\w+)=", example, re.MULTILINE))
    for name, part in compose()["services"].items():
        told = set(part["environment"]) | set(re.findall(r"\{(MATTHAN_\w+)", str(part["command"])))
        assert told == asked if name == "proxy" else told == asked - {"MATTHAN_TLS"}, name
        # podman-compose takes such a name's own text for its value where nobody set it.
        assert not any(":-" in value for value in part["environment"].values()), name
    # Without the file compose knows no name, and refuses every command, `exec` too.
    for page in (
        FOLDER / "compose.yml",
        ROOT / "docs/guide/hub.en.md",
        ROOT / "docs/guide/hub.vi.md",
    ):
        words = page.read_text("utf-8")
        commands = re.findall(r"podman compose[^`]+?compose[.a-z]*\.yml", words)
        assert commands, page
        for command in commands:
            assert "--env-file" in command, (page, command)
            # podman-compose looks for a path that is not whole below the file's own folder.
            assert '-f "$PWD/' in command, (page, command)


def test_each_part_is_one_that_the_image_knows_and_none_has_more_rights_than_it_needs() -> None:
    said = compose()
    parts = said["services"]
    assert set(parts) == {"papers", "broker", "hub", "proxy", "daily"}
    for name, part in parts.items():
        assert re.search(rf"^    {part['command'][0]}\)", START, re.MULTILINE), name
        assert part["read_only"] is True
        assert part["cap_drop"] == ["ALL"]
        assert "privileged" not in part
        for volume in part["volumes"]:
            assert volume.split(":")[0] in said["volumes"]
            assert f'"{volume.split(":")[1]}"' in IMAGE
    assert re.search(r"^USER matthan$", IMAGE, re.MULTILINE)
    # `compose exec hub start …`, as the page says it, is found by the path.
    assert re.search(r"^ENV PATH=\S*:/usr/local/bin:", IMAGE, re.MULTILINE)
    # Broker and proxy are users of their own, and cannot read the authority's key or the footage.
    users = {name: part["user"] for name, part in parts.items()}
    assert users == dict.fromkeys(parts, "matthan") | {
        "broker": "matthan-broker",
        "proxy": "matthan-proxy",
    }
    for number, user in ((10001, "matthan"), (10002, "matthan-broker"), (10003, "matthan-proxy")):
        assert f'"{number} {user}"' in IMAGE
    for name in ("broker", "proxy"):
        assert not any(volume.startswith("data:") for volume in parts[name]["volumes"])
    # Nor does the proxy ask for a port that only root may have, as for a redirect it would.
    assert "https_port 4443" in START and "auto_https disable_redirects" in START
    published = [port for part in parts.values() for port in part.get("ports", ())]
    assert published == ["8883:8883", "443:4443", "8443:8443"]  # the hub's own port is on loopback


def test_hub_broker_and_proxy_fit_together_into_the_machine_that_the_guide_advises() -> None:
    parts = compose()["services"]
    limits = {name: int(part["mem_limit"].removesuffix("m")) for name, part in parts.items()}
    assert limits["hub"] >= 500 and limits["broker"] >= 200
    guide = (ROOT / "docs/guide/hub.en.md").read_text("utf-8")
    found = re.search(r"(\d+) GB of memory", guide)
    assert found is not None
    advised_mb = int(found[1]) * 1000
    assert sum(limits[name] for name in ("hub", "broker", "proxy")) * 1.05 <= 0.85 * advised_mb


@pytest.mark.parametrize("script", ["container/start.sh", "hub/pages.sh"])
def test_the_proxy_compresses_nothing_because_the_length_of_a_page_would_tell_its_secrets(
    script: str,
) -> None:
    text = (ROOT / "deploy" / script).read_text("utf-8")
    assert "reverse_proxy" in text
    assert "encode" not in text


@pytest.mark.system
@pytest.mark.parametrize(
    ("host", "contact", "word"),
    [
        ("", "k@example.vn", "MATTHAN_HOST"),
        ("a/b", "k@example.vn", "MATTHAN_HOST"),
        ("hub.example }\nevil", "k@example.vn", "MATTHAN_HOST"),
        ("hub.example", "", "MATTHAN_CONTACT"),
        ("hub.example", "nobody", "MATTHAN_CONTACT"),
    ],
)
@pytest.mark.parametrize("part", ["papers", "hub", "proxy", "daily", "officer"])
def test_a_container_without_a_name_says_which_and_does_not_start(
    part: str, host: str, contact: str, word: str
) -> None:
    done = subprocess.run(
        [FOLDER / "start.sh", part],
        env={"PATH": os.environ["PATH"], "MATTHAN_HOST": host, "MATTHAN_CONTACT": contact},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 78
    assert word in done.stderr


@pytest.mark.system
def test_papers_are_made_anew_by_the_authority_that_a_backup_brought_back(tmp_path: Path) -> None:
    data, papers = tmp_path / "data", tmp_path / "papers"
    data.mkdir()
    here = START.replace(
        "data=/var/lib/matthan papers=/var/lib/matthan-papers", f"data={data} papers={papers}"
    )
    assert here != START
    start = tmp_path / "start.sh"
    start.write_text(here)
    said = os.environ | {
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "MATTHAN_HOST": "hub.example",
        "MATTHAN_CONTACT": "k@example.vn",
        "MATTHAN_HUB__STORE__URL": f"sqlite:///{data / 'hub.db'}",
    }

    def made() -> dict[str, bytes]:
        subprocess.run(["bash", start, "papers"], env=said, capture_output=True, check=True)
        whose: list[str | Path] = ["openssl", "verify", "-CAfile", data / "ca" / "ca.crt"]
        for name in ("broker", "proxy"):
            subprocess.run([*whose, papers / name / f"{name}.crt"], check=True)
        return {
            str(one.relative_to(papers)): one.read_bytes() for one in papers.glob("*/*[!t].[ckp]*")
        }

    first = made()
    assert {"broker/broker.crt", "broker/crl.pem", "proxy/proxy.key"} <= first.keys()
    assert made() == first
    shutil.rmtree(data / "ca")
    second = made()
    assert second.keys() == first.keys()
    assert not [name for name in first if second[name] == first[name]]
    for name in ("ca", "hub"):  # cut off between a key and its certificate
        (data / "ca" / f"{name}.crt").unlink()
        made()
        assert (data / "ca" / f"{name}.crt").exists()


@pytest.mark.system
def test_whichever_of_its_files_changes_a_program_is_told(tmp_path: Path) -> None:
    function = re.search(r"^tell_of_news\(\) \{.*?^\}", START, re.MULTILINE | re.DOTALL)
    assert function is not None
    files = [tmp_path / name for name in ("crl.pem", "broker.crt")]
    for file in files:
        file.write_text("old")
    program = "trap 'echo told' HUP; echo up; while :; do sleep .1; done"
    call = 'tell_of_news HUP "$1" "$2" -- bash -c "$3"'
    words = ["bash", "-c", f"set -euo pipefail\n{function[0]}\n{call}", "start"]
    with subprocess.Popen([*words, *files, program], stdout=subprocess.PIPE, text=True) as done:
        assert done.stdout is not None
        assert done.stdout.readline() == "up\n"
        for file in files:
            new = tmp_path / "new"
            new.write_text("new")
            new.replace(file)
            assert done.stdout.readline() == "told\n"
        done.terminate()
    assert "broker.crt" in re.findall(r"^    broker\)(.+?);;", START, re.MULTILINE | re.DOTALL)[0]
