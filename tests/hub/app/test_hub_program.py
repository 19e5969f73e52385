"""The hub as a program: its commands, its refusals, its start and its end."""

import http.server
import json
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from argparse import ArgumentParser, _SubParsersAction
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_crl

from agent.wire.answers import UploadToken
from hub.__main__ import MODULES, parser
from hub.access.invitations.service import Invitations
from hub.access.passwords import Passwords
from hub.access.signin.accounts import Accounts
from hub.access.tables import grants, people
from hub.alerting.alerts.tables import alerts
from hub.base.clock import steady_clock
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.nodes.spool.tables import events
from hub.notify.tables import phones
from hub.registry.tables import areas, nodes
from tests.bucket import KEY_ID, SECRET, new_bucket, s3_server
from tests.hub.helpers.app.hub_program import Site, running, site, with_picture
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.intake_rig import NodeLine, count, found_town
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until

__all__ = ["running", "site"]


pytestmark = pytest.mark.promise("Hub: Each command of the hub works in a real process.")


@pytest.fixture
def town(site: Site, sqlite_template: Path) -> Site:
    """The site with a database that knows a commune and a node."""
    shutil.copy(sqlite_template, site.folder / "hub.db")
    db = Database(site.url)
    found_town(db, "nga-tu-01")
    db.close()
    return site


@pytest.mark.promise("Rights: A grant on an area reaches all areas below it.")
@pytest.mark.system
def test_areas_and_nodes_are_entered_into_a_fresh_database(site: Site) -> None:
    for words in (
        ("area", "add", "Tân Khai", "--level", "commune"),
        ("area", "add", "Ngã tư 1", "--level", "junction", "--parent", "tan khai"),
        ("node", "add", "nga-tu-01", "--area", "Nga tu 1"),
    ):
        done = site.program(*words)
        assert done.returncode == 0, done.stderr
    db = Database(site.url)
    assert (count(db, areas), count(db, nodes)) == (2, 1)
    db.close()


