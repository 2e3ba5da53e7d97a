"""How long radiographs and angiograms of a torso of 1 mm take, and how right automatic exposure is.

python benchmarks/radiograph.py      # some minutes; writes benchmarks/results/radiograph.md
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

import numba

from phantoms.people.population import Person
from phantoms.torso import Torso
from render.angiography import Angiography
from render.c_arm import CArm
from render.effects.scintillator_light import ScintillatorLight
from render.xray import XRay
from simdata import Scene, Streams
from vascular.coronary import Coronary

RESULTS = Path(__file__).parent / "results" / "radiograph.md"
REPEATS = 3
PERSON = Person(sex="male", age_y=55, height_cm=177, weight_kg=78)
TORSO = Torso(subject=PERSON, voxel_mm=1.0, shape=(440, 300, 440), centre_mm=(0, 0, 20))
CHEST = XRay(stand=CArm(columns=2048, rows=2048, pixel_mm=0.21))
LATERAL = replace(CHEST, stand=replace(CHEST.stand, primary_deg=90.0))
ORGANS = ("heart", "aorta", "trachea", "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right")
RUN = Angiography(
    frames=12,
    frames_per_s=3.0,
    stand=replace(Angiography().stand, primary_deg=-30.0, secondary_deg=20.0, centred_on=("heart",)),
)


def patient() -> Scene:
    scene = TORSO(Streams(2025, 0)["body"].generator)
    return Coronary(terminals=1500)(scene, Streams(2025, 0)["coronary"].generator)


def timed(what: str, work: Callable[[], object]) -> str:
    """A row: the least wall time of some runs after a first one, which compiles, and the CPU seconds of that run."""
    work()
    runs = []
    for _ in range(REPEATS):
        wall, cpu = perf_counter(), process_time()
        work()
        runs.append((perf_counter() - wall, process_time() - cpu))
    wall, cpu = min(runs)
    print(what, f"{wall:.2f} s, CPU {cpu:.2f} s", flush=True)
    return f"| {what} | {wall:.2f} | {cpu:.2f} |"


def main() -> None:
    scene = patient()
    raw, streams = CHEST.measure(scene), Streams(1)
    image = CHEST.reconstruct(raw)
    rng = streams["noise"].generator

    def spoil() -> object:
        spoilt = raw
        for effect in (CHEST.effects[0], ScintillatorLight(), CHEST.effects[1]):
            spoilt = effect(spoilt, rng)
        return spoilt

    rows = [
        timed("PA 2048 x 2048, photons", lambda: CHEST.measure(scene)),
        timed("left lateral 2048 x 2048, photons", lambda: LATERAL.measure(scene)),
        timed("quantum noise, light, electronic noise", spoil),
        timed("multi-scale display", lambda: CHEST.reconstruct(raw)),
        timed("PA in all, without truth", lambda: CHEST.reconstruct(CHEST.measure(scene))),
        timed("shadows of six organs", lambda: replace(CHEST, shadows=ORGANS).truth(scene, image)),
        timed("shadows of all structures", lambda: CHEST.truth(scene, image)),
        timed("angiogram, RAO 30 cranial 20, 12 frames of 768 x 768, photons", lambda: RUN.measure(scene)),
    ]
    shape = " x ".join(map(str, scene.grid.shape))
    lines = [
        "# Radiographs",
        "",
        f"A torso of {shape} voxels of 1 mm, {numba.get_num_threads()} threads; the least of {REPEATS} runs. Load of",
        f"the machine from others meanwhile: {os.getloadavg()[1]:.1f} (5 min): CPU seconds tell more than wall.",
        "",
        "| | wall s | CPU s |",
        "|---|---:|---:|",
        *rows,
        "",
    ]
    RESULTS.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
