"""The intake as a program of its own, which kills itself after the commit and before the ack.

Usage: python -m tests.hub.mortal_hub DATABASE_URL HOST PORT CA_FILE CERT_FILE KEY_FILE
"""

import os
import signal
import sys
import threading
from pathlib import Path

from hub.intake.clerk import Outcome
from hub.intake.doorbell import BrokerAddress
from hub.intake.inbox import Arrival
from hub.intake.subscriber import Subscriber, Writer
from hub.store.bell import Bell
from hub.store.clock import HubClock
from hub.store.database import Database
from tests.hub.intake_rig import clerk


class MortalWriter(Writer):
    """Commits its first batch and is gone."""

    def commit(self, batch: list[Arrival], stop: threading.Event) -> list[Outcome]:
        """Commit; whoever called hears nothing of it."""
        super().commit(batch, stop)
        os.kill(os.getpid(), signal.SIGKILL)
        return []


def main() -> None:
    """Run until the first batch."""
    url, host, port, *files = sys.argv[1:]
    ca_file, cert_file, key_file = map(Path, files)
    writer = MortalWriter(Database(url), clerk=clerk(), clock=HubClock())
    where = BrokerAddress(host, int(port), ca_file, cert_file, key_file)
    Subscriber(where, writer=writer, bell=Bell()).start()


if __name__ == "__main__":
    main()
