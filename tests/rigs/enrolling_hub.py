"""A hub's enrolment and a real broker on this machine, for the rig of the node's installer.

    python -m tests.rigs.enrolling_hub NODE

Prints one code for that node, then a line with the topic of each message from the node, until stdin
ends.
"""

import signal
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from deploy.broker import Broker
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from tests.browser.served import free_socket, served
from tests.hub.rigs import enrolling_rig
from tests.hub.rigs.web_town import Town


def main() -> None:
    """Until the input ends, or somebody says so."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory(prefix="matthan-rig-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'hub.db'}"
        migrate(url)
        db = Database(url)
        town, hub = Town(db, folder), enrolling_rig.EnrolHub(db, folder)
        place = free_socket()
        port = place.getsockname()[1]
        papers = hub.authority.issue_server("web", datetime.now(UTC), hosts=("127.0.0.1",))
        enrolling_rig.CAMERA = enrolling_rig.CAMERA.model_copy(
            update={"url": "rtsp://127.0.0.1:9/x"}
        )
        with Broker(folder / "mqtt", authority=hub.authority) as broker:
            enrolling = replace(hub.enrolling(port), broker_port=broker.port)
            with served(
                town.app(enrolling=enrolling), place, stop=town.change_signal.ring, papers=papers
            ):
                listen(broker)
                say(enrolling.code(hub.make(sys.argv[1])).text)
                sys.stdin.read()
        db.close()


def listen(broker: Broker) -> None:
    """Say each topic that something comes by."""
    own = broker.papers("hub")
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.tls_set(str(own.ca_file), str(own.cert_file), str(own.key_file))
    client.on_connect = lambda it, *_: it.subscribe("matthan/+/up/#", 1)
    client.on_message = lambda _it, _data, message: say(message.topic)
    client.connect(broker.host, broker.port)
    client.loop_start()


def say(line: str) -> None:
    """To whoever waits."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
