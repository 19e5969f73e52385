"""Certificates and TLS versions that the pages' port offers to phones."""

import json
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.rigs.domain import HOST, Town

pytestmark = pytest.mark.promise("Installing: HTTPS certificates come by ACME or from the site.")

ROOT = Path(__file__).parents[2]
PROGRAMS = ("knotd", "pebble", "lego", "caddy")


@pytest.fixture(scope="module")
def found(needs_system: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Results in a town with a name server and a public authority of its own."""
    for name in PROGRAMS:
        if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            pytest.skip(f"{name} is not installed: run deploy/setup.sh test")
    if os.geteuid() != 0:
        pytest.skip("a network of its own needs root")
    done = subprocess.run(
        [
            "unshare", "--net", "--mount", "--propagation", "private",
            sys.executable, "-m", "tests.rigs.domain", tmp_path_factory.mktemp("domain"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_public_certificate_is_got_over_port_80_and_renewed(found: dict[str, Any]) -> None:
    told = found["port 80"]
    assert told["got"] is True
    assert int(told["before: own"], 16)  # until it has come, the hub's own
    assert int(told["public"], 16)
    assert told["public"] != told["before: own"]
    assert told["looked at again"] == told["public"]
    assert told["renewed is shown"] == told["renewed"] != told["public"]
    assert told["led to"] == f"https://{HOST}/cases?x=1"


def test_nodes_are_shown_the_hubs_own_authority_all_the_same(found: dict[str, Any]) -> None:
    told = found["port 80"]
    assert told["nodes' port: own"] == told["before: own"]
    assert told["nodes' port: public"] == "CERTIFICATE_VERIFY_FAILED"


@pytest.mark.promise("Security: Broker, node port and pages use TLS 1.3.")
def test_pages_speak_tls_1_3_alone_and_1_2_where_it_was_asked_for(found: dict[str, Any]) -> None:
    told = found["port 80"]
    assert told["1.2"] == told["nodes' port: 1.2"] == "TLSV1_ALERT_PROTOCOL_VERSION"
    assert told["1.2 when asked for"] == told["renewed"]


def test_a_public_certificate_is_got_by_the_domain_alone(found: dict[str, Any]) -> None:
    told = found["domain"]
    assert told["got"] is True
    assert told["after"] != told["before"]
    assert told["kept"] == "600"  # the login of the domain's provider


def test_a_refused_domain_leaves_the_certificate_that_is_there(found: dict[str, Any]) -> None:
    told = found["domain"]
    assert told["a wrong key"] is False
    assert told["after a wrong key"] == told["before"]


def pair(folder: Path, name: str, host: str, days: int = 30) -> tuple[str, str]:
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
            "-days", str(days), "-keyout", key, "-out", cert,
        ],
        capture_output=True,
        check=True,
    )  # fmt: skip
    return str(cert), str(key)


INTO_PLACE = "put_text() { cat >$1; chmod $2 $1; }; check_https; put_site_pair"


@pytest.mark.system
def test_a_certificate_whose_file_ends_amid_a_line_is_laid_so_that_the_proxy_reads_it(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path / "town")
    cert, key = pair(tmp_path, "one", HOST)
    Path(cert).write_text(Path(cert).read_text().rstrip("\n"))
    town.installer(INTO_PLACE, https="files", cert=cert, key=key)
    pem = town.state / "site.pem"
    assert pem.read_text() == Path(cert).read_text() + "\n" + Path(key).read_text()
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(pem)


@pytest.mark.system
def test_a_new_login_of_the_domains_provider_is_kept_where_a_certificate_is_there(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path / "town")
    cert, key = pair(tmp_path, "one", HOST)
    shown = Path(cert).read_text() + Path(key).read_text()
    (town.state / "site.pem").write_text(shown)
    login = tmp_path / "login"
    for token in ("CF_TOKEN=old\n", "CF_TOKEN=new\n"):
        login.write_text(token)
        town.installer(INTO_PLACE, https="dns", dns="cloudflare", dns_env=str(login))
        assert (town.etc / "proxy" / "dns.env").read_text() == token
    assert (town.state / "site.pem").read_text() == shown


@pytest.mark.system
def test_the_sites_own_certificate_is_laid_whole_and_replaced_whole(tmp_path: Path) -> None:
    town = Town(tmp_path / "town")
    pem = town.state / "site.pem"
    for name in ("one", "two"):
        cert, key = pair(tmp_path, name, HOST)
        town.installer(INTO_PLACE, https="files", cert=cert, key=key)
        assert pem.read_text() == Path(cert).read_text() + Path(key).read_text()
        assert pem.stat().st_mode & 0o777 == 0o600


@pytest.mark.system
def test_a_site_certificate_that_phones_would_refuse_is_refused_in_one_line(tmp_path: Path) -> None:
    town = Town(tmp_path / "town")
    cert, key = pair(tmp_path, "one", HOST)
    _, foreign = pair(tmp_path, "two", HOST)
    elsewhere, its_key = pair(tmp_path, "three", "hub.other.test")
    (tmp_path / "text").write_text("no certificate")
    for given, said in (
        ((cert, foreign), "is not the key of"),
        ((elsewhere, its_key), f"is not for {HOST}"),
        ((str(tmp_path / "text"), key), "holds no certificate"),
        ((cert, str(tmp_path / "text")), "holds no key"),
        ((cert, str(tmp_path / "none")), "--https files needs"),
    ):
        with pytest.raises(RuntimeError, match=said) as refused:
            town.installer("check_https", https="files", cert=given[0], key=given[1])
        assert len(str(refused.value).splitlines()) == 1


@pytest.mark.system
def test_choices_that_no_authority_can_serve_are_refused_in_one_line(tmp_path: Path) -> None:
    town = Town(tmp_path / "town")
    login = tmp_path / "login"
    login.write_text("CF_TOKEN=x\nmy token is y\n")
    for given, said in (
        ({"https": "acme", "host": "192.0.2.7"}, "is none. Take --https own or files"),
        ({"https": "acme", "acme": "http://ca"}, "--acme is the address"),
        ({"https": "dns"}, "--dns PROVIDER"),
        ({"https": "dns", "dns": "rfc2136"}, "--dns-env FILE"),
        ({"https": "dns", "dns": "rfc2136", "dns_env": str(login)}, "line 2 is not NAME=VALUE"),
        ({"tls": "1.1"}, "--tls is 1.3 or 1.2"),
    ):
        with pytest.raises(RuntimeError, match=said) as refused:
            town.installer("check_https", **given)
        assert len(str(refused.value).splitlines()) == 1


def named(cert: Path) -> list[str]:
    """Names and addresses in this certificate."""
    found = x509.load_pem_x509_certificate(cert.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


@pytest.mark.system
@pytest.mark.promise("Installing: Several machines share a name, and each has one of its own.")
def test_a_brokers_certificate_has_the_machines_own_name_beside_the_common_one(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path / "town")
    (town.papers / "broker").mkdir()
    words = f'hub() {{ {sys.executable} -m hub "$@"; }}; runuser() {{ shift 3; "$@"; }}; '
    words += "put_text() { cat >$1; }; make_papers"
    cert = town.papers / "broker" / "broker.crt"
    town.installer(words)
    assert named(cert) == [HOST, "localhost", "127.0.0.1"]
    town.installer(words, own_name="hub2.town.test")
    assert named(cert) == [HOST, "hub2.town.test", "localhost", "127.0.0.1"]
    before = cert.read_bytes()
    town.installer(words, own_name="hub2.town.test")
    assert cert.read_bytes() == before
