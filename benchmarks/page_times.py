"""How large pages without a server are, and how long they take, in a real chromium.

python -m benchmarks.page_times NAME [NAME …]

For each deployment: the file's KB, the milliseconds until the first answer after opening, and those
until answer, range, reasons and what-if stand in the page after a change (medians). Opened from a
disk, without a network; pages are not proven here.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tablecast.deployment import graph_file
from tablecast.deployment.files import without_ending
from tablecast.deployment.opening import load
from tablecast.export.page.contents import contents_of
from tablecast.export.page.html_file import page_html

CHROMIUM = "/usr/bin/chromium"
OPENED = 5
CHANGES = 20

#: When the first answer was there: milliseconds after the page's opening.
_FIRST = """new MutationObserver((_changes, self) => {
  if (!document.querySelector(".panel .answer")) return;
  globalThis.firstAnswer = performance.now();
  self.disconnect();
}).observe(document, {childList: true, subtree: true});"""

#: Milliseconds that each of several changes of the form takes.
_CHANGES = """async (changes) => {
  const inputs = Array.from(document.querySelectorAll(".form select, .form .input"));
  const panel = () => document.querySelector(".panel");
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const times = [];
  for (let i = 0; i < changes; i++) {
    const input = inputs[i % inputs.length];
    if (input.options) input.selectedIndex = 1 + (i % (input.options.length - 1));
    const before = panel(), began = performance.now();
    input.dispatchEvent(new Event("input", {bubbles: true}));
    while (panel() === before) await pause(0);
    times.push(performance.now() - began);
    await pause(20);
  }
  return times;
}"""


def measured(browser: Browser, name: str, folder: Path) -> dict[str, Any]:
    """A page's KB, and its times in milliseconds."""
    path = folder / f"{Path(name).name}.html"
    path.write_text(_html(name), encoding="utf-8")
    opened = [_opened(browser, path) for _ in range(OPENED)]
    return {
        "KB": round(path.stat().st_size / 1000),
        "first answer": round(statistics.median(first for first, _ in opened)),
        "after a change": round(statistics.median(change for _, change in opened)),
    }


def _html(name: str) -> str:
    graph, _ = graph_file.read_graph(without_ending(name))
    loaded = load(name, "onnx")
    return page_html(loaded, contents_of(loaded, graph), hashlib.sha256(graph).hexdigest())


def _opened(browser: Browser, path: Path) -> tuple[float, float]:
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.add_init_script(_FIRST)
    page.goto(path.as_uri())
    page.wait_for_function("globalThis.firstAnswer")
    page.locator(".steps").wait_for()
    first: float = page.evaluate("firstAnswer")
    times: list[float] = page.evaluate(_CHANGES, CHANGES)
    context.close()
    return first, statistics.median(times)


def main() -> None:
    """Run the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help="a deployment's path")
    options = parser.parse_args()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name in options.names:
            print(name, measured(browser, name, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
