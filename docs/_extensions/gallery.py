"""The gallery's order of examples and form of pictures; examples are run in a copy of their folder.

The copy is there because examples write pictures where they run, and a build should leave the
checkout as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

# From the first steps to large data. Examples that need several processes are last.
ORDER = (
    "quickstart",
    "plot_annotation",
    "plot_traces",
    "plot_sheets",
    "plot_records",
    "plot_several_labels",
    "plot_imbalance",
    "plot_augmentation",
    "plot_transfer",
    "plot_embedding",
    "plot_certainty",
    "plot_inspection",
    "plot_export",
    "nested_progress",
    "dask_search",
    "dask_resize",
    "train_in_parallel",
)


class Order:
    """The place of an example in the gallery."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, file: str) -> int:
        name = Path(file).stem
        if name not in ORDER:
            raise ValueError(f"{file} has no place in the gallery: add it to ORDER in {__file__}.")
        return ORDER.index(name)


def _get_sg_image_scraper() -> Callable[..., str]:
    """Return what stores a picture: WebP, which takes a fifth of the size of PNG for sheets."""
    from sphinx_gallery.scrapers import matplotlib_scraper

    def scraper(*args: object, **kwargs: object) -> str:
        return matplotlib_scraper(*args, format="webp", pil_kwargs={"quality": 90}, **kwargs)

    return scraper


def copy_examples(app: Sphinx, config: Config) -> None:
    source = Path(app.confdir).parent / "examples"
    target = Path(app.confdir) / "_examples"
    target.mkdir(exist_ok=True)
    files = {path.name for path in source.iterdir() if path.suffix in {".py", ".rst"}}
    for old in target.iterdir():
        if old.name not in files and old.suffix in {".py", ".rst"}:
            old.unlink()
    for name in files:
        shutil.copyfile(source / name, target / name)


def setup(app: Sphinx) -> dict[str, bool]:
    # Before sphinx-gallery looks for its folders, which it does when the builder starts.
    app.connect("config-inited", copy_examples, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
