"""
ECG sheets: what the models see
===============================

From pictures of printed 12-lead ECG sheets to the arrays that a classifier is trained on. The
published sheets are used when the environment variable ``SKECG_DATA`` names a folder that holds
them, else generated sheets of the same layout.
"""

# %%
# The sheets
# ----------
# ``X`` holds file names (or pictures), ``groups`` what a split must not tear apart: the 928
# published files are only 491 distinct images.
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skecg.datasets import load_sheets, make_sheets
from skecg.inspection import LeadLayoutDisplay
from skecg.preprocessing import AreaResize, LeadCropper
from skecg.sheet import read_image

folder = Path(os.environ.get("SKECG_DATA", ""), "sheets")
sheets = load_sheets(folder) if folder.is_dir() else make_sheets(24, random_state=0)
X, y, groups = sheets.data, sheets.target, sheets.groups
for index, name in enumerate(sheets.target_names):
    n_distinct = len(np.unique(groups[y == index]))
    print(f"{name:7s} {np.sum(y == index):4d} sheets in {n_distinct:3d} groups")

# %%
# One sheet as it was printed, 2213 x 1572 pixels at 200 dpi.
chosen = np.flatnonzero(y == 1)[:1]
sheet = read_image(X[chosen[0]])
fig, ax = plt.subplots(figsize=(10, 7))
ax.imshow(sheet)
ax.set_axis_off()
ax.set_title(f"Class {sheets.target_names[y[chosen[0]]]}")

# %%
# Resized
# -------
# Every pixel is the exact mean of the area that it covers. Above the whole page; below the region
# ``"grid"``, without the header and footer, which print identity and heart rate: a classifier
# reads them.
fig, axes = plt.subplots(2, 1, figsize=(8, 11), layout="constrained")
for ax, region in zip(axes, (None, "grid")):
    resized = AreaResize(size=(182, 256), region=region).transform(X[chosen])
    ax.imshow(resized[0].transpose(1, 2, 0))
    ax.set_axis_off()
    ax.set_title(f"AreaResize(region={region!r})")

# %%
# The boxes of the leads
# ----------------------
# One table of boxes serves all classes. (The published boxes depended on the class, which leaks
# the label.)
fig, ax = plt.subplots(figsize=(10, 7))
LeadLayoutDisplay.from_layout("edan-3x4", sheet, ax=ax)
ax.set_axis_off()

# %%
# The 13 crops
# ------------
# Grey, thickened, inverted and resized: the channels of the six lead models.
cropper = LeadCropper()
leads = cropper.fit_transform(X[chosen])
fig, axes = plt.subplots(3, 5, figsize=(10, 6.4), layout="constrained")
for ax in axes.flat:
    ax.set_axis_off()
for ax, name, lead in zip(axes.flat, cropper.get_feature_names_out(), leads[0]):
    ax.imshow(lead, cmap="gray", vmin=0, vmax=255)
    ax.set_title(name)

plt.show()
