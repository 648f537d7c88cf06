"""Configuration of the documentation.

Build it without the network, as CI does::

    pip install -c constraints.txt ".[docs]"
    sphinx-build -n -W docs docs/_build/html
    python docs/check_site.py docs/_build/html

Links to other sites are checked by a command of its own, which needs the network::

    sphinx-build -b linkcheck -D plot_gallery=0 docs docs/_build/linkcheck
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import matplotlib as mpl

import skecg

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS / "_extensions"))

project = "skecg"
author = "The skecg developers"
copyright = "The skecg developers"
version = release = skecg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.linkcode",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinxcontrib.bibtex",
    "sphinx_gallery.gen_gallery",
    "gallery",
    "mathml",
    "trim_code",
]
# No intersphinx: the build must not need the network, and stored inventories grow stale.

source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = [
    "_build",
    "_examples",
    "gallery/**/*.md5",
    "gallery/**/*.py",
    "gallery/**/*.ipynb",
]
templates_path = ["_templates"]
nitpicky = True
smartquotes = False  # they would change the quotes of defaults, which readers copy
# Types in docstrings are words ("array of shape (n_samples,)"), not links.
numpydoc_xref_param_type = False
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"
autodoc_inherit_docstrings = True
autosummary_generate = True
# Names of other libraries in docstrings and pages. They are right, but without intersphinx there is
# no page here that they could link to.
nitpick_ignore_regex = [
    ("py:.*", r"(numpy|np|scipy|sklearn|imblearn|skorch|torch|pandas|matplotlib|PIL|joblib)\..*"),
    ("py:.*", r"(dask|distributed|accelerate|captum|wfdb|sleepecg|neurokit2)\..*"),
]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"
html_math_renderer = "mathml"

html_theme = "pydata_sphinx_theme"
html_title = f"skecg {release}"
html_static_path = ["_static"]
html_css_files = ["skecg.css"]
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "skecg", "image_light": "_static/icon.svg", "image_dark": "_static/icon.svg"},
    "icon_links": [
        {
            "name": "GitHub",
            "url": "https://github.com/skecg/skecg",
            # Not the brand: its font would be a tenth of the home page.
            "icon": "fa-solid fa-code-branch",
        }
    ],
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages without pages below them need no list of these.
html_sidebars = {
    page: []
    for page in ("index", "whats_new", "glossary", "references", "contributing", "security")
}

# The examples must not find real data, so that the site is the same wherever it is built. They look
# in $SKECG_DATA, ../shared/data and ~/skecg_data. They run in docs/_examples, a copy of their
# folder (see _extensions/gallery.py), because they write their pictures where they run.
mpl.get_cachedir()  # matplotlib remembers the folder that it asked for first
os.environ["SKECG_DATA"] = os.environ["HOME"] = str(DOCS / "_examples" / "no_data")
sphinx_gallery_conf = {
    "examples_dirs": "_examples",
    "gallery_dirs": "gallery",
    # Examples that need Dask, several processes or GPUs are shown, not run.
    "filename_pattern": r"[\\/](plot_|quickstart)",
    "within_subsection_order": "gallery.Order",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "capture_repr": (),
    "default_thumb_file": str(DOCS / "_static" / "no_picture.png"),
    "image_scrapers": ("gallery",),
    "write_computation_times": False,  # its page loads scripts from the web
}
warnings.filterwarnings("ignore", message=".*FigureCanvasAgg is non-interactive")


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """Return the address of the source of a Python object."""
    import importlib
    import inspect

    if domain != "py" or not info["module"]:
        return None
    found = importlib.import_module(info["module"])
    for name in info["fullname"].split("."):
        found = getattr(found, name, None)
    try:
        found = inspect.unwrap(found)
        file = Path(inspect.getsourcefile(found)).resolve()
        source, line = inspect.getsourcelines(found)
    except (TypeError, OSError):
        return None
    root = Path(skecg.__file__).resolve().parents[1]
    if not file.is_relative_to(root / "skecg"):
        return None
    path = file.relative_to(root).as_posix()
    lines = f"L{line}-L{line + len(source) - 1}"
    return f"https://github.com/skecg/skecg/blob/v{release}/{path}#{lines}"
