"""Take the README's pictures of the shipped deployment: ``python docs/screenshot.py``.

Needs Debian's chromium, playwright to drive it, a font with Chinese letters, such as Debian's
fonts-wqy-microhei, and Pillow, which training brings, to make the files small. Every picture is of
the page as it is served; nothing is drawn over it.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # the package and its tests, from a checkout

from tablecast.deployment.opening import load  # noqa: E402
from tests import watched  # noqa: E402
from tests.chromium import ARGUMENTS, CHROMIUM  # noqa: E402
from tests.served import server  # noqa: E402
from tests.started import started  # noqa: E402

#: The tutorial's patient, whose BMI no training row has.
ASKED = "/?age=55&sex=male&bmi=59&children=1&smoker=yes&region=northwest"

#: Pixels around a part of a page, and between two pictures that stand beside one another.
MARGIN = 24

#: Colours of a picture: the pages have few, and a file is half as large as with all the shades
#: of its letters' edges.
COLOURS = 256


def main() -> None:
    """Take every picture again."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = started(load(HERE.parent / "deployment_28042020"))
    with server(app) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for scheme, ending in (("light", ""), ("dark", "-dark")):
            with opened(browser, url, ASKED, scheme) as page:
                save(f"form{ending}", [taken(page, ".bar", ".columns")])
                save(f"whatif{ending}", [taken(page, ".whatif h2", ".courses-levels")])
        save("phone", [phone(browser, url, *seen) for seen in PHONES])
        with opened(browser, url, "/model", "light") as page:
            save("card", [shot(page, 0, 1100)])
        with opened(browser, url, "/docs", "light") as page:
            save("api", [shot(page, 0, 1100)])
        with watched_server() as url, opened(browser, url, "/watch", "light") as page:
            save("watch", [shot(page, 0, 1750)])
        browser.close()


@contextmanager
def watched_server() -> Iterator[str]:
    """A server that has been asked for two months: of late for heavier people, at other prices."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{Path(folder) / 'log.db'}"
        today = int(time.time() // 86_400)
        watched.keep_days(
            address, today, 60, 100, watched.heavier, 5,
            off=lambda day: 4600 if day > today - 20 else 1900,
        )
        os.environ["TABLECAST_LOG"] = address
        with server(started(load(HERE.parent / "deployment_28042020"))) as url:
            yield url
        del os.environ["TABLECAST_LOG"]


#: What a phone shows: address, scheme, and what is scrolled to.
PHONES = (
    (ASKED, "light", "h1"),
    (ASKED, "light", "#result"),
    (f"{ASKED}&lang=zh", "dark", "#result"),
)


@contextmanager
def opened(
    browser: Browser, url: str, path: str, scheme: str, width: int = 1280, height: int = 900
) -> Iterator[Page]:
    """A page of that size and colour scheme."""
    size = {"width": width, "height": height}
    context = browser.new_context(base_url=url, viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def taken(page: Page, first: str, last: str) -> Image.Image:
    """The page from the top of one element to the bottom of another."""
    edges = (
        "(one) => { const box = document.querySelector(one).getBoundingClientRect();"
        " return [box.top + scrollY, box.bottom + scrollY]; }"
    )
    top, bottom = page.evaluate(edges, first)[0], page.evaluate(edges, last)[1]
    return shot(page, max(0, top - MARGIN), bottom + MARGIN)


def shot(page: Page, top: float, bottom: float) -> Image.Image:
    """The page between two heights, whole width."""
    width = page.evaluate("document.documentElement.clientWidth")
    clip = {"x": 0, "y": top, "width": width, "height": bottom - top}
    return Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip)))


def phone(browser: Browser, url: str, path: str, scheme: str, place: str) -> Image.Image:
    """A phone's window, scrolled to an element."""
    with opened(browser, url, path, scheme, 390, 844) as page:
        page.evaluate("one => document.querySelector(one).scrollIntoView()", place)
        return Image.open(io.BytesIO(page.screenshot()))


def save(name: str, pictures: Sequence[Image.Image]) -> None:
    """Pictures beside one another in one small file."""
    width = sum(one.width for one in pictures) + MARGIN * (len(pictures) - 1)
    whole = Image.new("RGB", (width, max(one.height for one in pictures)), "#8a9794")
    place = 0
    for one in pictures:
        whole.paste(one, (place, 0))
        place += one.width + MARGIN
    file = HERE / f"{name}.png"
    with_few_colours(whole).save(file, optimize=True)
    print(f"{file.name}: {whole.width} x {whole.height}, {file.stat().st_size:,} bytes")


def with_few_colours(picture: Image.Image) -> Image.Image:
    """The picture in its most frequent colours, exactly; each other one as the nearest of them."""
    pixels = np.asarray(picture).reshape(-1, 3)
    shades, places, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    kept = shades[np.argsort(-counts)[:COLOURS]].astype(int)
    distances = np.square(shades.astype(int)[:, None] - kept).sum(axis=2)
    nearest = distances.argmin(axis=1).astype(np.uint8)[places.reshape(-1)]
    few = Image.fromarray(nearest.reshape(picture.height, picture.width), "P")
    few.putpalette(kept.astype(np.uint8).tobytes())
    return few


if __name__ == "__main__":
    main()
