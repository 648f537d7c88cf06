"""Examples are run in a copy of their folder, so that a build leaves the checkout as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config


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