def test_a_whole_hub_starts_files_what_a_node_says_and_stops_in_order(
    town: Site, running: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    hub = running()
    assert (
        httpx.get(f"http://127.0.0.1:{town.port}/health", timeout=patience_s()).status_code == 200
    )
    node, voice = NodeLine(town.broker, "nga-tu-01"), NodeVoice("nga-tu-01")
    node.say(voice.birth())
    assert (
        node.tokens.get(timeout=patience_s()).upload_url == f"http://127.0.0.1:{town.port}/upload"
    )
    event = voice.event(time.time_ns() // 1000)
    node.say(event)
    node.await_stored(event)
    node.leave()
    hub.send_signal(signal.SIGTERM)
    assert hub.wait(patience_s()) == 0
    assert town.log[-1]["event"] == "hub.stopped"
    stats = json.loads((town.folder / "stats.json").read_text())
    assert stats["cpu_s"] > 0
    assert stats["peak_rss_mib"] > 10
    db = Database(town.url)
    assert (count(db, events), count(db, alerts)) == (1, 1)
    db.close()


@pytest.mark.promise("Node to hub: A killed hub loses no event.")
@pytest.mark.promise("Rules and duty: An acknowledgement survives an offline phone and a restart.")
def test_a_killed_hub_starts_again_where_it_was(
    town: Site, running: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    first = running()
    first.kill()
    first.wait()
    node, voice = NodeLine(town.broker, "nga-tu-01"), NodeVoice("nga-tu-01")
    node.say(voice.birth())
    event = voice.event()
    node.say(event)
    running()
    node.say(event)  # as a node does that hears of the hub's return
    node.await_stored(event)
    node.leave()


def test_a_first_start_makes_its_database_and_keys_and_says_so(
    site: Site, running: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    running()
    assert site.has_said("database.created")
    for name in ("vapid.pem", "upload.key"):
        assert stat.S_IMODE((site.folder / "secrets" / name).stat().st_mode) == 0o600


@pytest.mark.system
def test_a_hub_without_its_broker_waits_for_it_and_says_so(town: Site) -> None:
    town.broker.stop()
    hub = town.start()
    try:
        until(lambda: town.has_said("broker.unreachable"), "the hub misses its broker")
        assert not town.has_said("ready")
        town.broker.start()
        until(lambda: town.has_said("ready"), "the hub is ready")
    finally:
        hub.terminate()
        assert hub.wait(patience_s()) == 0


@pytest.mark.promise("Bad input: A port that is in use is one error line.")
@pytest.mark.system
def test_a_taken_port_is_one_line_and_code_78(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        refused = site.program("run")
    assert refused.returncode == 78
    (line,) = refused.stderr.splitlines()
    assert f"web.port {site.port}" in line
    assert "set another" in line


@pytest.mark.system
def test_a_misspelt_key_is_one_line_and_code_78(site: Site) -> None:
    site.write_config("[alerts]\ngroup_quiet = 5\n")
    refused = site.program("run")
    assert refused.returncode == 78
    (line,) = refused.stderr.splitlines()
    assert line.endswith("unknown key alerts.group_quiet. Did you mean alerts.group_quiet_s?")


@pytest.mark.system
def test_missing_papers_are_one_line_and_code_78(site: Site) -> None:
    site.broker.papers("hub").key_file.unlink()
    refused = site.program("run")
    assert refused.returncode == 78
    assert "matthan-hub ca issue" in refused.stderr.splitlines()[-1]


@pytest.mark.system
def test_a_database_of_another_version_is_not_touched(site: Site) -> None:
    assert site.command("migrate").returncode == 0
    db = Database(site.url)
    with db.writing() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    refused = site.program("run")
    assert refused.returncode == 78
    assert "newer hub" in refused.stderr.splitlines()[-1]


@pytest.mark.system
def test_check_says_of_each_part_how_it_is_and_changes_nothing(site: Site) -> None:
    before = sorted(path.name for path in site.folder.iterdir())
    done = site.program("check")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"ok   {part}"
        for part in (
            *("configuration", "database", "media folder", "secrets", "backups"),
            *("channels", "private addresses", "summary on paper", "certificate", "broker"),
            "web port",
        )
    ]
    assert sorted(path.name for path in site.folder.iterdir()) == before


def test_check_names_all_that_is_wrong_with_its_cure(site: Site) -> None:
    site.broker.stop()
    with socket.create_server(("127.0.0.1", site.port)):
        done = site.command("check")
    assert done.returncode == 78
    bad = [line for line in done.stdout.splitlines() if line.startswith("BAD")]
    assert [line.split(":")[0] for line in bad] == ["BAD  broker", "BAD  web port"]
    assert "Check [broker] host and port" in bad[0]


@pytest.mark.promise("Seal and footage store: The footage store is a folder or an S3 bucket.")
@pytest.mark.system
def test_check_asks_the_bucket_and_names_what_is_missing(site: Site) -> None:
    with s3_server() as port:
        text = site.config.read_text().replace(
            "[store]", f'[store]\nmedia_url = "{new_bucket(port)}"'
        )
        site.config.write_text(text)
        done = site.command("check")
        assert "BAD  media bucket: there is no" in done.stdout
        assert "store.media_key_file" in done.stdout
        key_file = site.folder / "secrets" / "bucket.key"
        key_file.parent.mkdir()
        key_file.write_text(f"{KEY_ID}\n{SECRET}\n")
        assert "Run: chmod 600" in site.command("check").stdout
        key_file.chmod(0o600)
        done = site.command("check")
        assert "/media/ lets the hub in" in done.stdout
        assert done.returncode == 0
    away = site.command("check")
    assert away.returncode == 78
    assert f"BAD  media bucket: http://127.0.0.1:{port}/" in away.stdout
    assert SECRET not in away.stdout + away.stderr


def test_check_beside_a_running_hub_says_that_it_runs_and_leaves_it_alone(
    site: Site, running: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    hub = running()
    done = site.command("check")
    assert done.returncode == 0, done.stdout
    said = f"ok   web port: the hub is running at 127.0.0.1:{site.port}"
    assert done.stdout.splitlines()[-1] == said
    assert hub.poll() is None
    assert not site.has_said("broker.unreachable")


def test_another_programs_web_server_on_the_port_is_not_taken_for_a_hub(site: Site) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"ok": true}')

    with http.server.HTTPServer(("127.0.0.1", site.port), Answer) as other:
        thread = threading.Thread(target=other.serve_forever, args=(0.005,))
        thread.start()
        done = site.command("check")
        other.shutdown()
        thread.join()
    assert done.returncode == 78
    assert "cannot be listened on" in done.stdout.splitlines()[-1]


def test_officers_grants_and_phones_are_entered(town: Site) -> None:
    officer = ("officer", "add", "lan", "--name", "Lan", "--language", "vi", "--role", "officer")
    done = town.command(*officer, "--generate-password")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()[-1].removeprefix("password: ")) == 16
    second = town.command("officer", "add", "minh", "--password-stdin", stdin="một mật khẩu dài\n")
    assert second.returncode == 0, second.stderr
    granted = town.command(
        *("grant", "add", "lan", "--area", "Tân Khai", "--rights", "see,clips,alerted"),
        *("--until", "2099-12-31", "--reason", "trực ban"),
    )
    assert granted.returncode == 0, granted.stderr
    subscription = {
        "endpoint": "https://push.example/abc",
        "keys": {"p256dh": "BPublic", "auth": "secret"},
    }
    pushed = town.command(
        *("phone", "add", "lan", "--webpush", "-", "--label", "Lan's phone"),
        stdin=json.dumps(subscription),
    )
    assert pushed.returncode == 0, pushed.stderr
    topic = town.command("phone", "add", "minh", "--ntfy", "https://ntfy.example/minh")
    assert topic.returncode == 0, topic.stderr
    db = Database(town.url)
    assert [count(db, table) for table in (people, grants, phones)] == [2, 1, 2]
    db.close()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("node", "add", "n", "--area", "Nowhere"), "no area is called 'Nowhere'"),
        (("node", "add", "hub", "--area", "Tân Khai"), "no node may be called 'hub'"),
        (("node", "add", "nga-tu-01", "--area", "Tân Khai"), "already"),
        (
            ("camera", "place", "nga-tu-01", "cam", "--latitude", "-91", "--longitude", "0"),
            "-91 is not",
        ),
        (
            ("camera", "place", "nga-tu-01", "cam", "--latitude", "11.5", "--longitude", "106.6"),
            "nga-tu-01 has named no camera yet",
        ),
        (("phone", "add", "nobody", "--ntfy", "https://n.example/t"), "nobody signs in as"),
    ],
)
def test_what_cannot_be_entered_is_one_line_and_code_1(
    desk: Desk, sqlite_url: str, words: tuple[str, ...], why: str
) -> None:
    db = Database(sqlite_url)
    found_town(db, "nga-tu-01")
    db.close()
    assert why in desk.refuses(*words)


