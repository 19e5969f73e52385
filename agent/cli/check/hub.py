"""Checks of the hub: whether it answers, and the upload speed."""

import secrets
import time
from typing import Final
from urllib.parse import urlsplit

import httpx

from agent.cli.check.finding import Finding
from agent.config.sections import AgentSettings
from agent.i18n import N_
from agent.uplink import https
from agent.wire.answers import UploadToken
from agent.wire.enrolment import SPEED_BYTES, SPEED_PATH

MEASURE_S: Final = 3.0
TIMEOUT_S: Final = 20.0
SLOW_KBIT: Final = 500
"""Below this a clip of ten seconds at 2 Mbit/s takes forty."""


def hub(settings: AgentSettings, token: UploadToken | None) -> Finding:
    """Check of the hub. `token` is the upload token that the hub sent over the broker; None: it
    sent none."""
    about = N_("hub")
    if token is None:
        return Finding(
            about,
            N_("the broker is there, and the hub behind it does not answer"),
            N_("see that it runs (there: matthan-hub check) and that this node was not shut out"),
        )
    parts = urlsplit(token.upload_url)
    facts: dict[str, object] = {"where": parts.netloc}
    url = f"{parts.scheme}://{parts.netloc}{SPEED_PATH}"
    try:
        kbit_per_s = _measure(url, token, settings)
    except (httpx.HTTPError, OSError) as error:
        facts["why"] = https.why(error, url)
        return Finding(
            N_("hub {where}, for pictures and clips"),
            N_("it cannot be reached ({why})"),
            N_("see the network and the hub's upload_url"),
            facts,
        )
    facts["kbit"] = kbit_per_s
    about = N_("hub {where}, upload at {kbit} kbit/s or more")
    if kbit_per_s >= SLOW_KBIT:
        return Finding(about, facts=facts)
    return Finding(
        about,
        N_("clips will come late"),
        N_('see the line; meanwhile [uploads] bring = "alerts" sends less'),
        facts,
    )


def _measure(url: str, token: UploadToken, settings: AgentSettings) -> int:
    """In kbit/s, with blocks that the hub discards; includes latency, so it is a lower bound."""
    trusted = https.context(settings.broker.ca_file)
    piece = secrets.token_bytes(SPEED_BYTES)
    headers = {"Authorization": f"Bearer {token.token}"}
    with httpx.Client(verify=trusted, timeout=TIMEOUT_S, trust_env=False) as client:
        client.post(
            url, content=b"", headers=headers
        ).raise_for_status()  # the handshake is measured apart
        began_s, sent = time.monotonic(), 0
        while (took_s := time.monotonic() - began_s) < MEASURE_S and sent < 64:
            client.post(url, content=piece, headers=headers).raise_for_status()
            sent += 1
        took_s = time.monotonic() - began_s
    return round(sent * SPEED_BYTES * 8 / 1000 / max(took_s, 0.001))
