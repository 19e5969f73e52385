"""How soon an inbox can be used on a phone that has nothing of the site yet.

    python -m tests.browser.interactive [--loads N] [--alerts N] [--size phone|desk] [--slow]
        [--json]

A real site on loopback, ten open alerts with their pictures, and headless Chromium, whose own clock
is asked: when the answer was whole, when something was first painted, and when the page was
interactive, that is when the deferred script and all modules had run and each button acts by script
(without script it acts from the first paint on). Each load is told twice: with nothing kept, and
again as the next opening finds it. With `--slow` the line is 3G (1.6 Mbit/s, 150 ms there and back)
and the processor a quarter as fast, by the emulation of the browser's own tools. Told too: when the
page heard that it is live, how high it is, and what the hub sent until then. A command of its own:
no test asserts what it says.
"""

import argparse
import json
import os
import platform
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from hub.access.signin.accounts import SignedIn
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from tests.browser import footage
from tests.browser.conftest import CHROMIUM, DESK, FLAGS, PHONE
from tests.browser.served import address, free_socket, served
from tests.hub.rigs.web_town import PASSWORD, Town

LOADS: Final = 10
ALERTS: Final = 10
GOAL_MS: Final = 1000.0
LINE_3G: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
SLOWER: Final = 4
"""The processor is slowed down by this factor."""
SIZES: Final = {"phone": PHONE, "desk": DESK}

LISTEN: Final = """
document.addEventListener("DOMContentLoaded", () => {
  // Deferred scripts and modules have run by now, or the page says that they have not.
  window.isScripted = "scripted" in document.documentElement.dataset && "htmx" in window;
  new MutationObserver((_, watching) => {
    if (!document.getElementById("line-state").hidden) {
      window.liveAt = performance.now();
      watching.disconnect();
    }
  }).observe(document.body, { attributes: true, subtree: true, attributeFilter: ["hidden"] });
});
"""
TIMES: Final = """
() => {
  const page = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return {
    is_scripted: window.isScripted === true,
    answered_ms: page.responseEnd,
    painted_ms: paint ? paint.startTime : null,
    interactive_ms: page.domContentLoadedEventEnd,
    loaded_ms: page.loadEventEnd,
    live_ms: window.liveAt ?? null,
    height_px: document.documentElement.scrollHeight,
    html_bytes: page.encodedBodySize,
    all_bytes: performance.getEntries().reduce((sum, one) => sum + (one.transferSize ?? 0), 0),
  };
}
"""


def main() -> int:
    """Measure and print; 1 when a page was not scripted when it should have been."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.interactive")
    parser.add_argument("--loads", type=int, default=LOADS)
    parser.add_argument("--alerts", type=int, default=ALERTS, help="open ones, each with a picture")
    parser.add_argument("--size", choices=tuple(SIZES), default="phone")
    parser.add_argument("--slow", action="store_true", help="a 3G line and a slow processor")
    parser.add_argument("--json", action="store_true", help="one line")
    args = parser.parse_args()
    found: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": round(os.getloadavg()[0], 1),
        "size": args.size,
        "alerts": args.alerts,
        "is_slow": args.slow,
        "goal_ms": GOAL_MS,
    }
    with TemporaryDirectory(prefix="matthan-interactive-") as folder:
        found |= measure(
            Path(folder),
            loads=args.loads,
            alerts=args.alerts,
            size=SIZES[args.size],
            is_slow=args.slow,
        )
    found["load_after"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=None if args.json else 2))  # noqa: T201 a command's answer
    return 0 if found["unscripted"] == 0 else 1


def measure(
    folder: Path, *, loads: int, alerts: int, size: Any, is_slow: bool = False
) -> dict[str, Any]:
    """So many first loads of an inbox, each followed by a second one."""
    times: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with _inbox(folder, alerts) as (url, token), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for _ in range(loads + 1):
            for name, found in _load_twice(chromium, url, token, size, is_slow=is_slow).items():
                times[name].append(found)
        chromium.close()
    # The very first one also reads the site's templates and starts the browser's parts.
    counted = {name: found[1:] for name, found in times.items()}
    return {
        **{name: _shares(found) for name, found in counted.items()},
        "very_first": {name: round(times["first"][0][name]) for name in _spans(times["first"][0])},
        "unscripted": sum(not one["is_scripted"] for found in times.values() for one in found),
    }


def _load_twice(
    chromium: Browser, url: str, token: str, size: Any, *, is_slow: bool
) -> dict[str, dict[str, Any]]:
    context = chromium.new_context(viewport=size, locale="vi-VN")
    context.add_cookies([{"name": "matthan", "value": token, "url": url}])
    context.add_init_script(LISTEN)
    page = context.new_page()
    if is_slow:
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.emulateNetworkConditions", LINE_3G)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    try:
        return {"first": _load(page, url), "again": _load(page, url)}
    finally:
        context.close()


def _load(page: Page, url: str) -> dict[str, Any]:
    page.goto(url, wait_until="load")
    page.wait_for_function("() => performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
    page.wait_for_function("() => window.liveAt !== undefined")
    times: dict[str, Any] = page.evaluate(TIMES)
    return times


@contextmanager
def _inbox(folder: Path, alerts: int) -> Iterator[tuple[str, str]]:
    """The address of a site with so many open alerts, and an officer's session there."""
    database_url = f"sqlite:///{folder}/hub.sqlite"
    migrate(database_url)
    db = Database(database_url)
    town = Town(db, folder)
    picture = footage.picture()
    for number in range(alerts):
        data = picture + number.to_bytes(2)  # trailing bytes: another file of the same look
        town.somebody(data)
        town.bring(data)
    signed_in = town.accounts.sign_in("an", PASSWORD, came_from="")
    assert isinstance(signed_in, SignedIn)
    place, stopped = free_socket(), threading.Event()
    url = address(place)
    app = town.app(public_url=url, stopping=stopped.is_set, keepalive_s=1.0)

    def stop() -> None:
        stopped.set()
        town.change_signal.ring()

    with served(app, place, stop=stop):
        yield f"{url}/", signed_in.token
    db.close()


def _spans(found: dict[str, Any]) -> list[str]:
    units = ("_ms", "_px", "_bytes")
    return [name for name, value in found.items() if name.endswith(units) and value is not None]


def _shares(found: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Median and maximum of each span and size."""
    told = {}
    for name in _spans(found[0]):
        values = sorted(one[name] for one in found if one[name] is not None)
        told[name] = {"p50": round(values[len(values) // 2]), "most": round(values[-1])}
    return told


if __name__ == "__main__":
    raise SystemExit(main())
