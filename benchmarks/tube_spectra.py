"""Makes render/tables/tube_*.csv: what leaves bare anodes, by SpekPy (MIT), which need not be installed to use them.

pip install spekpy==2.5.4; python benchmarks/tube_spectra.py        # two minutes
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

TABLES = Path(__file__).parent.parent / "render" / "tables"
SOURCE = '"SpekPy 2.5.4 (casim), Bujila et al. 2020, Phys Med 75:44; photons per mm2, mAs and bin at 1 m, no filter"'

TAKE_OFF_DEG = (1, 2, 4, 8, 16, 32)
"""Between the face of the anode and the photons."""

TUNGSTEN_KV = (*range(20, 50, 5), 50, 60, *range(70, 95, 5), *range(100, 151, 10))
MAMMOGRAPHY_KV = range(20, 51, 2)
ANODES = {
    "tungsten": ("W", TUNGSTEN_KV),
    "molybdenum": ("Mo", MAMMOGRAPHY_KV),
    "rhodium": ("Rh", MAMMOGRAPHY_KV),
}

LEAST_KEV, FINE_KEV, FINE_UP_TO_KEV = 5.0, 0.5, 50.0
"""Bins are FINE_KEV wide, and twice as wide above FINE_UP_TO_KEV."""


def photons(symbol: str, kv: int, angle_deg: float, energy_kev: np.ndarray) -> np.ndarray:
    import spekpy

    tube = spekpy.Spek(kvp=kv, th=angle_deg, targ=symbol, dk=FINE_KEV, physics="casim", z=100, mas=1)
    at, per_cm2_kev = tube.get_spectrum()
    return np.interp(energy_kev, at, per_cm2_kev, right=0.0) * FINE_KEV / 100


def wider(values: np.ndarray, together) -> np.ndarray:
    """The bins above FINE_UP_TO_KEV two by two."""
    fine = round((FINE_UP_TO_KEV - LEAST_KEV) / FINE_KEV)
    return np.concatenate([values[:fine], together(values[fine:].reshape(-1, 2), axis=1)])


def table(symbol: str, voltages_kv: Sequence[int]) -> str:
    energy = np.arange(LEAST_KEV + FINE_KEV / 2, voltages_kv[-1], FINE_KEV)
    columns = {
        f"{kv}kv_{angle}deg": wider(photons(symbol, kv, angle, energy), np.sum)
        for angle in TAKE_OFF_DEG
        for kv in voltages_kv
    }
    lines = [",".join(["energy_kev", *columns, "source"])]
    for row, kev in enumerate(wider(energy, np.mean)):
        lines.append(",".join([f"{kev:g}", *(f"{column[row]:.5g}" for column in columns.values()), SOURCE]))
    return "\n".join(lines) + "\n"


def main() -> None:
    for anode, (symbol, voltages_kv) in ANODES.items():
        (TABLES / f"tube_{anode}.csv").write_text(table(symbol, voltages_kv))


if __name__ == "__main__":
    main()
