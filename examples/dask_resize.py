"""
A folder of sheets larger than memory
=====================================

Resize a folder of pictures on the workers of a Dask cluster, one partition of file names at a
time. All workers write their rows to one file, which is then opened as a memory map. Requires
``pip install "skecg[dask]"``.

The example uses the published sheets if they are in the folder ``sheets`` of ``$SKECG_DATA``,
otherwise generated ones.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import dask.bag as db
import numpy as np
from distributed import Client, LocalCluster
from PIL import Image

from skecg.datasets import load_sheets, make_sheets
from skecg.preprocessing import AreaResize

SIZE = (182, 256)


def resize_into(target: str, rows: list[tuple[int, str]]) -> list[int]:
    """Resize the pictures of one partition and write them to their rows of the target."""
    numbers, files = map(list, zip(*rows))
    pictures = np.load(target, mmap_mode="r+")
    pictures[numbers] = AreaResize(SIZE, region="grid").transform(files)
    pictures.flush()
    return numbers


def main(n_sheets: int = 64, partition_size: int = 8) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(os.environ.get("SKECG_DATA", ""), "sheets")
        if folder.is_dir():
            files = load_sheets(folder).data[:n_sheets].tolist()
        else:
            files = [f"{scratch}/{number}.png" for number in range(8)]
            for file, sheet in zip(files, make_sheets(len(files), random_state=0).data):
                Image.fromarray(sheet).save(file)

        # %%
        # Create an empty file for the result. With several machines, this file and the pictures
        # must be in a folder that all of them can access.
        target = f"{scratch}/pictures.npy"
        shape = (len(files), 3, *SIZE)
        np.lib.format.open_memmap(target, "w+", np.uint8, shape).flush()

        # %%
        # A worker has one full-size picture and the results of one partition in memory, and
        # returns only row numbers. If a worker is lost, its partition is computed again.
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster),
        ):
            bag = db.from_sequence(list(enumerate(files)), partition_size=partition_size)
            done = bag.map_partitions(lambda rows: resize_into(target, list(rows))).compute()

        # %%
        # ``X`` reads only the requested rows from the file.
        X = np.load(target, mmap_mode="r")
        assert sorted(done) == list(range(len(X)))
        print(f"{len(X)} sheets, {X.shape[1:]}, mean grey level {X.mean():.1f}")


if __name__ == "__main__":
    main()
