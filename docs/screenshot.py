"""Take the README's picture of an answered form: ``python docs/screenshot.py URL [FILE]``.

URL is that of a running server, such as http://localhost:5000, or of its form with some fields
filled, such as "http://localhost:5000/?age=55&bmi=59&smoker=yes". Needs Debian's chromium, and
playwright to drive it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

#: Debian's chromium as root in a container, quiet on the network.
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def take(url: str, file: Path) -> None:
    """Answer the form at ``url`` and save the whole page, 1280 pixels wide."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto(url)
        page.get_by_role("button", name="Predict").click()
        page.locator("#result").wait_for()
        page.evaluate("window.scrollTo(0, 0); document.activeElement.blur()")
        page.screenshot(path=file, full_page=True)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    take(sys.argv[1], Path([*sys.argv, Path(__file__).with_name("form.png")][2]))
