"""`matthan-hub check`: the hub's own certificate."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from hub.app.check import check
from hub.app.config import HubSettings
from hub.nodes.pki.authority import Authority

pytestmark = pytest.mark.promise("Installing: The hub's installer passes its checks.")


def finding(folder: Path, certificate: Path) -> tuple[bool, str]:
    settings = HubSettings(
        store={"url": f"sqlite:///{folder}/hub.db", "media_folder": str(folder / "media")},
        broker={"host": "127.0.0.1", "port": 9, "cert_file": str(certificate)},
        web={
            "port": 9,
            "public_url": "https://hub.example",
            "upload_url": "https://hub.example/upload",
        },
        push={"subject": "mailto:keeper@hub.example"},
        secrets={"folder": str(folder / "secrets")},
    )
    [(is_well, said)] = [found[::2] for found in check(settings) if found[1] == "certificate"]
    return is_well, said


def test_a_certificate_that_was_not_renewed_in_time_is_bad_before_it_ends(tmp_path: Path) -> None:
    """It is renewed four months before its end: with a month left nobody renews it."""
    authority = Authority.create(tmp_path / "ca", datetime.now(UTC))
    file = authority.issue_client("hub", datetime.now(UTC)).cert_file
    assert finding(tmp_path, file)[0]
    authority.issue_client("hub", datetime.now(UTC) - timedelta(days=340))
    is_well, said = finding(tmp_path, file)
    assert not is_well
    assert "ends in 24 days" in said and "systemctl status matthan-renew" in said


def test_a_certificate_without_a_name_is_said(tmp_path: Path) -> None:
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    nameless = tmp_path / "nameless.crt"
    nameless.write_bytes(made.public_bytes(Encoding.PEM))
    is_well, said = finding(tmp_path, nameless)
    assert not is_well
    assert "is made out to ''" in said
