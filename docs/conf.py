"""The site of the documentation; `python tools/website.py build` makes it.

Nothing is fetched, neither while it is built nor while it is read. What is special about it stands
in `_ext`, an idea a file.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import crnn

COMPILED = sorted(stub.stem for stub in Path(crnn.__file__).parent.glob("*.pyi"))
for module in COMPILED:
    importlib.import_module(f"crnn.{module}")  # or autodoc would take its stub for it
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "crnn"
author = "The crnn developers"
project_copyright = author
release = version = crnn.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "benchmark_tables",
    "c_header",
    "commands",
    "compiled_modules",
    "descriptions",
    "docstrings",
    "mathml",
    "outside",
    "scrolling",
    "setting_tables",
]
exclude_patterns = ["_ext"]
root_doc = "index"

# Pages are Markdown that also reads well where it is not built.
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

# Docstrings: types stand in them, in words.
autodoc_member_order = "bysource"
autodoc_typehints = "none"
python_use_unqualified_type_names = True
autodoc_mock_imports = ["sklearn"]
autosummary_generate = False
default_role = "py:obj"
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    *("GL03", "GL05", "GL06", "GL07"),  # sections: known ones, in their order
    *("PR02", "PR03", "PR04", "PR05", "PR06", "PR09", "PR10"),  # parameters: there, in order, typed
    *("RT02", "RT05", "SS01", "SS02", "SS04", "SS05", "SS06", "YD01"),
}
# No signatures to compare with: compiled modules; keywords in a TypedDict.
numpydoc_validation_exclude = {rf"^crnn\.({'|'.join(COMPILED)})\.", r"^crnn\.RNN\.sample$"}

# A name of crnn's must lead somewhere. Others do not: this site is read without a network.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!crnn\.).*"), ("c:.*", r"(?!crnn_).*")]

html_theme = "furo"
html_title = "crnn"
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_search_summary = False  # it would be fetched, which a page from a disk may not
html_copy_source = False
highlight_language = "text"  # what is set apart in docstrings
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
