"""How the documentation is built: Sphinx with MyST, so that every page is plain Markdown; `make docs`.

Sphinx, because MkDocs 1 and its theme Material are no longer maintained (the latter since November 2026). Nothing is
fetched while it is built, and nothing while it is read.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "docs" / "_ext"), str(ROOT / "src")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])  # the notebook's

from pygments.lexers.special import TextLexer  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402

from demosim import __version__  # noqa: E402

project, author, release = "demosim", "The demosim project", __version__
copyright = "the demosim project; MIT licence, figures CC BY 4.0"
extensions = ["myst_nb", "generated", "mathml", "outside"]
exclude_patterns = ["_ext"]
templates_path: list[str] = []

myst_enable_extensions = ["dollarmath", "deflist"]
smartquotes = False  # text stands as it was written
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # figures that a command writes into a page begin at the level they have there
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_title = "demosim"
html_static_path = ["_static"]
html_css_files = ["demosim.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def setup(app: Sphinx) -> None:
    """Fences that name a data file are shown as they are."""
    app.add_lexer("csv", TextLexer)
