"""Sphinx settings: MyST pages, the furo theme, no network while building or reading."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from traaviis_lab import __version__

project = "TRAAVIIS Lab"
author = "TRAAVIIS Lab developers"
copyright = "2026, TRAAVIIS Lab developers"
version = release = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = f"{project} {version}"
html_show_sourcelink = False
html_extra_path = ["schema"]
pygments_style = "friendly"
pygments_dark_style = "github-dark"
