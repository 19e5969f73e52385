"""Helpers of the tests of silence pages, used by more than one module."""

from hub.alerting.response.service import ResponseService
from hub.alerting.silences.service import SilenceService
from tests.browser.conftest import Hub


def call_false(hub: Hub, times: int, *, is_muted: bool = False) -> None:
    signed_in = hub.town.accounts.sign_in("binh", "đèn đường 756", came_from="")
    assert hasattr(signed_in, "asker")
    for _ in range(times):
        seen = hub.town.somebody()
        hub.town.gone(seen)
        hub.town.services.use(ResponseService).act(
            signed_in.asker, seen.alert_id, act="false_alarm"
        )
    if is_muted:
        silences = hub.town.services.use(SilenceService)
        assert silences.mute(signed_in.asker, seen.alert_id)
