"""The officer's desk: inbox, one alert, settings of one's own, and what changed since."""

from typing import Final

from hub.web import api, live, pages, sentences, tellings
from hub.web.feature import Feature
from hub.web.footage import footage
from hub.web.limits import Rate

STREAM: Final = Feature(name="changes", routers=(live.router,), acts=live.acts)
FEATURE: Final = Feature(
    name="console",
    routers=(api.router, pages.router),
    acts=pages.acts,
    # After a night offline a phone sends all its receipts at once, each for one push.
    rates=(Rate(r"POST", r"/api/notifications/.*", None),),
    globals={"sentences": sentences, "footage": footage, "told": tellings.told},
)
