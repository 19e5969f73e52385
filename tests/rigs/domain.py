"""A town with a domain of its own: name server, public authority, proxy, each the real program.

    unshare --net --mount --propagation private python -m tests.rigs.domain FOLDER

Knot serves `town.test` and lets a key change one name; Pebble signs as Let's Encrypt does; Caddy
has the configuration of `deploy/hub/pages.sh`, and `deploy/hub/certificate.sh` gets the certificate
that Caddy shows. All run in a network of their own, at their real ports. Prints the results as
JSON.
"""

import base64
import contextlib
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HOST = "hub.town.test"
ZONE = """\
@ 60 SOA ns.town.test. keeper.town.test. 1 60 60 3600 60
@ 60 NS ns
ns 60 A 127.0.0.1
hub 60 A 127.0.0.1
"""
SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
WRONG = base64.b64encode(b"another key that nobody gave us.").decode()
PATIENCE_S = 180
NAME_SERVER = """\
server:
    listen: 127.0.0.1@53
    rundir: {folder}
database:
    storage: {folder}
key:
  - id: hub
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: hub-proves-its-name
    key: hub
    action: update
    update-type: [TXT]
    update-owner: name
    update-owner-match: equal
    update-owner-name: [_acme-challenge.{host}.]
zone:
  - domain: town.test
    storage: {folder}
    file: town.zone
    acl: hub-proves-its-name
"""


class Hub(http.server.BaseHTTPRequestHandler):
    """Stands where the hub's own port is."""

    def do_GET(self) -> None:
        """Answer with one word."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hub")

    def log_message(self, *_: object) -> None:
        """Be silent."""


def wait_until(what: str, come: Callable[[], object]) -> None:
    """RuntimeError when it does not come about."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            if come():
                return
        time.sleep(0.1)
    raise RuntimeError(f"it did not come about that {what}")


def listens(port: int) -> bool:
    """Whether somebody takes a connection there."""
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        return True


