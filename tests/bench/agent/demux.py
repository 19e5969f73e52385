"""The floor for a running agent: reads the cameras' packets in real time and discards them.

`python -m tests.bench.agent.demux ADDRESS…` reads until it is stopped; a recording starts again
from its beginning when it ends.
"""

import sys
import threading
import time
from collections.abc import Iterator

import av


def main() -> None:
    """One thread per address, as in the agent."""
    threads = [
        threading.Thread(target=follow, args=(address,), daemon=True) for address in sys.argv[1:]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def follow(address: str) -> None:
    """Read packets of this address without end."""
    while True:
        for _ in packets(address):
            pass


def packets(address: str) -> Iterator[float]:
    """Times of packets in seconds; a recording's packets come when they are due."""
    is_live = address.startswith("rtsp")
    options = {"rtsp_transport": "tcp"} if is_live else {}
    with av.open(address, options=options, timeout=(10, 10)) as container:
        stream = container.streams.video[0]
        began, base = time.monotonic(), float(stream.time_base or 0)
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            due_s = packet.pts * base
            if not is_live:
                time.sleep(max(0.0, began + due_s - time.monotonic()))
            yield due_s


if __name__ == "__main__":
    main()
