"""A box enrols over real HTTPS: with the right hub, completely, and once."""

import os
import pwd
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography import x509

from agent.app.node import check_papers
from agent.cli.code_reader import read_code
from agent.cli.enrol import configuration, enrol
from agent.config import ConfigError, load
from agent.crypto import certificates
from agent.i18n import speaker
from agent.identity.renewal import Renewal, RenewalError, is_due
from agent.uplink.mqtt.errors import Trouble
from agent.uplink.tokens import Tokens
from agent.wire.answers import UploadToken
from agent.wire.enrolment import EnrolAnswer, EnrolledCamera, EnrolmentCode
from hub.base.db.database import Database
from hub.nodes.enrolment.tables import node_papers
from hub.nodes.pki.authority import Authority
from tests.browser.served import free_socket, served
from tests.hub.rigs.enrolling_rig import EnrolHub
from tests.hub.rigs.intake_rig import count
from tests.hub.rigs.web_town import NODE, TOKEN, Town

pytestmark = pytest.mark.promise(
    "Installing: The key of a node is made on the node and never leaves it."
)


class Field:
    """A hub that is served, and a box on which `enrol` is typed."""

    def __init__(self, hub: EnrolHub, town: Town, folder: Path, port: int) -> None:
        self.hub = hub
        self.town = town
        self.port = port
        self.config = folder / "etc" / "agent.toml"
        self.papers = folder / "papers"
        self.shown: list[str] = []

    def code(self, node: str = "nga-tu-01") -> EnrolmentCode:
        return self.hub.enrolling(self.port).code(self.hub.make(node))

    def enrol(self, code: EnrolmentCode | str, **words: object) -> None:
        enrol(
            code if isinstance(code, str) else code.text,
            config=self.config,
            papers=self.papers,
            show=self.shown.append,
            say=speaker("en"),
            **words,  # type: ignore[arg-type]  # what the tests give fits
        )

    def refuses(self, code: EnrolmentCode | str, **words: object) -> str:
        with pytest.raises(Trouble) as caught:
            self.enrol(code, **words)
        assert not self.config.exists() or "replaces" in words or "already" in str(caught.value)
        return str(caught.value)


@pytest.fixture
def field(needs_loopback: None, sqlite_url: str, tmp_path: Path) -> Iterator[Field]:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    hub = EnrolHub(db, tmp_path)
    papers = hub.authority.issue_server("web", datetime.now(UTC), hosts=("127.0.0.1",))
    place = free_socket()
    port = place.getsockname()[1]
    app = town.app(enrolling=hub.enrolling(port))
    with served(app, place, stop=town.change_signal.ring, papers=papers):
        yield Field(hub, town, tmp_path / "box", port)
    db.close()


def test_a_box_is_a_node_after_one_command(field: Field) -> None:
    field.enrol(field.code())
    settings = load(field.config)
    assert settings.node.name == "nga-tu-01"
    assert (settings.broker.host, settings.broker.port) == ("127.0.0.1", 8883)
    assert settings.camera[0].url == "rtsp://guest:secret@10.0.0.9/main"
    assert settings.camera[0].label == "Cổng chợ"
    key = settings.broker.key_file
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(field.papers.stat().st_mode) == 0o700
    assert stat.S_IMODE(field.config.stat().st_mode) == 0o640
    assert field.shown == ["this box is nga-tu-01 now; hub 127.0.0.1, 1 cameras"]


def test_the_key_never_leaves_the_box(field: Field) -> None:
    field.enrol(field.code())
    key = load(field.config).broker.key_file.read_text().splitlines()[1]
    for path in field.hub.authority.folder.parent.rglob("*"):
        if path.is_file() and field.papers not in path.parents:
            assert key.encode() not in path.read_bytes()


