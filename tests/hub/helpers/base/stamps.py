"""Helpers of the tests of stamps, used by more than one module."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hub.app import config
from hub.base import timestamping
from hub.base.moment import Moment
from hub.base.rfc3161 import TimestampAuthority
from hub.cases.evidence.keys import EvidenceSigner
from hub.cases.evidence.package import Order, write_package
from tests.hub.helpers.cases.evidence import CLIP, item, order
from tests.hub.rigs.stamp_office import StampOffice


def settings(office: StampOffice, tmp_path: Path, **changed: str) -> config.HubSettings:
    said = {"stamp_url": office.url, "stamp_ca_file": str(office.root)} | changed
    return config.HubSettings(
        web={"public_url": "https://hub.example"},
        push={"subject": "mailto:keeper@hub.example"},
        store={"media_folder": str(tmp_path)},
        evidence=said,
    )


def asked_of(said: config.HubSettings) -> TimestampAuthority | None:
    return timestamping.asked(said.evidence.stamp_url, said.evidence.stamp_ca_file)


def order_now(stamps: TimestampAuthority | None, error_ms: int | None = 5) -> Order:
    now = Moment(round(datetime.now(UTC).timestamp() * 1e6), error_ms)
    return replace(order(item(1, "clip", CLIP)), now=now, stamps=stamps)


def packaged(
    by: EvidenceSigner, stamps: TimestampAuthority | None, error_ms: int | None = 5
) -> bytes:
    file = io.BytesIO()
    write_package(order_now(stamps, error_ms), signer=by, file=file)
    return file.getvalue()
