"""The pages of a site in Chromium: as on a phone and on a desk, light and dark."""

from __future__ import annotations

import importlib.resources
import itertools
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from webpages import links

SCREENS = {"phone": (360, 740), "desk": (1280, 900)}
SCHEMES = ("light", "dark")
BROWSERS = 2  # at the same time
SOUGHT = "perplexity"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--force-color-profile=srgb",
)  # fmt: skip
AXE = importlib.resources.files("axe_core_python") / "axe.min.js"
# Where axe looks, for what: it takes most of the time, and on the desk all of a page is seen.
RULES = {("desk", "light"): ["wcag2a", "wcag2aa"], ("desk", "dark"): ["color-contrast"]}
RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: arguments[0], resultTypes: ["violations"]}).then(found => done(
  found.violations.map(rule => rule.id + ": " + rule.nodes.length + " times, first "
    + rule.nodes[0].target.join(" ") + ": "
    + rule.nodes[0].failureSummary.replace(/\\s+/g, " "))), error => done([String(error)]));
"""
TOO_WIDE = """
const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
const over = wide > 0 ? [...document.querySelectorAll("article *")].find(
  one => one.getBoundingClientRect().right > document.documentElement.clientWidth) : null;
const where = over ? over.outerHTML.slice(0, 120) : "outside the article";
return wide > 0 ? `${wide} pixels: ${where}` : "";
"""
UNSEEN = "return [...document.images].filter(one => !one.naturalWidth).map(one => one.src)"


def wrong(site: Path, folder: Path) -> list[str]:
    """Return what is wrong with the pages of a site as they are seen, a line each.

    Parameters
    ----------
    site : Path
        The built site; its pages are opened as files.
    folder : Path
        Where screenshots go: page, screen and scheme are in their names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = links.pages(site)
    with ThreadPoolExecutor(BROWSERS) as pool:
        shares = [pages[number::BROWSERS] for number in range(BROWSERS)]
        found = sorted(
            fault for part in pool.map(partial(_seen, site, folder), shares) for fault in part
        )
    with opened() as driver:
        return found + list(_search(driver, site))


def _seen(site: Path, folder: Path, pages: list[Path]) -> list[str]:
    """Look at some of the pages in a browser of their own."""
    found: list[str] = []
    with opened() as driver:
        for path in pages:
            name = str(path.relative_to(site))
            driver.get(path.resolve().as_uri())
            driver.execute_script(AXE.read_text("utf-8"))
            for screen, scheme in itertools.product(SCREENS, SCHEMES):
                _put(driver, SCREENS[screen], scheme)
                shot = f"{name.removesuffix('.html').replace('/', '-')}-{screen}-{scheme}.png"
                driver.save_screenshot(str(folder / shot))
                faults = _faults(driver, RULES.get((screen, scheme)))
                found += [f"{name}, {screen}, {scheme}: {fault}" for fault in faults]
            found += [f"{name}: {entry['message']}" for entry in driver.get_log("browser")]
    return found


def _search(driver: Any, site: Path) -> Iterator[str]:
    """Search for a word that stands in the reference, as a reader without a network would."""
    driver.get(f"{(site / 'search.html').resolve().as_uri()}?q={SOUGHT}")
    wait = WebDriverWait(driver, 30)
    try:
        wait.until(lambda shown: shown.find_elements(By.CSS_SELECTOR, "#search-results li a"))
    except TimeoutException:
        yield f"search.html: finds no {SOUGHT}"


@contextmanager
def opened() -> Iterator[Any]:
    """Open a browser that keeps nothing, and close it."""
    options = Options()
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))
        try:
            yield driver
        finally:
            driver.quit()


def _put(driver: Any, size: tuple[int, int], scheme: str) -> None:
    """Give the window the size and the scheme of a screen."""
    width, height = size
    device = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def _faults(driver: Any, rules: list[str] | None) -> Iterator[str]:
    if wide := driver.execute_script(TOO_WIDE):
        yield f"wider than the screen by {wide}"
    yield from (f"the picture {source} is not seen" for source in driver.execute_script(UNSEEN))
    if rules:
        yield from driver.execute_async_script(RUN_AXE, rules)
