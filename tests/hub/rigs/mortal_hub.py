"""The intake as a program of its own, which kills itself after the commit and before the ack.

Usage: python -m tests.hub.rigs.mortal_hub DATABASE_URL HOST PORT CA_FILE CERT_FILE KEY_FILE
"""

import os
import signal
import sys
import threading
from pathlib import Path

from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.intake.filing.batch import BatchOutcome
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.mqtt.probe import BrokerAddress
from hub.intake.subscriber import BatchWriter, Subscriber
from tests.hub.rigs.intake_rig import filer


class MortalWriter(BatchWriter):
    """Commits its first batch and is gone."""

    def commit(self, batch: list[ReceivedMessage], stop: threading.Event) -> list[BatchOutcome]:
        """Commit; whoever called hears nothing of it."""
        super().commit(batch, stop)
        os.kill(os.getpid(), signal.SIGKILL)
        return []


def main() -> None:
    """Run until the first batch."""
    url, host, port, *files = sys.argv[1:]
    ca_file, cert_file, key_file = map(Path, files)
    writer = MortalWriter(
        Database(url), filer=filer(), clock=HubClock(), change_signal=ChangeSignal()
    )
    where = BrokerAddress(host, int(port), ca_file, cert_file, key_file)
    Subscriber(where, writer=writer).start()


if __name__ == "__main__":
    main()
