"""Helpers of the tests of link, used by more than one module."""

import random
from collections.abc import Callable

from agent.journal import Journal
from agent.uplink.mqtt.conversation import LinkPolicy, NodeIdentity
from agent.uplink.mqtt.latest_health import LatestHealth
from agent.uplink.mqtt.link import Link
from agent.uplink.mqtt.session import (
    BrokerAddress,
)
from agent.uplink.outbox import OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.wire.presence import CameraWords
from agent.wire.terms import ClockSource
from deploy.broker import Broker
from hub.nodes.pki.authority import TlsFiles
from tests.agent.rigs.hubside import (
    NODE,
    now,
)

QUICK = LinkPolicy(keepalive_s=60, answer_s=60, retry_base_s=0.1, retry_cap_s=0.5, ask_token_s=0.2)
SOON = OutboxPolicy(resend_after_s=0.5, resend_at_most_s=1)


def address(broker: Broker, papers: TlsFiles | None = None) -> BrokerAddress:
    papers = papers or broker.papers(NODE)
    return BrokerAddress(
        host=broker.host,
        port=broker.port,
        ca_file=papers.ca_file,
        cert_file=papers.cert_file,
        key_file=papers.key_file,
    )


def make_link(
    journal: Journal,
    where: BrokerAddress,
    *further: BrokerAddress,
    node: str = NODE,
    tokens: Tokens | None = None,
    policy: LinkPolicy = QUICK,
    latest: LatestHealth | None = None,
    draw: Callable[[float, float], float] = random.uniform,
) -> Link:
    camera = CameraWords(
        camera="cam", label="Cổng", codec="h264", width=640, height=360, frames_per_s=10
    )
    identity = NodeIdentity(
        node=node,
        software="0",
        cameras=lambda: (camera,),
        now=now,
        trust=lambda: (ClockSource.NTP, 20),
    )
    return Link(
        identity,
        where,
        *further,
        journal=journal,
        tokens=tokens or Tokens(),
        policy=policy,
        outbox=SOON,
        latest=latest,
        draw=draw,
    )
