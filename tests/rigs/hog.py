"""Uses more resources than its unit allows, for the rig of limits.

python hog.py memory|processor|tasks
"""

import os
import socket
import sys
import threading
import time


def main() -> None:
    """Until it is ended; its watchdog is fed."""
    place = os.environ["NOTIFY_SOCKET"]
    change_signal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    change_signal.connect(f"\0{place[1:]}" if place.startswith("@") else place)
    change_signal.send(b"READY=1")
    wants = sys.argv[1]
    if wants == "memory":
        held = []
        while True:
            held.append(b"x" * 2**20)
    if wants == "tasks":
        sys.stderr.write(f"threads: {_threads()}\n")
    fed_s = 0.0
    while True:
        if time.monotonic() - fed_s > 5:
            change_signal.send(b"WATCHDOG=1")
            fed_s = time.monotonic()
        if wants == "tasks":
            time.sleep(5)


def _threads() -> int:
    for count in range(1000):
        try:
            threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
        except RuntimeError:
            return count  # no more may be begun, as was to be shown
    return 1000


if __name__ == "__main__":
    main()
