"""
From a recording to labelled beats
==================================

``BeatAnnotator`` finds the beats of one lead of a record of any length, labels them N, S, V or F,
and returns ``BeatAnnotations``: a report, a table, a WFDB annotation file and pictures. It is
fitted on the annotated records of other people.

The example trains on de Chazal's DS1 and annotates a record of DS2 if the MIT-BIH Arrhythmia
Database is in ``$SKECG_DATA``, ``../shared/data`` or ``~/skecg_data``, otherwise it uses generated
records of different people.
"""

# %%
# The training records, and a file of somebody else, as one has it from a recorder. ``read_record``
# reads WFDB, EDF, text, NumPy and DICOM files; here a text file is written first.
import os
import tempfile
from pathlib import Path

import numpy as np

from skecg import BeatAnnotator
from skecg.datasets import load_mitbih, make_records, read_record
from skecg.model_selection import DE_CHAZAL_DS1

homes = (os.environ.get("SKECG_DATA"), "../shared/data", Path.home() / "skecg_data")
home = next((home for home in homes if home and (Path(home) / "mitdb").is_dir()), None)

folder = Path(tempfile.mkdtemp())
if home is None:
    training = make_records(10, duration=120, random_state=0)
    new = make_records(1, duration=300, random_state=1)
else:
    training = load_mitbih(home, records=DE_CHAZAL_DS1)
    new = load_mitbih(home, records=[233])
np.savetxt(folder / "holter.csv", new.data[0], header="MLII", comments="", fmt="%.4f")
record = read_record(folder / "holter.csv", sampling_rate=new.sampling_rate)
print(record)

# %%
# One line trains: beats are described by 28 numbers of rhythm and shape, and boosted trees that
# keep to physiology tell them apart.
annotator = BeatAnnotator().fit(training)
beats = annotator.annotate(record.signal("II"), record.sampling_rate, name="holter")
print(beats.summary())

# %%
# The beats as a table, and as an annotation file for other WFDB software.
print(beats.to_frame().head())
beats.to_wfdb("holter", "skecg", folder=folder)
print(sorted(path.name for path in folder.iterdir()))

# %%
# How well were they found and labelled? ``compare`` matches them with a cardiologist's beats,
# within 150 ms, as the standard ANSI/AAMI EC57 does.
print(beats.compare(new.annotations[0]))

# %%
# The whole record at a glance: the R-R interval before each beat, and the share of S and V beats.
beats.plot().figure_.savefig("annotation_overview.png", dpi=80)

# %%
# Ten seconds of it on ECG paper.
first = beats.time[np.flatnonzero(beats.label == "V")[0]] if (beats.label == "V").any() else 10
strip = beats.plot(start=max(0.0, first - 4), duration=10)
strip.figure_.savefig("annotation_strip.png", dpi=80)
print("The pictures are annotation_overview.png and annotation_strip.png.")

# %%
# On the records of DS2, whose people the model has not seen, beats that are found and labelled in
# this way have an F1 of 0.971 for N, 0.887 for V, 0.212 for S and 0.118 for F
# (``python benchmarks/accuracy_annotator.py --models trees``). Generated records are easier.
