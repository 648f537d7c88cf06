"""Draw the figure of the guide's page on evaluation, from the results in evaluation.json.

Run ``python docs/figures/evaluation.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt

HERE = Path(__file__).parent
SHARED, UNSEEN = "#c44e00", "#1f6fb4"


def main() -> None:
    """Draw macro-F1 of split after split, and save the picture."""
    rows = json.loads((HERE / "evaluation.json").read_text(encoding="utf-8"))["rows"]
    fig, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
    for y, row in enumerate(rows):
        color, score = (UNSEEN if row["honest"] else SHARED), row["macro_f1"]
        if row["interval"]:
            low, high = row["interval"]
            ax.plot([low, high], [y, y], color=color, linewidth=5, alpha=0.3, solid_capstyle="butt")
        ax.plot(score, y, "o" if row["honest"] else "D", color=color, markersize=8)
        text = f"{score:.3f}" + (f", accuracy {row['accuracy']}" if row["accuracy"] else "")
        right = max(score, (row["interval"] or [0])[-1])
        side = {"ha": "left", "xytext": (9, 0)} if right < 0.8 else {"ha": "right"}
        left = min(score, (row["interval"] or [1])[0])
        anchor = right if right < 0.8 else left
        ax.annotate(
            text, (anchor, y), va="center", fontsize=9, textcoords="offset points",
            **({"xytext": (-9, 0)} | side),
        )  # fmt: skip
    ax.set(xlim=(0, 1.02), ylim=(len(rows) - 0.5, -0.5), xlabel="Macro-F1")
    ax.set_yticks(range(len(rows)), [f"{row['data']}: {row['label']}" for row in rows], fontsize=9)
    ax.axhline(2.5, color="0.7", linewidth=0.8)
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    for label, color, marker in (
        ("people or images on both sides of the split", SHARED, "D"),
        ("on one side only", UNSEEN, "o"),
    ):
        ax.plot([], [], marker, color=color, label=label)
    fig.legend(loc="outside upper right", ncols=2, frameon=False, fontsize=9)
    fig.savefig(HERE.parent / "guide" / "images" / "evaluation.png", dpi=130)


if __name__ == "__main__":
    main()
