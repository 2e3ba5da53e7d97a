"""The same X-rays with LEAP (LLNL), for projectors.py: python leap.py FOLDER LEAP

FOLDER holds case.json and volumes as .npy (x, y, z); rays (views, columns, rows) and seconds go to FOLDER/leap. LEAP is
a folder with leapctype.py and libleapct.so, built for the CPU: src/cpu_CMakeLists.txt of LEAP 1.26 as its
CMakeLists.txt, with -O3 -march=native -fopenmp (and two functions of its GPU part declared as doing nothing).
"""

import json
import sys
from pathlib import Path
from time import perf_counter, process_time

import numpy as np


def main() -> None:
    folder, library = Path(sys.argv[1]), sys.argv[2]
    sys.path.insert(0, library)
    from leapctype import tomographicModels

    case = json.loads((folder / "case.json").read_text())
    n, views, rows, columns, pitch = (case[key] for key in ("voxels", "views", "rows", "columns", "pitch_mm"))
    leap = tomographicModels(lib_dir=library)
    leap.set_gpu(-1)
    leap.set_conebeam(
        views, rows, columns, pitch, pitch, (rows - 1) / 2, (columns - 1) / 2,
        np.arange(views, dtype=np.float32) * (360 / views) - 180,
        case["source_to_isocentre_mm"], case["source_to_detector_mm"],
    )  # fmt: skip
    leap.set_volume(n, n, n, 1.0, 1.0)

    seconds: dict[str, dict[str, float]] = {}

    def timed(name, task) -> None:
        wall, cpu = perf_counter(), process_time()
        task()
        seconds[name] = {"wall": perf_counter() - wall, "cpu": process_time() - cpu}

    rays = np.zeros((views, rows, columns), np.float32)
    out = folder / "leap"
    out.mkdir()
    for file in sorted(folder.glob("*.npy")):
        volume = np.ascontiguousarray(np.load(file).transpose(2, 1, 0))
        timed("forward", lambda volume=volume: leap.project(rays, volume))
        np.save(out / file.name, rays.transpose(0, 2, 1)[:, ::-1])
        if file.stem == "blobs":
            back = np.zeros((n, n, n), np.float32)
            timed("adjoint", lambda back=back: leap.backproject(rays, back))
            timed("fdk", lambda: leap.FBP(rays.copy()))
    (out / "seconds.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
