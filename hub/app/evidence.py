"""How this hub makes evidence packages."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from cryptography import x509

from hub.app.config import HubSettings
from hub.app.enrolment import authority_folder
from hub.app.features import FEATURES
from hub.base import timestamping
from hub.base.moment import Moment
from hub.base.rfc3161 import TimestampAuthority
from hub.base.secret_store.store import FILES, SecretStore
from hub.cases.evidence import packing
from hub.cases.evidence.packing import Packing
from hub.cases.evidence.service import ExportService
from hub.nodes.pki.verification import certificate_of_authority
from hub.oversight.log.acts import act_words
from hub.oversight.log.details import detail_reader
from hub.web.calendar import Calendar
from hub.web.feature import act_texts
from hub.web.i18n import words
from hub.web.rendering import Pack


def packing_of(settings: HubSettings, secrets: SecretStore = FILES) -> Packing:
    """With which keys and in which words packages are made."""
    zone = ZoneInfo(settings.web.time_zone)

    def say_detail(now: Moment, line: Mapping[str, Any], language: str) -> str:
        calendar = Calendar(zone, words(language), now.utc_us)
        return _details(calendar)(line["act"], line["detail"], line["data"])

    return Packing(
        key_folder=settings.secrets.folder,
        secrets=secrets,
        zone=zone,
        act_text=act_text,
        detail_text=say_detail,
        authority=lambda: authority_of(settings, secrets),
        stamps=lambda: stamps_of(settings),
    )


def packer(settings: HubSettings, exports: ExportService, secrets: SecretStore = FILES) -> Pack:
    """A function that makes packages for the pages, on the disk of the clip store."""
    folder = settings.store.media_folder / "leaving"
    return packing.packer(packing_of(settings, secrets), exports, folder)


def authority_of(settings: HubSettings, secrets: SecretStore = FILES) -> x509.Certificate | None:
    """The certificate of the authority that issues those of boxes; None if it cannot be read."""
    folder = authority_folder(settings)
    return certificate_of_authority(folder, settings.broker.ca_file, secrets)


def stamps_of(settings: HubSettings) -> TimestampAuthority | None:
    """The authority for time stamps, if any."""
    return timestamping.asked(settings.evidence.stamp_url, settings.evidence.stamp_ca_file)


def act_text(act: str, language: str) -> str:
    """Text of an act, as on the page of the log."""
    return act_words(act, words(language), _act_texts(language))


@cache
def _act_texts(language: str) -> Mapping[str, str]:
    return act_texts(FEATURES, words(language))


@cache
def _details(calendar: Calendar) -> Callable[[str, str, str], str]:
    return detail_reader(FEATURES, calendar)
