"""Random 96^3 patches of a 256^3 volume: straight from the chunks against h5py, turn and turn about.

Seconds are those of the processor, so that other work on the machine does not count. Written to results/patches.md.
"""

import tempfile
from pathlib import Path
from time import process_time

import h5py
import numpy as np
from hdf5 import SHAPE, ct_like

from simdata.blocks import read_block
from simdata.hdf5 import write_array

HERE = Path(__file__).parent
EDGE, PATCHES = 96, 60


def labels_like() -> np.ndarray:
    """Blocks of 16 voxels of one structure, uint16."""
    coarse = np.random.default_rng(2).integers(0, 117, [n // 16 for n in SHAPE]).astype(np.uint16)
    return coarse.repeat(16, 0).repeat(16, 1).repeat(16, 2)


def measure(array: h5py.Dataset) -> tuple[float, float]:
    """Patches per processor second: h5py, and ours; both give the same bytes."""
    rng = np.random.default_rng(3)
    theirs = ours = 0.0
    for start in rng.integers(0, [n - EDGE + 1 for n in array.shape], (PATCHES, 3)).tolist():
        begin = process_time()
        wanted = array[tuple(slice(s, s + EDGE) for s in start)]
        middle = process_time()
        found = read_block(array, start, (EDGE,) * 3)
        ours += process_time() - middle
        theirs += middle - begin
        assert np.array_equal(wanted, found)
    return PATCHES / theirs, PATCHES / ours


def main() -> None:
    volumes = {"CT, int16": ct_like(), "labels, uint16": labels_like(), "CT, float32": ct_like().astype(np.float32)}
    rows = []
    with tempfile.TemporaryDirectory() as folder, h5py.File(Path(folder) / "a.h5", "w") as file:
        for name, volume in volumes.items():
            theirs, ours = measure(write_array(file, name, volume))
            rows.append(f"| {name} | {theirs:.0f} | {ours:.0f} | {ours / theirs:.1f} |")
    text = "\n".join(
        (
            "# Reading random 96^3 patches of a 256^3 volume",
            "",
            "| volume | h5py, patches/s | simdata, patches/s | ratio |",
            "|---|---|---|---|",
            *rows,
            "",
            "Seconds of one processor; the same gzip chunks of 64^3, the same bytes. `python benchmarks/patches.py`",
            "",
        )
    )
    (HERE / "results" / "patches.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
