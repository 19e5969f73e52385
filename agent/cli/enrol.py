"""`enrol`: turns a box into a node. Its key is made here and stays; the configuration comes last.

Key and certificate are in a folder named by the code: running the same command again after an
interruption continues with the same key, and the hub answers it once more. The configuration names
that folder, so its rename is the moment of change.
"""

import hashlib
import json
import os
import pwd
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from agent.config import ConfigError, load
from agent.i18n import N_, Say
from agent.identity.enrolment import EnrolmentClient
from agent.journal.durable import sync_folder, write_whole
from agent.uplink.mqtt.errors import Trouble
from agent.wire.enrolment import CodeError, EnrolAnswer, EnrolledCamera, EnrolmentCode

PAPERS: Final = Path("/var/lib/matthan/papers")
USER: Final = "matthan"


def enrol(
    text: str,
    *,
    config: Path,
    papers: Path,
    show: Callable[[str], None],
    say: Say,
    replaces: bool = False,
    now: datetime | None = None,
) -> None:
    """Enrol with a code; raises Trouble with a sentence and its cure, OSError if the disk fails."""
    try:
        code = EnrolmentCode.parse(text)
    except CodeError as error:
        raise Trouble(
            N_("this is no enrolment code: {why}"),
            N_("copy it whole from the hub's page"),
            {"why": error},
        ) from error
    if config.exists() and not replaces:
        raise Trouble(
            N_("this box is a node already: {config} is there"),
            N_("to make it another node, say --again; the old configuration is kept beside"),
            {"config": config},
        )
    folder = papers / hashlib.sha256(code.token).hexdigest()[:16]
    key = _key(folder)
    hub = EnrolmentClient(code, now=now or datetime.now(UTC))
    authority = hub.authority()
    answer = hub.enrol(_request(key), authority)
    _check(answer, key, authority)
    write_whole(folder / "ca.crt", authority.public_bytes(Encoding.PEM), mode=0o644)
    write_whole(folder / "node.crt", answer.certificate.encode(), mode=0o644)
    _give_to_agent(folder)
    _commit(config, configuration(answer, folder))
    said = N_("this box is {node} now; hub {host}, {count} cameras")
    facts = {"node": answer.node, "host": answer.broker_host, "count": len(answer.cameras)}
    show(say(said).format(**facts))
    if replaces:  # a running agent goes on with its old identity
        show(say(N_("the agent that runs hears of it by: sudo systemctl restart matthan-agent")))


def configuration(answer: EnrolAnswer, folder: Path) -> str:
    """The node's configuration as TOML."""
    lines = [
        "# Written by matthan-agent enrol. Every key is in agent.example.toml.",
        "[node]",
        f"name = {_quoted(answer.node)}",
        f"language = {_quoted(answer.language)}",
        f"time_zone = {_quoted(answer.time_zone)}",
        "",
        "[broker]",
        f"host = {_quoted(answer.broker_host)}",
        f"port = {answer.broker_port}",
        *_further(answer.further_brokers),
        f"ca_file = {_quoted(str(folder / 'ca.crt'))}",
        f"cert_file = {_quoted(str(folder / 'node.crt'))}",
        f"key_file = {_quoted(str(folder / 'node.key'))}",
        *(line for camera in answer.cameras for line in ("", *_camera(camera))),
    ]
    if not answer.cameras:
        lines += ["", "# Add the cameras here, one section each; matthan-agent cameras finds them."]
        lines += ["# [[camera]]", '# name = "cam-1"', '# url = "rtsp://..."']
    return "\n".join(lines) + "\n"


def _further(brokers: Sequence[str]) -> list[str]:
    return [f"further = [{', '.join(map(_quoted, brokers))}]"] if brokers else []


def _camera(camera: EnrolledCamera) -> list[str]:
    lines = ["[[camera]]", f"name = {_quoted(camera.name)}"]
    if camera.label:
        lines.append(f"label = {_quoted(camera.label)}")
    if camera.url:
        lines.append(f"url = {_quoted(camera.url)}")
    if camera.device:
        lines.append(f"device = {_quoted(camera.device)}")
    if camera.picamera is not None:
        lines.append(f'picamera = "{camera.picamera}"')
    return lines


def _quoted(text: str) -> str:
    """A JSON string is also a TOML string, except surrogate escapes and a bare DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Key of this code, made at the first attempt; readable by its owner only."""
    for each in (folder.parent, folder):  # mkdir applies the umask to parents it creates
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "node.key"
    if path.exists():
        kept = load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(kept, ec.EllipticCurvePrivateKey):
            return kept
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_whole(path, pem, mode=0o600)
    return key


def _request(key: ec.EllipticCurvePrivateKey) -> str:
    """Certificate request signed by the key; the hub chooses the name."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    asked = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return asked.public_bytes(Encoding.PEM).decode()


def _check(
    answer: EnrolAnswer, key: ec.EllipticCurvePrivateKey, authority: x509.Certificate
) -> None:
    """Check that the answer is for this key and name, signed by that authority."""
    try:
        cert = x509.load_pem_x509_certificate(answer.certificate.encode())
        cert.verify_directly_issued_by(authority)
        name = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        is_ours = cert.public_key() == key.public_key() and name == answer.node
    except (ValueError, TypeError, IndexError, InvalidSignature) as error:
        raise _wrong_papers() from error
    if not is_ours:
        raise _wrong_papers()


def _wrong_papers() -> Trouble:
    return Trouble(
        N_("the certificate that the hub sent does not fit this node's key"),
        N_("tell the keeper; nothing was changed here"),
        {},
    )


def _commit(config: Path, text: str) -> None:
    """Validated before it takes effect; the old one is kept beside it."""
    config.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = config.with_name(f".{config.name}.new")
    write_whole(draft, text.encode(), mode=0o640)
    if "[[camera]]\n" in text.replace("# [[camera]]\n", ""):
        try:
            load(draft)
        except ConfigError as error:
            draft.unlink()
            raise Trouble(
                N_("what the keeper entered makes no configuration: {why}"),
                N_("have the keeper enter the cameras anew"),
                {"why": " ".join(str(error).split())},
            ) from error
    _own(draft, uid=None)
    if config.exists():
        old = config.with_name(f"{config.name}.old")
        write_whole(old, config.read_bytes(), mode=0o640)  # it has passwords of cameras
        _own(old, uid=None)
    draft.replace(config)
    sync_folder(config.parent)


def _give_to_agent(folder: Path) -> None:
    """The agent's user reads these files and writes the renewed certificate."""
    for path in (folder.parent, folder, *folder.iterdir()):
        _own(path)


def _own(path: Path, uid: int | None = -1) -> None:
    """Give the file to the agent's user and group. With `uid=None` change only the group. Does
    nothing unless run by root."""
    if os.geteuid() != 0:
        return
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        return
    # The folders belong to the agent: a link placed there must not redirect root.
    os.chown(path, 0 if uid is None else user.pw_uid, user.pw_gid, follow_symlinks=False)
