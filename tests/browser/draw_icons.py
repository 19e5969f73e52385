"""Draws the PNG icons from the SVG ones: run this file after a change of those."""

from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ICONS = Path(__file__).parents[2] / "hub" / "web" / "static" / "icons"
GROUND = "#0c1015"


def draw(page: Page, source: str, target: str, *, size: int, ground: str, share: float) -> None:
    """One PNG of `size` px, the drawing `share` (0-1) of its width, on `ground` or on nothing."""
    drawing = (ICONS / source).read_text()
    edge = round(size * (1 - share) / 2)
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(
        f"<style>html{{background:{ground}}}body{{margin:{edge}px}}"
        f"svg{{display:block;width:{size - 2 * edge}px}}</style>{drawing}"
    )
    page.screenshot(path=ICONS / target, omit_background=ground == "transparent")


def main() -> None:
    """All of them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page()
        for size in (192, 512):
            draw(page, "eye.svg", f"eye-{size}.png", size=size, ground="transparent", share=1)
        draw(page, "eye.svg", "eye-180.png", size=180, ground=GROUND, share=1)
        draw(page, "eye.svg", "eye-maskable-512.png", size=512, ground=GROUND, share=0.8)
        draw(page, "badge.svg", "badge-96.png", size=96, ground="transparent", share=0.9)
        browser.close()


if __name__ == "__main__":
    main()
