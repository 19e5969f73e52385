"""Redacted copies: the areas of a plan are hidden in every frame, and every frame is marked as a
copy.

A hidden area is averaged into a few fields first, so that it cannot be restored. Sound is left out,
because voices identify people. Metadata of the file (places, devices) is not copied.
"""

import io
from collections.abc import Callable, Iterable
from contextlib import closing
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from hub.cases.evidence.redaction_plan import Area, RedactionPlan
from hub.footage.films.films import FORMS, form_of

FIELDS: Final = 3
"""Fields of one colour per direction: only a few tones of a face are left."""
SLACK_S: Final = 0.1
"""A box also hides this much earlier and later, or for the duration of a frame if that is longer,
so that a moving object does not get ahead of its box by a frame."""
MOST_PIXELS: Final = 20_000_000
"""Above what cameras take; a node chooses these bytes, and the hub decodes them whole."""
MARK: Final = "BẢN LÀM MỜ · REDACTED COPY"
_MARGIN: Final = 0.01
"""Share of the picture, added on every side."""
_FONT: Final = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf")


class BlurError(ValueError):
    """No redacted copy can be made; the message says why."""


def blur(
    kind: str, pieces: Iterable[bytes], plan: RedactionPlan, *, original: Path, copy: Path
) -> None:
    """Write the redacted copy of a clip or picture to `copy`; `original` is a path for its
    bytes."""
    with original.open("wb") as file:
        file.writelines(pieces)
    try:
        if kind == "picture":
            _picture(original, plan, copy)
        elif kind == "clip":
            _clip(original, plan, copy)
        else:
            raise BlurError(f"{kind} has no picture in which something could be hidden")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise BlurError(f"it cannot be read as a {kind}: {error}") from error


def hidden(picture: Image.Image, areas: Iterable[Area]) -> Image.Image:
    """The picture with these areas averaged and the copy mark added."""
    shown = picture.convert("RGB")
    for area in areas:
        box = _pixels(area, shown.size)
        fields = shown.crop(box).resize((FIELDS, FIELDS), Image.Resampling.BOX)
        size = (box[2] - box[0], box[3] - box[1])
        shown.paste(fields.resize(size, Image.Resampling.NEAREST), box)
    _mark(shown)
    return shown


def _pixels(area: Area, size: tuple[int, int]) -> tuple[int, int, int, int]:
    wide, high = size
    x0, y0, x1, y1 = area
    left = min(max(0, int((x0 - _MARGIN) * wide)), wide - 1)
    top = min(max(0, int((y0 - _MARGIN) * high)), high - 1)
    right = max(left + 1, min(wide, int((x1 + _MARGIN) * wide) + 1))
    bottom = max(top + 1, min(high, int((y1 + _MARGIN) * high) + 1))
    return left, top, right, bottom


def _mark(picture: Image.Image) -> None:
    """A line on top, drawn last, so that the copy is never mistaken for the original."""
    pen = ImageDraw.Draw(picture)
    points = max(10, picture.height // 24)
    try:
        font: Any = ImageFont.truetype(str(_FONT), points)
    except OSError as error:
        raise BlurError("the mark's letters are missing: apt install fonts-dejavu-core") from error
    while points > 6 and pen.textlength(MARK, font=font) > picture.width - 8:
        points -= 1
        font = font.font_variant(size=points)
    pen.rectangle((0, 0, picture.width, points + 8), fill=(0, 0, 0))
    pen.text((4, 2), MARK, font=font, fill=(255, 255, 255))


def _picture(original: Path, plan: RedactionPlan, copy: Path) -> None:
    with Image.open(original, formats=("JPEG", "PNG", "WEBP")) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise BlurError(f"it has more than {MOST_PIXELS // 1_000_000} million pixels")
        shown = hidden(picture, plan.at(0.0))
    kept = io.BytesIO()
    shown.save(kept, "JPEG", quality=88)
    copy.write_bytes(kept.getvalue())


def _clip(original: Path, plan: RedactionPlan, copy: Path) -> None:
    import av  # noqa: PLC0415 - heavy, and seldom wanted

    form = form_of(original)
    if form is None:
        raise BlurError("it cannot be read as a clip: its first bytes match no known format")
    # As exactly this format: a list of other files or addresses would be followed.
    options = {"protocol_whitelist": "file", "max_pixels": str(MOST_PIXELS)}
    try:
        with (
            closing(av.open(f"file:{original}", format=FORMS[form], options=options)) as source,
            closing(av.open(str(copy), "w", format="mp4")) as target,
        ):
            if not source.streams.video:
                raise BlurError("it has no pictures")
            _frames(av, source, target, plan.at)
    except av.FFmpegError as error:
        raise BlurError(f"it cannot be read as a clip: {error}") from error


def _frames(av: Any, source: Any, target: Any, areas: Callable[[float, float], list[Area]]) -> None:
    shown = source.streams.video[0]
    shown.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    made = target.add_stream("libx264", rate=shown.average_rate or Fraction(25))
    made.width, made.height = shown.width - shown.width % 2, shown.height - shown.height % 2
    made.pix_fmt = "yuv420p"
    made.time_base = made.codec_context.time_base = shown.time_base
    made.options = {"crf": "23", "preset": "veryfast", "bf": "0"}
    first_pts: int | None = None
    slack_s = SLACK_S
    timed = (frame for frame in source.decode(shown) if frame.pts is not None)
    for frame, after in pairwise(chain(timed, [None])):
        first_pts = frame.pts if first_pts is None else first_pts
        since = frame.pts - first_pts
        if after is not None:  # the last frame is shown as long as the one before
            slack_s = max(SLACK_S, float((after.pts - frame.pts) * shown.time_base))
        picture = hidden(frame.to_image(), areas(float(since * shown.time_base), slack_s))
        copied = av.VideoFrame.from_image(picture.crop((0, 0, made.width, made.height)))
        copied.pts, copied.time_base = since, shown.time_base
        target.mux(made.encode(copied))
    if first_pts is None:
        raise BlurError("it has no pictures")
    target.mux(made.encode(None))