def test_a_code_counts_once_and_a_node_is_not_made_another_by_chance(field: Field) -> None:
    code = field.code()
    field.enrol(code)
    assert "is a node already" in field.refuses(field.code("nga-tu-02"))
    field.enrol(field.code("nga-tu-02"), replaces=True)
    assert load(field.config).node.name == "nga-tu-02"
    assert "systemctl restart matthan-agent" in field.shown[-1], "it runs on with the old papers"
    old = field.config.with_name("agent.toml.old")
    assert load(old).node.name == "nga-tu-01"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640  # passwords of cameras stand in it
    other = Field(field.hub, field.town, field.papers.parent.parent / "other", field.port)
    assert "used already" in other.refuses(code)


def test_a_run_that_was_cut_off_goes_on_with_the_same_key(field: Field) -> None:
    code = field.code()
    field.enrol(code)
    key = load(field.config).broker.key_file.read_bytes()
    field.config.unlink()  # as if the power went before the last rename
    field.enrol(code)
    assert load(field.config).broker.key_file.read_bytes() == key
    assert count(field.hub.db, node_papers) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_link_among_the_papers_leads_roots_hand_nowhere(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.cli.enrol.USER", "nobody")
    code, others = field.code(), tmp_path / "shadow"
    others.write_text("root's own", encoding="utf-8")
    field.enrol(code)
    key = load(field.config).broker.key_file
    (key.parent / "link").symlink_to(others)
    field.config.unlink()
    field.enrol(code)
    assert key.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert others.stat().st_uid == 0


@pytest.mark.promise("Node trouble: A hub that is away or foreign is reported.")
def test_another_hub_that_answers_gets_no_token(field: Field, tmp_path: Path) -> None:
    """Somebody in between with an authority of their own, under the same address."""
    code = field.code()
    theirs = Authority.create(tmp_path / "theirs", datetime.now(UTC))
    fake = EnrolmentCode(code.host, code.port, bytes.fromhex(theirs.fingerprint)[:16], code.token)
    assert "is not the hub that the code speaks of" in field.refuses(fake)
    assert field.hub.enroller.counts.total() == 0


@pytest.mark.promise("Node trouble: A hub that is away or foreign is reported.")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda code: EnrolmentCode("127.0.0.1", 1, code.fingerprint, code.token), "be reached"),
        (lambda code: EnrolmentCode(code.host, code.port, code.fingerprint, b"0" * 15), "not know"),
        (lambda code: code.text[:-3], "not copied whole"),
        (lambda _code: "a word", "begins with the hub's address"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_cure(field: Field, change, said: str) -> None:
    line = field.refuses(change(field.code()))
    assert said in line
    assert "\n" not in line


@pytest.mark.promise("Node trouble: A wrong clock is reported.")
@pytest.mark.parametrize("off", [timedelta(days=-400), timedelta(hours=3)])
def test_a_wrong_clock_is_said_before_the_token_is_spent(field: Field, off: timedelta) -> None:
    line = field.refuses(field.code(), now=datetime.now(UTC) + off)
    assert "this node's clock says" in line
    assert "timedatectl" in line
    assert field.hub.enroller.counts.total() == 0


@contextmanager
def stranger(folder: Path, date: str, pieces: Iterator[bytes]) -> Iterator[EnrolmentCode]:
    """A code for somebody who is no hub, and answers so over TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", date)
            self.end_headers()
            with suppress(OSError):
                for piece in pieces:
                    self.wfile.write(piece)

    authority = Authority.create(folder / "stranger", datetime.now(UTC))
    papers = authority.issue_server("web", datetime.now(UTC), hosts=("127.0.0.1",))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(papers.cert_file, papers.key_file)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
        thread.start()
        yield EnrolmentCode("127.0.0.1", server.server_port, b"f" * 16, b"t" * 15)
        server.shutdown()
        thread.join()


def test_a_stranger_who_sends_without_an_end_is_not_heard_to_it(
    field: Field, tmp_path: Path
) -> None:
    sent: list[int] = []
    pieces = (sent.append(1) or b"x" * 65_536 for _ in range(4096))
    with stranger(tmp_path, format_datetime(datetime.now(UTC), usegmt=True), pieces) as code:
        assert "is no hub that enrols nodes" in field.refuses(code)
    assert len(sent) < 1000, "of 256 MiB"


def test_a_date_without_a_zone_is_read_as_utc(field: Field, tmp_path: Path) -> None:
    long_ago = "Wed, 01 Jan 2020 00:00:00 -0000"
    with stranger(tmp_path, long_ago, iter([b"x"])) as code:
        assert "the hub's 01/01/2020 00:00" in field.refuses(code)


def test_a_hub_whose_authority_is_kept_elsewhere_is_said(field: Field) -> None:
    papers = field.hub.authority.issue_server("other", datetime.now(UTC), hosts=("127.0.0.1",))
    code, place = field.code(), free_socket()
    port = place.getsockname()[1]
    with served(field.town.app(), place, stop=field.town.change_signal.ring, papers=papers):
        line = field.refuses(EnrolmentCode(code.host, port, code.fingerprint, code.token))
    assert "is no hub that enrols nodes" in line


@pytest.mark.promise("Installing: An enrolment gives a QR code that a camera can read.")
def test_the_code_is_read_by_camera(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what begins with /dev/ is a device
    code = field.code().text
    drawn = cv2.QRCodeEncoder.create().encode(code)
    drawn = cv2.resize(drawn, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    street = np.full((480, 640), 160, np.uint8)
    shown = street.copy()
    shown[40 : 40 + drawn.shape[0], 80 : 80 + drawn.shape[1]] = drawn
    folder = Path("seen")
    folder.mkdir()
    for number, picture in enumerate([street, street, shown, street], start=1):
        cv2.imwrite(str(folder / f"{number:04}.png"), cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    said: list[str] = []
    assert read_code(str(folder), said.append, speaker("vi")) == code
    for path in folder.glob("*3.png"):
        path.unlink()
    with pytest.raises(Trouble, match="saw no code"):
        read_code(str(folder), said.append, speaker("vi"))


@pytest.mark.parametrize("source", ["picamera:x", "picamera:7", "rtsp://", "rtsps:///path"])
def test_what_names_no_camera_is_said_with_what_would(source: str) -> None:
    with pytest.raises(Trouble, match="names no camera") as caught:
        read_code(source, lambda _: None, speaker("vi"))
    assert "rtsp://HOST/PATH" in str(caught.value)


def test_a_camera_that_cannot_be_used_is_named_without_its_password() -> None:
    with pytest.raises(Trouble, match="cannot be used") as caught:
        read_code("rtsp://lan:hush@127.0.0.1:9/x", lambda _: None, speaker("vi"))
    assert "hush" not in str(caught.value)
    assert "127.0.0.1:9" in str(caught.value)


@pytest.mark.parametrize("odd", ['a"\n[broker]\nhost = "evil', "Cổng \U0001f6aa", "a\x7fb\\u0041"])
def test_odd_words_of_a_keeper_stay_words(tmp_path: Path, odd: str) -> None:
    answer = EnrolAnswer(
        node="nga-tu-01",
        certificate="",
        authority="",
        broker_host="hub.example",
        broker_port=8883,
        time_zone="Asia/Ho_Chi_Minh",
        language="vi",
        cameras=(
            EnrolledCamera(name="cong", label=odd, device="/dev/video0"),
            EnrolledCamera(name="san", url="rtsp://guest:\U0001f6aa@10.0.0.9/main"),
        ),
        utc_us=0,
    )
    path = tmp_path / "agent.toml"
    path.write_text(configuration(answer, Path("/papers")), encoding="utf-8")
    path.chmod(0o640)
    settings = load(path)
    assert settings.camera[0].label == odd
    assert settings.camera[1].url == "rtsp://guest:\U0001f6aa@10.0.0.9/main"
    assert settings.broker.host == "hub.example"


def test_further_brokers_are_in_the_configuration_and_each_is_tried_once(tmp_path: Path) -> None:
    answer = EnrolAnswer(
        node="nga-tu-01",
        certificate="",
        authority="",
        broker_host="b2.example",
        broker_port=8883,
        further_brokers=("b3.example:8884", "[2001:db8::1]:8883", "b2.example:8883"),
        time_zone="Asia/Ho_Chi_Minh",
        language="vi",
        cameras=(EnrolledCamera(name="cong", device="/dev/video0"),),
        utc_us=0,
    )
    path = tmp_path / "agent.toml"
    path.write_text(configuration(answer, Path("/papers")), encoding="utf-8")
    path.chmod(0o640)
    found = [(one.host, one.port) for one in load(path).broker.addresses()]
    assert found == [("b2.example", 8883), ("b3.example", 8884), ("2001:db8::1", 8883)]


@pytest.mark.parametrize(
    "odd", ["b3.example", "b3.example:0", "b3.example:65536", "a b:1", "::1:1"]
)
def test_an_odd_address_of_a_further_broker_is_refused_by_its_key(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(
        f'[node]\nname = "nga-tu-01"\n[broker]\nfurther = ["{odd}"]\n'
        '[[camera]]\nname = "cong"\ndevice = "/dev/video0"\n'
    )
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="further"):
        load(path)


@pytest.mark.promise("Fleet: Certificates are renewed before they end.")
@pytest.mark.clock
def test_a_certificate_is_renewed_in_its_place_when_a_third_of_its_life_is_left(
    field: Field,
) -> None:
    field.hub.area_id = field.town.area_id
    field.enrol(field.code(NODE))  # whose upload token this site knows
    broker = load(field.config).broker
    before = x509.load_pem_x509_certificate(broker.cert_file.read_bytes())
    key = broker.key_file.read_bytes()
    tokens, begun_anew = Tokens(), threading.Event()
    url = f"https://127.0.0.1:{field.port}/upload"
    tokens.put(UploadToken(token=TOKEN, valid_for_s=900, upload_url=url), time.monotonic())
    now = [before.not_valid_after_utc - timedelta(days=123)]
    renewal = Renewal(broker.address(), tokens, renewed=begun_anew.set, now=lambda: now[0])
    stop = threading.Event()
    assert not renewal.look(stop, lambda: None)
    now[0] += timedelta(days=2)
    time.sleep(1.1)  # an end within the same second would be no later one
    assert renewal.look(stop, lambda: None)
    after = x509.load_pem_x509_certificate(broker.cert_file.read_bytes())
    assert after.serial_number != before.serial_number
    assert after.public_key() == before.public_key()
    assert broker.key_file.read_bytes() == key
    check_papers(load(field.config))


def test_a_certificate_is_due_when_a_third_of_its_life_is_left(field: Field) -> None:
    field.enrol(field.code())
    (cert,) = certificates(load(field.config).broker.cert_file.read_bytes())
    assert not is_due(cert, cert.not_valid_after_utc - timedelta(days=123))
    assert is_due(cert, cert.not_valid_after_utc - timedelta(days=121))


def test_a_node_that_was_shut_out_renews_nothing(field: Field) -> None:
    field.enrol(field.code())
    broker, tokens = load(field.config).broker, Tokens()
    url = f"https://127.0.0.1:{field.port}/upload"
    tokens.put(
        UploadToken(token="somebody made this up", valid_for_s=900, upload_url=url),
        time.monotonic(),
    )
    late = datetime.now(UTC) + timedelta(days=300)
    renewal = Renewal(broker.address(), tokens, renewed=lambda: None, now=lambda: late)
    with pytest.raises(RenewalError, match="401"):
        renewal.look(threading.Event(), lambda: None)


def test_an_address_that_is_none_is_why_nothing_was_renewed_and_ends_no_service(
    field: Field,
) -> None:
    field.enrol(field.code())
    broker, tokens = load(field.config).broker, Tokens()
    for url, why in (
        ("https://hub.example:port/upload", "InvalidURL"),
        ("/upload", "UnsupportedProtocol"),
    ):
        token = UploadToken(token="somebody made this up", valid_for_s=900, upload_url=url)
        tokens.put(token, time.monotonic())
        late = datetime.now(UTC) + timedelta(days=300)
        renewal = Renewal(
            broker.address(),
            tokens,
            renewed=lambda: None,
            now=lambda late=late: late,  # type: ignore[misc]  # binds the value of this round
        )
        with pytest.raises(RenewalError, match=why):
            renewal.look(threading.Event(), lambda: None)
