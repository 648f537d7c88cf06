"""Draw the pictures of the start page: run its blocks and store what each has drawn last.

::

    python docs/draw_start.py
"""

from __future__ import annotations

import doctest
import os
import re
import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "_static" / "start"


def blocks() -> dict[str, list[str]]:
    """Return the statements of each tab of the start page."""
    page = (DOCS / "index.md").read_text(encoding="utf-8")
    _, *tabs = re.split(r":sync: (\w+)", page.partition("\n::::\n")[0])
    examples = doctest.DocTestParser().get_examples
    return {
        name: [example.source for example in examples(text)]
        for name, text in zip(tabs[::2], tabs[1::2])
    }


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    os.chdir(tempfile.mkdtemp())
    for name, statements in blocks().items():
        plt.close("all")
        variables: dict[str, object] = {"__name__": "__main__"}
        for statement in statements:
            exec(statement, variables)
        file = PICTURES / f"{name}.png"
        plt.gcf().savefig(file, dpi=120, bbox_inches="tight")
        # A palette is enough for these drawings, and a quarter of the size.
        Image.open(file).convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(
            file, optimize=True
        )


if __name__ == "__main__":
    main()
