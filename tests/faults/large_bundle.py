"""Uploads the largest bundle of programs by the plain form, and measures the hub's memory.

    python -m tests.faults.large_bundle --bytes 390000000

A keeper's browser (curl) sends it, signed, to a site on loopback. Prints the status code, the
seconds, the processor time, and the memory of the process before and at its peak, in MiB; ends with
1 if the bundle was not accepted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.nodes.desired_state import release_rows
from tests.agent.rigs.bundles import bundle
from tests.browser.served import address, free_socket, served
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.waiting import patience_s

HOME = "/configuration/programs"


def memory_mib() -> int:
    """Present memory of this process in MiB."""
    said = Path("/proc/self/status").read_text("ascii")
    return int(said.split("VmRSS:")[1].split()[0]) // 1024


class Watch:
    """The most that it held while it ran."""

    def __init__(self) -> None:
        self.most_mib = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            self.most_mib = max(self.most_mib, memory_mib())

    def stop(self) -> int:
        """No more is watched."""
        self._stop.set()
        self._thread.join()
        return self.most_mib


def send(where: str, file: Path) -> str:
    """The code of the answer."""
    with httpx.Client(base_url=where, headers={"Origin": where}, timeout=patience_s()) as browser:
        browser.post("/login", data={"login": "kim", "password": PASSWORD})
        csrf = browser.get("/api/session").json()["csrf"]
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    fields = ["-F", f"csrf={csrf}", "-F", f"bundle=@{file}"]
    heads = ["-H", f"Origin: {where}", "-H", f"Cookie: {cookies}"]
    command = ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", *heads, *fields]
    done = subprocess.run([*command, f"{where}{HOME}/add"], capture_output=True, check=True)
    return done.stdout.decode()


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=390_000_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, place = Path(name), free_socket()
        migrate(f"sqlite:///{folder / 'hub.db'}")
        town = Town(Database(f"sqlite:///{folder / 'hub.db'}"), folder)
        file = bundle(folder, number=60, ballast=os.urandom(args.bytes))
        with served(town.app(public_url=address(place)), place, stop=lambda: None):
            before_mib, watch = memory_mib(), Watch()
            began_s, worked_s = time.monotonic(), time.process_time()
            code = send(address(place), file)
            took_s, worked_s = time.monotonic() - began_s, time.process_time() - worked_s
            most_mib = watch.stop()
        with town.db.reading() as conn:
            here = [one.size_bytes for one in release_rows.bundles(conn)]
        town.db.close()
        is_here = here == [file.stat().st_size]
    told = f"{code}, {here} bytes in {took_s:.1f} s, {worked_s:.1f} s of processor"
    sys.stdout.write(f"{told}; {before_mib} MiB before, {most_mib} at most\n")
    return 0 if code == "303" and is_here else 1


if __name__ == "__main__":
    sys.exit(main())
