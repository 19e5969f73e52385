"""Helpers of the tests of offline, used by more than one module."""

from typing import Any

from tests.browser.conftest import Officer
from tests.waiting import until


def kept(officer: Officer) -> dict[str, Any]:
    """Answers that the phone's service worker has stored."""
    told: dict[str, Any] = officer.page.evaluate(
        """async () => {
            const { active } = await navigator.serviceWorker.ready;
            const line = new MessageChannel();
            const told = new Promise((done) => { line.port1.onmessage = (e) => done(e.data); });
            active.postMessage({ inbox: true }, [line.port2]);
            const silence = new Promise((done) => {
                setTimeout(() => done({ rows: [], syncedMs: null }), 3000);
            });
            return Promise.race([told, silence]);
        }"""
    )
    return told


def await_sync(officer: Officer, *, alerts: int) -> None:
    until(lambda: len(kept(officer)["rows"]) == alerts and kept(officer)["syncedMs"])
