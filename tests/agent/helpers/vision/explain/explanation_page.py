"""Helpers of the tests of explanation page, used by more than one module."""

from html.parser import HTMLParser

from agent.media.frame import Instant
from agent.vision.explain.page import ExplanationPage
from agent.vision.explain.record import Explanation
from tests.agent.rigs.vision import after


def clock(at: Instant) -> str:
    return f"{at.seconds_since(after(0)):.1f}"


def page(found: Explanation, language: str = "vi", *notes: str) -> str:
    made = ExplanationPage(found, language=language, clock=clock)
    return made.html("cong-chinh", notes)


class Seen(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)
