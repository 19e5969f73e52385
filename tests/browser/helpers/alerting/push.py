"""Helpers of the tests of push, used by more than one module."""

import json
import math
import time
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from hub.notify.phones.service import PhoneService
from tests.browser.conftest import Hub, Officer
from tests.hub.rigs.web_town import Seen
from tests.waiting import until

AGAIN_S: Final = 30.0
"""After this time a message that does not show is delivered again."""


class Phone:
    """Delivers pushes to an officer's service worker as a push service would."""

    def __init__(self, officer: Officer) -> None:
        self._officer = officer
        self._registrations: list[str] = []
        self._delivered: dict[str, Any] | str = ""
        self._delivered_s = math.inf
        officer.context.grant_permissions(["notifications"], origin=officer.hub.url)
        officer.page.evaluate("navigator.serviceWorker.ready")
        self._line = officer.context.new_cdp_session(officer.page)
        self._line.on("ServiceWorker.workerRegistrationUpdated", self._heard)
        self._line.send("ServiceWorker.enable")
        until(self._pump)

    def _heard(self, told: Any) -> None:
        self._registrations += [item["registrationId"] for item in told["registrations"]]

    def _pump(self) -> bool:
        self._officer.page.wait_for_timeout(20)  # lets the browser's messages in
        return bool(self._registrations)

    def deliver(self, message: dict[str, Any] | str) -> None:
        self._delivered = message
        # What the browser's tools bring before the worker is active is lost.
        until(
            lambda: self._officer.page.evaluate(
                "async () => (await navigator.serviceWorker.ready).active?.state === 'activated'"
            )
        )
        self._line.send(
            "ServiceWorker.deliverPushMessage",
            {
                "origin": self._officer.hub.url,
                "registrationId": self._registrations[-1],
                "data": message if isinstance(message, str) else json.dumps(message),
            },
        )
        self._delivered_s = time.monotonic()

    def shown(self) -> list[dict[str, Any]]:
        """Notifications in the phone's list; none while a delivered message may not be shown yet.

        Chromium drops a notification if it is asked for the list while it shows the first one of a
        tag (here 269 of 300, and none of 300 that were shown before).
        """
        return self._listed() if self._has_shown() else []

    def wait_for(self, title: str, **said: object) -> dict[str, Any]:
        """The one notification, once it has this title and says this too."""
        wanted = {"title": title, **said}
        until(lambda: self._shows(wanted), f"{wanted} is shown")
        return self.shown()[0]

    def _shows(self, wanted: dict[str, object]) -> bool:
        if [{key: note[key] for key in wanted} for note in self.shown()] == [wanted]:
            return True
        # The browser's tools lose a message now and then, which a push service sends again.
        if time.monotonic() - self._delivered_s > AGAIN_S:
            self.deliver(self._delivered)
        return False

    def _has_shown(self) -> bool:
        """True once the worker has shown the delivered message; if it takes no note of it, once it
        had a second for it."""
        message = self._delivered if isinstance(self._delivered, dict) else {}
        noted_as = message.get("test_id") or message.get("notification_id")
        if not noted_as:
            return time.monotonic() - self._delivered_s > 1
        (worker,) = self._officer.context.service_workers
        noted = worker.evaluate("(id) => get('seen', id)", noted_as)
        return bool(noted and noted["isShown"])

    def _listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._officer.page.evaluate(
            """async () => {
                const registration = await navigator.serviceWorker.ready;
                const all = await registration.getNotifications();
                return all.map(({ title, body, tag, silent, renotify, actions, data }) => (
                    { title, body, tag, silent, renotify, data,
                      actions: actions.map((one) => [one.action, one.title]) }));
            }"""
        )
        return found

    def tap(self, action: str = "") -> None:
        """Tap the one notification, or a button of it."""
        (worker,) = self._officer.context.service_workers
        worker.evaluate(
            """async (action) => {
                const [notification] = await self.registration.getNotifications();
                self.dispatchEvent(new NotificationEvent("notificationclick",
                    { notification, action }));
            }""",
            action,
        )


@pytest.fixture
def phone(officer: Officer) -> Phone:
    return Phone(officer)


def message(seen: Seen, notification_id: UUID, **changed: Any) -> dict[str, Any]:
    return {
        "notification_id": str(notification_id),
        "alert_id": str(seen.alert_id),
        "revision": 1,
        "tag": str(seen.alert_id),
        "title": "Có người · Ngã tư Chợ Cũ",
        "body": "Camera cổng chợ · 02:11 · 1 người",
        "url": f"/alerts/{seen.alert_id}",
        "moment": "opened",
        "silent": False,
        "lang": "vi",
        "take_label": "Tiếp nhận",
        "open_label": "Xem",
        **changed,
    }


def owe(hub: Hub, seen: Seen, login: str = "an") -> UUID:
    """A notification that the hub owes this officer on some phone; its id."""
    signed_in = hub.town.accounts.sign_in(login, "đèn đường 756", came_from="")
    assert hasattr(signed_in, "asker")
    phone_id = hub.town.services.use(PhoneService).add_phone(
        signed_in.asker,
        channel="webpush",
        address=f"https://push.example.org/{uuid4()}",
        secrets="{}",
        label="Android",
    )
    notification_id = uuid4()
    with hub.town.db.writing() as conn:
        conn.execute(
            text(
                "insert into notifications (id, alert_id, person_id, phone_id, moment, state,"
                " reason, attempts, owed_utc_us, due_utc_us) values"
                " (:id, :alert, :person, :phone, 'opened', 'accepted', '', 1, 1, 1)"
            ),
            {
                "id": notification_id.hex,
                "alert": seen.alert_id.hex,
                "person": signed_in.asker.person_id.hex,
                "phone": phone_id.hex,
            },
        )
    return notification_id
