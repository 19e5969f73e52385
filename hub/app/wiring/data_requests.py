"""Makes the settings for answers to data requests from the town's configuration."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from hub.app.config import HubSettings
from hub.public.data_requests.rules import RequestKind, StepLength, StepLengths, Week, read_span
from hub.public.data_requests.views import AnswerSettings


def office(settings: HubSettings) -> AnswerSettings:
    """The settings for answers: deadlines, calendar, reasons and texts."""
    said = settings.petitions
    return AnswerSettings(
        terms=StepLengths(read_span(said.acknowledge), _spans(said.answer), _spans(said.extension)),
        week=Week(
            ZoneInfo(settings.web.time_zone), frozenset(said.weekdays), frozenset(said.holidays)
        ),
        refusals={"vi": said.refusals_vi, "en": said.refusals_en},
        texts={"vi": said.text_vi, "en": said.text_en},
        sources={"vi": said.source_vi, "en": said.source_en},
        contact_days=said.contact_days,
    )


def _spans(said: Mapping[str, str]) -> dict[RequestKind, StepLength]:
    return {RequestKind(wish): read_span(text) for wish, text in said.items()}
