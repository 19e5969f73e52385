"""Enrols a thousand boxes at once over HTTPS, while others race, guess and replay tokens.

    python -m tests.faults.enrolments --boxes 1000 --at-once 64

Prints what came of it as JSON, and fails when a name or a certificate was given twice, when a token
counted twice, or when a box that had a right to its papers did not get them.
"""

import argparse
import json
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509

from agent.wire.enrolment import PATH, EnrolAnswer, EnrolRequest
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from tests.browser.served import free_socket, served
from tests.hub.rigs.enrolling_rig import Box, EnrolHub
from tests.hub.rigs.web_town import Town
from tests.waiting import patience_s

RACERS = 3
"""So many boxes come with every tenth token."""


class Field:
    """A hub that is served, and the line to it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.db = Database(url)
        self.town = Town(self.db, folder)
        self.hub = EnrolHub(self.db, folder)
        self.place = free_socket()
        self.port = self.place.getsockname()[1]
        now = datetime.now(UTC)
        self.papers = self.hub.authority.issue_server("web", now, hosts=("127.0.0.1",))
        self.app = self.town.app(enrolling=self.hub.enrolling(self.port))
        self.trusted = ssl.create_default_context(cadata=self.hub.authority.pem.decode())

    def ask(self, token: bytes, request: str, came_from: str = "10.9.9.9") -> httpx.Response:
        """One box on a line of its own, by the word of the proxy in front from that address."""
        asked = EnrolRequest(token=token.hex(), request=request, utc_us=time.time_ns() // 1000)
        with httpx.Client(verify=self.trusted, timeout=patience_s(), trust_env=False) as client:
            url = f"https://127.0.0.1:{self.port}{PATH}"
            headers = {"X-Forwarded-For": came_from}
            return client.post(url, content=asked.model_dump_json(), headers=headers)


def run(folder: Path, *, boxes: int, at_once: int, url: str | None = None) -> dict[str, Any]:
    """Enrol them; what came of it."""
    url = url or f"sqlite:///{folder / 'hub.db'}"
    migrate(url)
    field = Field(folder, url)
    tokens = {
        f"nga-tu-{number:04}": field.hub.make(f"nga-tu-{number:04}") for number in range(boxes)
    }
    tries: list[Callable[[], tuple[str, httpx.Response]]] = []
    for number, (name, token) in enumerate(tokens.items()):
        for _ in range(RACERS if number % 10 == 0 else 1):
            request = Box().request
            whence = f"10.0.{number // 250}.{number % 250}"
            tries.append(lambda n=name, t=token, r=request, w=whence: (n, field.ask(t, r, w)))  # type: ignore[misc]  # binds the value of this round
    with served(field.app, field.place, stop=field.town.change_signal.ring, papers=field.papers):
        began_s = time.monotonic()
        with ThreadPoolExecutor(at_once) as pool:
            answers = [one.result() for one in [pool.submit(attempt) for attempt in tries]]
        took_s = time.monotonic() - began_s
        replayed = [
            field.ask(token, Box().request).status_code for token in list(tokens.values())[:5]
        ]
    field.db.close()
    return _tally(tokens, answers, replayed) | {"seconds": round(took_s, 1), "at_once": at_once}


def _tally(
    tokens: dict[str, bytes], answers: list[tuple[str, httpx.Response]], replayed: list[int]
) -> dict[str, Any]:
    given = [
        (name, EnrolAnswer.model_validate_json(answer.content))
        for name, answer in answers
        if answer.status_code == 200
    ]
    names = Counter(told.node for _, told in given)
    certs = [x509.load_pem_x509_certificate(told.certificate.encode()) for _, told in given]
    serials = Counter(cert.serial_number for cert in certs)
    return {
        "boxes": len(tokens),
        "tries": len(answers),
        "enrolled": len(given),
        "without_papers": len(tokens.keys() - names.keys()),
        "names_given_twice": sum(count > 1 for count in names.values()),
        "serials_given_twice": sum(count > 1 for count in serials.values()),
        "of_another_name": sum(name != told.node for name, told in given),
        "answers": dict(sorted(Counter(answer.status_code for _, answer in answers).items())),
        "replays_refused": sum(code in (403, 429) for code in replayed) == len(replayed),
    }


def faults(found: dict[str, Any]) -> list[str]:
    """What must be none."""
    wrong = ("without_papers", "names_given_twice", "serials_given_twice", "of_another_name")
    return [key for key in wrong if found[key]] + ([] if found["replays_refused"] else ["replays"])


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--boxes", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=64)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="matthan-enrol-") as folder:
        found = run(Path(folder), boxes=args.boxes, at_once=args.at_once)
    print(json.dumps(found, indent=2))
    if wrong := faults(found):
        sys.exit(f"not kept: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
