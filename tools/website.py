#!/usr/bin/env python3
"""Build the site of the documentation, or check the one that was built.

``check`` reads every page: links, anchors, pictures and the words in their place, titles, public
names. With --browser it opens every page in Chromium too, as on a phone and on a desk, light and
dark: no errors, nothing wider than the screen, contrast; and leaves screenshots. That needs
pip install '.[site]' and, on Debian, the packages chromium and chromium-driver.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from webpages import links

ROOT = Path(__file__).parent.parent
SITE = ROOT / "build" / "site"
EXAMPLES = """examples:
  python tools/website.py build                     into build/site: open index.html there
  python tools/website.py check                     in a second
  python tools/website.py check --browser build/screens    in a minute
"""


def main() -> int:
    asked = arguments()
    if asked.what == "build":
        return build()
    if not (SITE / "index.html").exists():
        raise SystemExit(f"there is no site in {SITE}: python tools/website.py build makes it")
    wrong = links.wrong(SITE)
    if asked.browser is not None:
        from webpages import browser  # selenium is optional

        wrong += browser.wrong(SITE, asked.browser)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(links.pages(SITE))} pages, {len(wrong)} faults")
    return bool(wrong)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["build", "check"])
    parser.add_argument(
        "--browser", type=Path, metavar="FOLDER", help="check in Chromium; screenshots into FOLDER"
    )
    return parser.parse_args()


def build() -> int:
    """Build the site anew, so that no page stays that is none any more; a warning is an error."""
    if SITE.exists():
        shutil.rmtree(SITE)
    sphinx = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    return subprocess.run([*sphinx, "-b", "html", ROOT / "docs", SITE]).returncode


if __name__ == "__main__":
    sys.exit(main())
