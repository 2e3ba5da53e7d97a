"""Makes render/tables/spectra_*.csv: what X-ray tubes send out, by SpekPy (MIT), which need not be installed to use them.

pip install spekpy==2.5.4; python benchmarks/tube_spectra.py        # a minute
"""

from pathlib import Path

import numpy as np

TABLES = Path(__file__).parent.parent / "render" / "tables"
SOURCE = '"SpekPy 2.5.4 (casim), Bujila et al. 2020, Phys Med 75:44; photons per cm2, mAs and bin at 1 m, no filter"'
TAKE_OFF_DEG = (4, 6, 9, 12, 18, 26)
CASES = {
    "general": (1.0, {"W": range(40, 151, 10)}),
    "mammography": (0.5, {anode: range(20, 41, 4) for anode in ("W", "Mo", "Rh")}),
}
LEAST_KEV = 5.0


def main() -> None:
    import spekpy

    for name, (bin_kev, anodes) in CASES.items():
        most_kv = max(kvp for kvps in anodes.values() for kvp in kvps)
        energy = np.arange(LEAST_KEV + bin_kev / 2, most_kv, bin_kev)
        columns = {}
        for anode, kvps in anodes.items():
            for kvp in kvps:
                for angle in TAKE_OFF_DEG:
                    tube = spekpy.Spek(kvp=kvp, th=angle, dk=bin_kev, targ=anode, physics="casim", z=100, mas=1)
                    at, per_kev = tube.get_spectrum()
                    columns[f"{anode}_{kvp}_{angle}"] = np.interp(energy, at, per_kev * bin_kev, right=0.0)
        lines = [",".join(["energy_kev", *columns, "source"])]
        for row, kev in enumerate(energy):
            lines.append(",".join([f"{kev:g}", *(f"{column[row]:.5g}" for column in columns.values()), SOURCE]))
        (TABLES / f"spectra_{name}.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
