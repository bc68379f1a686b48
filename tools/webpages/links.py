"""The pages of a site as files: what leads nowhere, and what a reader would miss."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import crnn
from crnn.cli import COMMANDS

FETCHING = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src"}
VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
FETCHED_BY_CSS = re.compile(r"""(?:url\(|@import(?!\s*url))\s*["']?([^"')\s;]+)""")
UNTITLED = "search.html"  # the theme gives it its heading when it is open


@dataclass
class Page:
    """What a page has that others lead to, and what it leads to."""

    anchors: set[str] = field(default_factory=set)
    targets: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    titles: int = 0  # elements h1
    title: str = ""
    pictures_without_words: list[str] = field(default_factory=list)
    links_named_as_files: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.open: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.page.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in FETCHING and given.get("rel") != "canonical":
            self.page.fetched += [given[name] for name in (FETCHING[tag],) if name in given]
        if tag == "a" and "href" in given:
            self.page.targets.append(given["href"])
        if tag == "img" and not given.get("alt"):
            self.page.pictures_without_words.append(given.get("src", ""))
        self.page.titles += tag == "h1"
        if tag not in VOID:
            self.open.append(tag)
            self.said = ""

    def handle_endtag(self, tag: str) -> None:
        said = self.said.strip()
        if tag == "title" and "svg" not in self.open:
            self.page.title = said
        if tag == "a" and said.endswith(".md"):
            self.page.links_named_as_files.append(said)
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.said += data


@functools.cache
def read(path: Path) -> Page:
    """Return what a page has."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return reader.page


def pages(site: Path) -> list[Path]:
    """Return all pages of a site."""
    return sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)


def wrong(site: Path) -> list[str]:
    """Return what is wrong with a site, a line each."""
    found = [*_titles(site), *_missing_names(site)]
    for path in pages(site):
        name = path.relative_to(site)
        found += [f"{name}: {fault}" for fault in _faults(site, path)]
    for path in sorted(site.rglob("*.css")):
        name = path.relative_to(site)
        found += [f"{name}: {fault}" for fault in _faults_of_style(site, path)]
    return found


def _faults(site: Path, path: Path) -> Iterator[str]:
    page = read(path)
    if page.titles != 1 and path.name != UNTITLED:
        yield f"has {page.titles} elements h1, expected one"
    yield from (
        f"the picture {src} has no words in its place" for src in page.pictures_without_words
    )
    yield from (f"a link is named {name}, expected a title" for name in page.links_named_as_files)
    yield from _from_elsewhere(page.fetched)
    for url in {*page.targets, *page.fetched}:
        if not _leads_somewhere(site, path, url):
            yield f"{url} leads nowhere"


def _faults_of_style(site: Path, path: Path) -> Iterator[str]:
    """Yield what a style sheet fetches in vain or from elsewhere; what it holds itself is fine."""
    found = FETCHED_BY_CSS.findall(path.read_text("utf-8"))
    fetched = sorted({url for url in found if not url.startswith(("data:", "#"))})
    yield from _from_elsewhere(fetched)
    yield from (f"{url} leads nowhere" for url in fetched if not _leads_somewhere(site, path, url))


def _from_elsewhere(fetched: Iterable[str]) -> Iterator[str]:
    for url in fetched:
        if urlsplit(url).scheme or url.startswith("//"):
            yield f"fetches {url}, expected nothing from elsewhere"


def _leads_somewhere(site: Path, path: Path, url: str) -> bool:
    """Tell whether what a link of this site names is there; other places are not visited."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file() or not target.is_relative_to(site.resolve()):
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target.suffix != ".html" or anchor in read(target).anchors


def _titles(site: Path) -> Iterator[str]:
    """Every page has a title, and no two have the same."""
    seen: dict[str, Path] = {}
    for path in pages(site):
        name, title = path.relative_to(site), read(path).title
        if not title:
            yield f"{name}: has no title"
        elif title in seen:
            yield f"{name}: has the title of {seen[title]}: {title}"
        seen[title] = name


def _missing_names(site: Path) -> Iterator[str]:
    """Every public name and every command is in the reference."""
    entries = inventory((site / "objects.inv").read_bytes())
    names = {f"crnn.{name}" for name in crnn.__all__} | {f"crnn-{name}.--help" for name in COMMANDS}
    yield from (f"{name} is not in the reference" for name in sorted(names - entries))


def inventory(data: bytes) -> set[str]:
    """Return the names in an inventory of Sphinx: four lines of text, then lines under zlib."""
    body = zlib.decompress(data.split(b"\n", 4)[4]).decode()
    return {line.rsplit(" ", 4)[0] for line in body.splitlines()}