@pytest.mark.promise("Sign-in: There is no default account and no default password.")
@pytest.mark.promise("Hub: The password of the demonstration is made for its run.")
def test_an_officer_has_no_default_password(site: Site) -> None:
    assert site.command("officer", "add", "lan").returncode == 2
    short = site.command("officer", "add", "lan", "--password-stdin", stdin="123\n")
    assert short.returncode == 1


@pytest.mark.promise("Installing: The first keeper comes in by a one-time link.")
def test_the_first_keeper_comes_in_by_a_one_time_link(site: Site) -> None:
    invited = site.command("officer", "invite", "quan", "--name", "Hồ Quân", "--role", "keeper")
    assert invited.returncode == 0, invited.stderr
    [line] = [line for line in invited.stdout.splitlines() if "/invited/" in line]
    token = line.rpartition("/invited/")[2]
    db = Database(site.url)
    accounts = Accounts(db, clock=HubClock(), passwords=Passwords())
    new = accounts.invited.accept(token, password="cây bàng 1986", came_from="")
    assert new is not None
    may_invite = Invitations(db, clock=HubClock()).may_invite(new.asker)
    assert (new.asker.name, may_invite) == ("Hồ Quân", True)
    db.close()


def test_an_unknown_right_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["grant", "add", "lan", "--area", "x", "--rights", "see,fly", "--reason", "x"]
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)
    assert ended.value.code == 2
    assert "'fly' is no right; known are see,clips,alerted" in capsys.readouterr().err


