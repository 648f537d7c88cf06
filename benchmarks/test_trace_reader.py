"""Read the 13 traces of a file: ours, and decoding alone.

OMP_NUM_THREADS=1 pytest benchmarks/test_trace_reader.py --benchmark-only -s

Reading should take at most three times the decoding of the sheet, which is done by Pillow in both.
No other library at hand reads traces.
"""

from __future__ import annotations

import pytest
from PIL import Image

from benchmarks.conftest import data_home, sheet_files, short
from skecg.preprocessing import TraceReader

N_FILES = 4 if short() else 8


def decoding(path):
    with Image.open(path) as sheet:
        sheet.load()


@pytest.mark.parametrize("suffix", ["jpg", "avif"])
def test_file_to_traces(compare, tmp_path, suffix):
    if suffix == "jpg":
        paths = sheet_files(tmp_path, N_FILES)
    else:
        paths = [str(p) for p in sorted((data_home() / "sheets").glob("*/*.avif"))]
        paths = paths[:: len(paths) // N_FILES]
    if not paths:
        pytest.skip("there are no published sheets in AVIF")
    reader = TraceReader()
    compare(
        lambda: reader.transform(paths),
        {"decoding alone": lambda: [decoding(path) for path in paths]},
        reach={"decoding alone": 1 / 3},
        floor={"decoding alone": 1 / 4},
    )