class Town:
    """The folder, what runs in it, and what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state, self.papers, self.etc = folder / "proxy", folder / "papers", folder / "etc"
        for each in (self.state, self.papers / "proxy", self.etc / "proxy"):
            each.mkdir(parents=True)
        self.acme_trust = folder / "acme.crt"
        self.public_root = folder / "public.crt"
        self.own_root = folder / "ca" / "ca.crt"

    def run(self, *command: object, **more: str) -> subprocess.CompletedProcess[str]:
        """The command to its end."""
        return subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            env={**os.environ, "LEGO_CA_CERTIFICATES": str(self.acme_trust), **more},
            cwd=ROOT,
            check=False,
        )

    @contextlib.contextmanager
    def running(self, port: int, *command: object, **more: str) -> Iterator[None]:
        """The program, from when it listens at the port until it has ended."""
        words = [str(word) for word in command]
        log = self.folder / f"{Path(words[0]).name}.log"
        with (
            log.open("ab") as out,
            subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **more}
            ) as program,
        ):
            try:
                wait_until(f"{words[0]} listens", lambda: program.poll() or listens(port))
                yield
            finally:
                program.terminate()

    @contextlib.contextmanager
    def name_server(self) -> Iterator[None]:
        """Knot at port 53, which whoever is in this network asks."""
        (self.folder / "town.zone").write_text(ZONE)
        config = self.folder / "knot.conf"
        config.write_text(NAME_SERVER.format(folder=self.folder, secret=SECRET, host=HOST))
        resolv = self.folder / "resolv.conf"
        resolv.write_text("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", resolv, "/etc/resolv.conf"], check=True)
        with self.running(53, "/usr/sbin/knotd", "-c", config):
            yield

    @contextlib.contextmanager
    def public_authority(self) -> Iterator[None]:
        """Pebble, whose own TLS is of a certificate that lego is told to trust."""
        key = self.folder / "acme.key"
        made = self.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=acme", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", key, "-out", self.acme_trust,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        config = self.folder / "pebble.json"
        said = {
            "listenAddress": "127.0.0.1:14000",
            "managementListenAddress": "127.0.0.1:15000",
            "certificate": str(self.acme_trust),
            "privateKey": str(key),
            "httpPort": 80,
            "tlsPort": 443,
        }
        config.write_text(json.dumps({"pebble": said}))
        command = ("pebble", "-config", config, "-dnsserver", "127.0.0.1:53")
        with self.running(15000, *command, PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="0"):
            trust = ssl.create_default_context(cafile=str(self.acme_trust))
            with urllib.request.urlopen("https://localhost:15000/roots/0", context=trust) as told:
                self.public_root.write_bytes(told.read())
            yield

    def papers_of_our_own(self) -> None:
        """Make the hub's own certificates like the installer."""
        hub = [sys.executable, "-m", "hub", "ca"]
        made = self.run(*hub, "init", self.folder / "ca")
        assert made.returncode == 0, made.stderr
        made = self.run(
            *hub, "issue", self.folder / "ca", "proxy", "--server", HOST,
            "--into", self.papers / "proxy",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr

    def installer(self, words: str, **choices: str) -> str:
        """What functions of the installer say with these choices; RuntimeError with its refusal."""
        given = {
            "https": "own", "cert": "", "key": "", "dns": "", "dns_env": "", "acme": "",
            "tls": "1.3", "host": HOST, "own_name": "", "upload_port": "8443",
            "papers": str(self.papers), "data": str(self.folder), "etc": str(self.etc),
            "proxy_state": str(self.state), "proxy_owner": "root:root",
        }  # fmt: skip
        script = f"""set -euo pipefail
            source deploy/dots.sh; source deploy/installing.sh
            source deploy/hub/pages.sh; source deploy/hub/papers.sh
            {words}"""
        done = self.run("bash", "-c", script, **{**given, **choices})
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    @contextlib.contextmanager
    def proxy(self, **choices: str) -> Iterator[None]:
        """Caddy with what the installer writes for these choices."""
        config = self.folder / "Caddyfile"
        config.write_text(
            self.installer(f"check_https; put_site_pair; caddyfile {HOST}", **choices)
        )
        command = ("caddy", "run", "--config", config, "--adapter", "caddyfile")
        with self.running(
            443, *command, XDG_DATA_HOME=str(self.state), XDG_CONFIG_HOME=str(self.state)
        ):
            yield

    def get_certificate(self, days: int = 30, **more: str) -> bool:
        """By the script that the unit runs; whether it ended well."""
        done = self.run(
            "deploy/hub/certificate.sh", self.etc / "install.conf", self.state, days, **more
        )
        with (self.folder / "lego.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        return done.returncode == 0

    def choose(self, **choices: str) -> None:
        """Lay down the installer's choices for the script."""
        said = {"host": HOST, "contact": "keeper@town.test", **choices}
        lines = [f"{name}={value}\n" for name, value in said.items()]
        (self.etc / "install.conf").write_text("".join(lines))

    def shown(
        self, trust: Path, port: int = 443, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ) -> str:
        """The serial that a phone with this trust sees, or the reason why it goes no further."""
        context = ssl.create_default_context(cafile=str(trust))
        context.maximum_version = most
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
                context.wrap_socket(plain, server_hostname=HOST) as line,
            ):
                told: Any = line.getpeercert()
                return str(told["serialNumber"])
        except ssl.SSLError as error:
            return str(error.reason)


def over_port_80(town: Town, url: str) -> dict[str, object]:
    """`--https acme`: before, with, and renewed."""
    choices = {"https": "acme", "acme": url}
    town.choose(**choices)
    found: dict[str, object] = {}
    with town.proxy(**choices):
        found["before: own"] = town.shown(town.own_root)
        found["got"] = town.get_certificate()
    with town.proxy(**choices):
        found["public"] = town.shown(town.public_root)
        found["nodes' port: own"] = town.shown(town.own_root, 8443)
        found["nodes' port: public"] = town.shown(town.public_root, 8443)
        found["1.2"] = town.shown(town.public_root, most=ssl.TLSVersion.TLSv1_2)
        found["led to"] = led_to()
        found["looked at again"] = town.get_certificate() and pem_serial(town)
        found["renewed"] = town.get_certificate(days=100_000) and pem_serial(town)
    with town.proxy(**choices, tls="1.2"):
        found["renewed is shown"] = town.shown(town.public_root)
        found["1.2 when asked for"] = town.shown(town.public_root, most=ssl.TLSVersion.TLSv1_2)
        found["nodes' port: 1.2"] = town.shown(town.own_root, 8443, most=ssl.TLSVersion.TLSv1_2)
    return found


def by_the_domain(town: Town, url: str) -> dict[str, object]:
    """`--https dns`: with nothing at port 80, and with a key that the name server does not know."""
    login = town.folder / "dns.env"
    lines = {
        "RFC2136_NAMESERVER": "127.0.0.1:53",
        "RFC2136_TSIG_KEY": "hub.",
        "RFC2136_TSIG_ALGORITHM": "hmac-sha256.",
        "RFC2136_TSIG_SECRET": SECRET,
    }
    login.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    choices: Mapping[str, str] = {"https": "dns", "dns": "rfc2136", "acme": url}
    town.choose(**choices)
    town.installer("check_https; put_site_pair", **choices, dns_env=str(login))
    kept = town.etc / "proxy" / "dns.env"
    before = pem_serial(town)
    return {
        "kept": f"{kept.stat().st_mode & 0o777:o}",
        "before": before,
        "a wrong key": town.get_certificate(**{**lines, "RFC2136_TSIG_SECRET": WRONG}),  # type: ignore[arg-type]  # words of a file
        "after a wrong key": pem_serial(town),
        "got": town.get_certificate(**lines),  # type: ignore[arg-type]  # words of a file
        "after": pem_serial(town),
    }


def pem_serial(town: Town) -> str:
    """Serial number of the certificate in the proxy's file."""
    told = town.run("openssl", "x509", "-in", town.state / "site.pem", "-noout", "-serial")
    return told.stdout.strip().removeprefix("serial=")


def led_to() -> str:
    """Address to which http:// redirects."""
    with socket.create_connection(("127.0.0.1", 80), timeout=60) as line:
        line.sendall(f"GET /cases?x=1 HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        head = line.makefile("rb").read().decode()
    [place] = [one for one in head.splitlines() if one.lower().startswith("location:")]
    return place.split(": ", 1)[1]


def main(folder: Path) -> None:
    """Both ways, one after the other, each with a folder of its own."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    hub = http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    url = "https://localhost:14000/dir"
    town = Town(folder / "a")
    with town.name_server(), town.public_authority():
        town.papers_of_our_own()
        found = {"port 80": over_port_80(town, url)}
        other = Town(folder / "b")
        shutil.copytree(town.papers, other.papers, dirs_exist_ok=True)
        other.acme_trust = town.acme_trust
        found["domain"] = by_the_domain(other, url)
    print(json.dumps(found))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
