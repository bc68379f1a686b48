"""Links between pages lead to files, and to headings in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages.blocks import PAGES, ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?)\s*$", re.MULTILINE)


def links_of(page: str) -> list[str]:
    return [link for link in LINK.findall((ROOT / page).read_text("utf-8")) if "://" not in link]


def anchors_of(page: Path) -> set[str]:
    """Return the names that a Git host and the site give to the headings of a page."""
    headings = HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [page for page in PAGES if links_of(page)])
def test_links_lead_somewhere(page: str) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_pages_have_links() -> None:
    assert links_of("README.md")
