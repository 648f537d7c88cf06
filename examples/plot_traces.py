"""
ECG sheets are signals: reading the traces
==========================================

A printed ECG is a drawing of signals. This example reads them back in millivolts, draws them over
the sheet, and checks them by what is known about the leads of a heart. It uses generated sheets;
with ``sheets.data = [paths of your scans]`` it reads yours.
"""

# %%
# From pictures to signals
# ------------------------
# The layout says which leads are printed where, and at which speed and gain. Each lead is printed
# for 2.5 s; the rhythm strip of 10 s comes in four pieces as long as the leads above it.
import warnings

import matplotlib.pyplot as plt
import numpy as np

from skecg.datasets import make_sheets
from skecg.paper import draw_paper, draw_trace, paper_figure
from skecg.preprocessing import TraceReader
from skecg.sheet import align_sheet, get_layout

sheets = make_sheets(4, random_state=0)
reader = TraceReader(sampling_rate=200)
read = reader.fit(sheets.data).read(sheets.data)
print(f"{read.traces.shape} samples in mV of the leads {', '.join(read.lead_names)}")

# %%
# How well were they read?
# ------------------------
# For each lead, the share of the columns of pixels in which its ink was found, the gaps that were
# bridged, and the noise.
for name in ("I", "aVL", "V3", "rhythm_1"):
    k = list(read.lead_names).index(name)
    print(
        f"{name:8s} {read.quality.share[:, k].mean():6.1%} of the columns, "
        f"{read.quality.n_gaps[:, k].sum():.0f} gaps, "
        f"noise {1000 * read.quality.noise[:, k].mean():.1f} microvolts"
    )

# %%
# Leads that are printed at the same time are bound by laws, which noise and errors break: II is the
# sum of I and III, and aVR, aVL and aVF sum to zero.
one, two, three, right, left, foot = read.traces[:, :6].transpose(1, 0, 2)
laws = {"II - (I + III)": two - one - three, "aVR + aVL + aVF": right + left + foot}
for law, residual in laws.items():
    residual = residual - np.median(residual, axis=1, keepdims=True)
    print(f"{law:15s} {1000 * np.median(np.abs(residual)):.1f} microvolts, of {np.ptp(two):.1f} mV")

# %%
# The traces over the sheet
# -------------------------
# Sheets are found in scans and photographs by their frame or grid, and without one by the starts
# and ends of their rows and the calibration pulses. ``align_sheet`` gives the place, a homography
# from the pixels of the layout, in which 25 mm are 1 s and 10 mm are 1 mV.
layout = get_layout(reader.layout)
across = layout.mm_per_second * layout.pixels_per_mm / 400
down = layout.mm_per_mv * layout.pixels_per_mm
left, upper, right, lower = layout.grid_box

fig, axes = plt.subplots(3, 1, figsize=(9, 16.5), layout="constrained")
for ax, damage in zip(axes, (None, ("perspective", "desk", "shadow", "jpeg"), "no-grid")):
    pictures = make_sheets(1, random_state=3, damage=damage).data
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*without a grid")  # which the last one is
        (traces,) = TraceReader(sampling_rate=400, output="10s").fit_transform(pictures)
    place = align_sheet(pictures[0], layout)
    ax.imshow(pictures[0], extent=(0, pictures[0].shape[1], pictures[0].shape[0], 0))
    for k, (trace, (_, baseline, _)) in enumerate(zip(traces, layout.traces)):
        x = layout.traces[0][0] + across * np.arange(len(trace))
        drawn = place.to_picture(np.column_stack([x, baseline - down * trace]))
        ax.plot(*drawn.T, color=f"C{k % 10}", linewidth=0.8)
    corners = place.to_picture([(left, upper), (right, upper), (right, lower), (left, lower)])
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    ax.set(xlim=(x0 - 20, x1 + 20), ylim=(y1 + 20, y0 - 20), xticks=[], yticks=[])
axes[0].set_title("Black: printed. Coloured: read from a scan, a photograph, and ink alone")
fig.savefig("traces.png", dpi=70)

# %%
# One lead as a signal
# --------------------
# The same signal on paper of another size.
v5 = read.traces[0, list(read.lead_names).index("V5")]
ax = paper_figure(width=2.5, height=3.0)
draw_paper(ax, 0, 2.5, -1, 2)
draw_trace(ax, v5, 200, left=0, baseline=0)
ax.set_title("V5")
ax.figure.savefig("lead.png")

# %%
# From sheets to classes
# ----------------------
# What a cardiologist measures, as numbers: rhythm, axes, and the waves of every lead. They stand in
# a pipeline between the traces and any classifier. Half of the generated people are learned from,
# the others are asked for.
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skecg.signal import LEAD_NUMBERS, lead_numbers

people = make_sheets(96, n_subjects=96, size=(1179, 1660), random_state=1)  # 150 dpi
train, test = next(
    GroupShuffleSplit(1, test_size=0.5, random_state=0).split(people.data, groups=people.groups)
)
numbers = make_pipeline(TraceReader(output="10s"), FunctionTransformer(lead_numbers))
forest = ExtraTreesClassifier(
    200, min_samples_leaf=2, max_features=0.3, class_weight="balanced", random_state=0
)
pipeline = make_pipeline(numbers, forest).fit(people.data[train], people.target[train])
measured = numbers.transform(people.data[test])
found = forest.predict(measured)
print(f"macro-F1 {f1_score(people.target[test], found, average='macro'):.2f} on other people")

# %%
# On the 491 distinct published sheets, in five folds, such a forest has a macro-F1 of 0.895
# (``python benchmarks/accuracy_trace_classes.py --model trees shortcuts``), and the best network on
# the pictures 0.81.

# %%
# What does a decision rest on?
# -----------------------------
# The numbers of one lead are replaced by the medians of the normal sheets. The more the class loses
# in probability, the more it rests on that lead.
normal = people.target_names.tolist().index("Normal")
usual = np.median(numbers.transform(people.data[train][people.target[train] == normal]), axis=0)
infarction = people.target_names.tolist().index("MI")
i = int(np.argmax(forest.predict_proba(measured)[:, infarction]))
of_lead = {
    lead: [k for k, name in enumerate(LEAD_NUMBERS) if name.endswith(f"_{lead}")]
    for lead in layout.lead_names[:12]
}
changed = np.tile(measured[i], (12, 1))
for row, columns in zip(changed, of_lead.values()):
    row[columns] = usual[columns]
whole = forest.predict_proba(measured[i : i + 1])[0, infarction]
lost = whole - forest.predict_proba(changed)[:, infarction]
order = np.argsort(-lost)
names = list(of_lead)
truth = people.target_names[people.target[test][i]]
print(
    f"A sheet of the class {truth} is MI with {whole:.0%}, which rests on "
    + ", ".join(f"{names[k]} ({lost[k]:+.0%})" for k in order[:4])
)

fig, ax = plt.subplots(figsize=(13, 7.8), layout="constrained")
width, height = layout.sheet_size
ax.imshow(people.data[test][i], extent=(0, width, height, 0))
for (left, upper, right, lower), weight in zip(layout.boxes, lost):
    strength = 0.5 * max(weight, 0) / max(lost.max(), 1e-9)
    ax.fill([left, right, right, left], [upper, upper, lower, lower], "red", alpha=strength)
ax.set(xlim=layout.grid_box[::2], ylim=layout.grid_box[::-2], xticks=[], yticks=[])
ax.set_title("The leads on which the class MI rests")
fig.savefig("decision.png", dpi=100)
