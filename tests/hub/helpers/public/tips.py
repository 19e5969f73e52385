"""Helpers of the tests of tips, used by more than one module."""

import io
import re
from typing import Any

import httpx
from PIL import Image

from hub.public.tips.sealing import SealBox
from tests.hub.rigs.web_town import Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of


class Sender:
    """Somebody at an old phone, who opens the form and takes the time to fill it in."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.app = town.app()
        self.visitor = Visitor(self.app)

    def mark(self, *, age_s: float = 60) -> str:
        """Mark of a form that was opened so long ago."""
        return SealBox(bytes(32)).form_mark(self.town.clock.now().plus_s(-age_s))

    def send(
        self,
        *,
        pictures: list[tuple[str, bytes]] | None = None,
        mark: str | None = None,
        **fields: str,
    ) -> httpx.Response:
        form = {
            "what": "Có người phá khóa xe",
            "area": str(self.town.area_id),
            "place": "trước tiệm thuốc",
            "consent": "yes",
            "mark": self.mark() if mark is None else mark,
        }
        files = [("pictures", (name, content)) for name, content in pictures or []]
        return self.visitor.send(
            "POST",
            "/tips",
            data=form | fields,
            files=files,
            headers={**PAGE, **self.visitor.origin, "accept-language": "en"},
        )

    def code(self, **fields: Any) -> str:
        return code_in(self.send(**fields))


def code_in(answer: httpx.Response) -> str:
    assert answer.status_code == 200, text_of(answer)
    found = re.search(r"<strong>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</strong>", answer.text)
    assert found
    return found[1]


def photo(*, with_place: bool = True) -> bytes:
    """A phone's picture that says where it was taken, and hides a script behind its end."""
    image, exif = Image.new("RGB", (640, 480), "teal"), Image.Exif()
    if with_place:
        exif.get_ifd(0x8825).update({1: "N", 2: (11.0, 32.0, 6.72), 3: "E", 4: (106.0, 37.0, 18.1)})
        exif[0x010E] = "<script>alert(1)</script>"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"<script>alert(2)</script>")
    return out.getvalue() + b"<script>alert(3)</script>"
