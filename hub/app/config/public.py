"""Configuration of the public service: public page, tips, household and data requests."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from hub.public.data_requests.rules import RequestKind, StepLength, StepLengths, Week, read_span
from hub.public.data_requests.views import AnswerSettings
from toml_settings import Section


class PublicSection(Section):
    """The public page /watched: operator, purpose and contact."""

    by_vi: str = Field("", max_length=2000, description="The operator, in Vietnamese.")
    by_en: str = Field("", max_length=2000, description="The same in English.")
    purpose_vi: str = Field("", max_length=2000, description="The purpose, in Vietnamese.")
    purpose_en: str = Field("", max_length=2000, description="The same in English.")
    contact_vi: str = Field(
        "", max_length=2000, description="The contact and how to reach it, in Vietnamese."
    )
    contact_en: str = Field("", max_length=2000, description="The same in English.")


class TipsSection(Section):
    """Reports from people who are not signed in."""

    accepted: bool = Field(
        True,
        description="Whether anybody may send a tip at /tips. false: the page does not exist.",
    )
    contact_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="Days until the sender of a tip is deleted, unless a case needs it. 0: never.",
    )
    keep_days: int = Field(
        365,
        ge=0,
        le=36_500,
        description="Days until the whole tip is deleted, unless a case needs it. 0: never.",
    )


class HouseholdsSection(Section):
    """Cameras of households that agreed to be asked for footage."""

    removed: ClassVar = {
        "most_mb": "films of up to 4000 MB are taken",
        "link_hours": "a link holds for 72 hours, unless who asks says otherwise",
    }

    asked: bool = Field(
        True,
        description="Whether households are registered and asked. false: the pages do not exist.",
    )
    consent_version: str = Field(
        "1, 25/11/2026",
        min_length=1,
        max_length=100,
        description="The number and date of the consent text; each consent stores it. "
        "Change it with the text.",
    )
    consent_vi: str = Field(
        "Tôi đồng ý cho ghi lại vị trí, góc nhìn của camera nhà tôi và cách liên hệ với tôi, "
        "để khi cần làm rõ một vụ việc, cơ quan có thể đề nghị tôi gửi một đoạn ghi hình. Mỗi"
        " lần tôi tự chọn có gửi hay không. Tôi có thể rút lại sự đồng ý bất cứ lúc nào; từ "
        "đó không ai đề nghị tôi nữa và cách liên hệ bị xóa. Đoạn ghi hình đã gửi vào một vụ "
        "việc vẫn theo quy định của vụ việc đó, cho đến khi vụ việc không cần giữ nữa.",
        max_length=4000,
        description="The consent text for households, in Vietnamese.",
    )
    consent_en: str = Field(
        "I agree that the place and view of my household's camera and how I am reached are "
        "written down, so that I can be asked for a film when something has to be looked "
        "into. Each time I choose whether I send it. I can withdraw this at any time; from "
        "then on nobody asks me any more, and how I am reached is deleted. A film that I gave"
        " to a case before stays under the rules of that case until the case lets it go.",
        max_length=4000,
        description="The same in English.",
    )
    keep_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days after which a film that its case released is removed for good.",
    )


BY_LAW: Final = {
    "told": "10 days",
    "copy": "10 days",
    "correct": "10 days",
    "restrict": "15 days",
    "delete": "20 days",
    "object": "15 days",
}
"""Time until the answer, by kind of request, and length of one extension."""


class DataRequestsSection(Section):
    """Data requests of persons concerned: allowed kinds, and deadlines for the answer."""

    accepted: bool = Field(
        True,
        description="Whether anybody may send a data request at /rights. false: neither "
        "that page nor /petitions exists.",
    )
    acknowledge: str = Field(
        "2 working days",
        description="The time until the acknowledgement: working days, days or hours.",
    )
    answer: dict[str, str] = Field(
        BY_LAW,
        description="The time until the answer, by wish. A missing one: the time above.",
    )
    extension: dict[str, str] = Field(
        BY_LAW,
        description="The time of one extension with a reason, by wish. A missing one: no "
        "extension.",
    )
    contact_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="Days after the answer until name and contact are deleted. 0: never.",
    )
    weekdays: list[int] = Field([0, 1, 2, 3, 4], description="The working days; Monday is 0.")
    holidays: list[date] = Field(
        [], description="Days without work, such as 2027-01-01; enter them each year."
    )
    source_vi: str = Field(
        "Luật 91/2025/QH15 và Nghị định 356/2025/NĐ-CP.",
        max_length=500,
        description="The legal source of these times, in Vietnamese; the form shows it.",
    )
    source_en: str = Field(
        "Law 91/2025/QH15 and Decree 356/2025/ND-CP.",
        max_length=500,
        description="The same in English.",
    )
    text_vi: str = Field(
        "",
        max_length=4000,
        description="The first words of the form, in Vietnamese. Empty: a standard sentence.",
    )
    text_en: str = Field("", max_length=4000, description="The same in English.")
    refusals_vi: dict[str, str] = Field(
        {
            "investigation": "Dữ liệu đang phục vụ điều tra, xử lý vi phạm pháp luật",
            "held": "Dữ liệu đang được giữ lại cho một vụ việc",
            "safety": "Cần cho an ninh, trật tự, an toàn xã hội theo luật",
            "others": "Ảnh hưởng đến quyền của người khác trong hình",
            "unknown": "Không xác định được người yêu cầu hoặc dữ liệu",
            "gone": "Dữ liệu không còn được lưu",
        },
        description="The reasons for a refusal: a word for the log, and the text for citizens.",
    )
    refusals_en: dict[str, str] = Field(
        {
            "investigation": "The data serves an investigation or proceedings",
            "held": "The data is held for a case",
            "safety": "It is needed for public security and safety by law",
            "others": "It would touch the rights of others in the picture",
            "unknown": "Neither the person nor the data could be made out",
            "gone": "The data is no longer kept",
        },
        description="The same in English.",
    )

    @field_validator("acknowledge")
    @classmethod
    def _is_a_span(cls, text: str) -> str:
        read_span(text)
        return text

    @field_validator("answer", "extension")
    @classmethod
    def _are_spans(cls, spans: dict[str, str]) -> dict[str, str]:
        for wish, text in spans.items():
            if wish not in set(RequestKind):
                raise ValueError(f"{wish!r} is unknown; use one of {', '.join(RequestKind)}")
            read_span(text)
        return spans

    @field_validator("weekdays")
    @classmethod
    def _are_weekdays(cls, days: list[int]) -> list[int]:
        if not days or not all(0 <= day <= 6 for day in days):
            raise ValueError("give at least one weekday, 0 (Monday) to 6")
        return days

    def answers(self, zone: ZoneInfo) -> AnswerSettings:
        """How requests are answered: deadlines, calendar, reasons and texts."""
        return AnswerSettings(
            terms=StepLengths(
                read_span(self.acknowledge), _spans(self.answer), _spans(self.extension)
            ),
            week=Week(zone, frozenset(self.weekdays), frozenset(self.holidays)),
            refusals={"vi": self.refusals_vi, "en": self.refusals_en},
            texts={"vi": self.text_vi, "en": self.text_en},
            sources={"vi": self.source_vi, "en": self.source_en},
            contact_days=self.contact_days,
        )


def _spans(said: Mapping[str, str]) -> dict[RequestKind, StepLength]:
    return {RequestKind(wish): read_span(text) for wish, text in said.items()}
