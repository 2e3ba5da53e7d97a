"""ITK-RTK (Apache-2.0, `pip install itk-rtk`) on the case of benchmarks/projectors.py, in a process of its own.

    python benchmarks/peers/rtk.py FOLDER

Reads case.json and volumes (x, y, z), *.npy; writes rays (views, columns, rows) and seconds to FOLDER/rtk.
"""

import json
import sys
from pathlib import Path
from time import perf_counter, process_time

import itk
import numpy as np
from itk import RTK

IMAGE = itk.Image[itk.F, 3]


def image_of(array, spacing_mm):
    """An image around the middle; x runs fastest in ITK."""
    image = itk.image_from_array(np.ascontiguousarray(array))
    size = np.array(array.shape[::-1])
    image.SetSpacing([float(s) for s in spacing_mm])
    image.SetOrigin([float(o) for o in -(size - 1) / 2 * spacing_mm])
    return image


def timed(task):
    wall, cpu = perf_counter(), process_time()
    task.Update()
    seconds = {"wall": perf_counter() - wall, "cpu": process_time() - cpu}
    out = task.GetOutput()
    out.DisconnectPipeline()
    return out, seconds


def main(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text())
    itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(case["threads"])
    views, columns, rows, pitch = case["views"], case["columns"], case["rows"], case["pitch_mm"]
    geometry = RTK.ThreeDCircularProjectionGeometry.New()
    for view in range(views):
        geometry.AddProjection(case["source_to_isocentre_mm"], case["source_to_detector_mm"], -360.0 * view / views)
    (folder / "rtk").mkdir(exist_ok=True)
    seconds = {}
    for file in sorted(folder.glob("*.npy")):
        # RTK turns about y, the other way round: our z, up the rows, is its y
        volume = image_of(np.load(file).transpose(1, 2, 0), np.ones(3))
        forward = RTK.JosephForwardProjectionImageFilter[IMAGE, IMAGE].New()
        forward.SetGeometry(geometry)
        blank = image_of(np.zeros((views, rows, columns), np.float32), np.array([pitch, pitch, 1.0]))
        forward.SetInput(0, blank)  # which it empties
        forward.SetInput(1, volume)
        rays, seconds["forward"] = timed(forward)
        np.save(folder / "rtk" / file.name, itk.array_from_image(rays).transpose(0, 2, 1))

    for name, kind in (
        ("adjoint", RTK.JosephBackProjectionImageFilter[IMAGE, IMAGE]),
        ("fdk", RTK.FDKConeBeamReconstructionFilter[IMAGE]),
    ):
        back = kind.New()
        back.SetGeometry(geometry)
        back.SetInput(0, image_of(np.zeros((case["voxels"],) * 3, np.float32), np.ones(3)))
        back.SetInput(1, rays)
        _, seconds[name] = timed(back)
    (folder / "rtk" / "seconds.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