def test_an_authority_is_made_and_issues_papers_by_command(site: Site) -> None:
    folder = site.folder / "own-ca"
    assert site.command("ca", "init", folder).returncode == 0
    issued = site.command("ca", "issue", folder, "nga-tu-07", "--days", "30")
    assert issued.returncode == 0, issued.stderr
    server = site.command(
        "ca", "issue", folder, "broker", "--server", "127.0.0.1", "--server", "hub.example"
    )
    assert server.returncode == 0, server.stderr
    assert {path.name for path in folder.iterdir()} == {
        *("ca.crt", "ca.key", "issued.txt"),
        *("nga-tu-07.crt", "nga-tu-07.key", "broker.crt", "broker.key"),
    }
    assert site.command("ca", "init", folder).returncode == 1


def bring(token: UploadToken, content: bytes) -> int:
    """A node's upload; the status it is answered."""
    name = b64encode(sha256(content).hexdigest().encode()).decode()
    headers = {
        "Authorization": f"Bearer {token.token}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(content)),
        "Upload-Metadata": f"sha256 {name}",
        "Content-Type": "application/offset+octet-stream",
    }
    return httpx.post(
        token.upload_url, content=content, headers=headers, timeout=patience_s()
    ).status_code


@pytest.mark.promise("Seal and footage store: The footage store is a folder or an S3 bucket.")
def test_a_hub_with_a_bucket_keeps_nothing_itself_and_goes_on_while_the_bucket_is_away(
    town: Site, running: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    with s3_server() as port:
        text = town.config.read_text().replace(
            "[store]", f'[store]\nmedia_url = "{new_bucket(port)}"'
        )
        town.config.write_text(text)
        key_file = town.folder / "secrets" / "bucket.key"
        key_file.parent.mkdir()
        key_file.write_text(f"{KEY_ID}\n{SECRET}\n")
        key_file.chmod(0o600)
        running()
        node, voice = NodeLine(town.broker, "nga-tu-01"), NodeVoice("nga-tu-01")
        node.say(voice.birth())
        token = node.tokens.get(timeout=patience_s())
        for content in (b"first picture", b"second picture"):
            event = with_picture(voice.event(time.time_ns() // 1000), content)
            node.say(event)
            node.await_stored(event)
        assert bring(token, b"first picture") == 201
        files = [path.name for path in (town.folder / "media").rglob("*") if path.is_file()]
        assert set(files) <= {steady_clock.FILE, "log-anchors"}
    assert bring(token, b"second picture") == 503
    event = voice.event(time.time_ns() // 1000)
    node.say(event)
    node.await_stored(event)
    node.leave()
    assert [line["event"] for line in town.log].count("media.store_away") == 1


def verbs(*arguments: str) -> "_SubParsersAction[ArgumentParser]":
    found = parser(arguments)._actions
    return next(one for one in found if isinstance(one, _SubParsersAction))


def test_the_help_names_every_command_with_its_meaning() -> None:
    """A group without one was there and could not be found."""
    said = {one.dest for one in verbs()._choices_actions if one.help}
    assert said == set(verbs().choices)


@pytest.mark.parametrize("words", [one[-1] for one in MODULES], ids=" ".join)
def test_a_command_alone_is_what_it_is_among_all(words: tuple[str, ...]) -> None:
    whole = verbs()
    for word in words:
        alone = verbs(word)
        assert (*alone.choices,) == words
        assert alone.choices[word].format_help() == whole.choices[word].format_help()


def test_the_brokers_list_is_at_each_start_what_the_database_says(
    site: Site, running: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    """A backup that was brought back may be of another authority, and know of others."""
    listed = site.folder / "crl.pem"
    listed.write_bytes(b"of another authority")
    site.write_config(f'[enrol]\ncrl_file = "{listed}"')
    running()
    authority = load_pem_x509_certificate(site.broker.papers("hub").ca_file.read_bytes())
    key = authority.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert load_pem_x509_crl(listed.read_bytes()).is_signature_valid(key)
