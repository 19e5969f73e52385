"""A leader's reports at both sizes and in both languages, without script."""

import pytest

from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.oversight.reports import add_leader, an_alert

pytestmark = pytest.mark.promise("Pages: Reports count alerts, times and false alarms by area.")


@in_two_looks
def test_reports_fit_and_need_no_script(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    for cause in ("animal", None):
        an_alert(hub.town, "Cổng chợ", cause=cause)
    hub.town.somebody()
    add_leader(hub.town)
    set_language(hub, "lan", language)
    lan = meet(
        None,
        size=SIZES[size],
        locale=LANGUAGES[language],
        color_scheme=theme,
        java_script_enabled=False,
    )
    lan.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    lan.sign_in("lan")
    for span in ("day", "week", "month"):
        lan.open(f"/reports/{span}")
        lan.page.locator("details summary").click()
        lan.shot(f"{size}-{language}-{theme}-report-{span}", full=True)
        assert fits(lan.page)
    assert lan.complaints == []
