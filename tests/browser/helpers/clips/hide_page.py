"""Helpers of the tests of hide page, used by more than one module."""

from playwright.sync_api import Page


def drag(page: Page, x0: float, y0: float, x1: float, y1: float) -> None:
    """Drag a pointer, which may be a finger or a mouse."""
    frame = page.locator("#hide canvas").bounding_box()
    mouse = page.mouse
    assert frame is not None
    left, top, wide, high = (frame[one] for one in ("x", "y", "width", "height"))
    mouse.move(left + x0 * wide, top + y0 * high)
    mouse.down()
    mouse.move(left + x1 * wide, top + y1 * high, steps=4)
    mouse.up()
