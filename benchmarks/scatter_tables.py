"""Makes render/tables/atoms.csv, form_factors.csv and incoherent_scattering.csv.

pip install xraylib; python benchmarks/scatter_tables.py     # some seconds
"""

from pathlib import Path

import numpy as np
import xraylib

TABLES = Path(__file__).parent.parent / "render" / "tables"
CHARGES = (1, *range(6, 10), *range(11, 21), 22, *range(24, 31), 42, 45, 47, 50, 53, 56, 64, 73, 74, *range(78, 81), 82)
"""Of the atoms of tissues, contrast agents, implants and filters."""

ELEMENTS = tuple(xraylib.AtomicNumberToSymbol(z) for z in CHARGES)
PER_ANGSTROM = np.concatenate([[0.0], np.geomspace(0.01, 12.5, 55)])
"""sin(theta / 2) / wavelength: up to 150 keV straight back."""


def write(name: str, function, source: str) -> None:
    lines = ["x_per_angstrom," + ",".join(ELEMENTS) + ",source"]
    for x in PER_ANGSTROM.round(5):
        values = (function(xraylib.SymbolToAtomicNumber(element), x) for element in ELEMENTS)
        lines.append(f"{x:g}," + ",".join(f"{value:.5g}" for value in values) + f',"{source}"')
    (TABLES / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def atoms() -> None:
    lines = ["element,electrons,g_mol,source"]
    for element in ELEMENTS:
        z = xraylib.SymbolToAtomicNumber(element)
        lines.append(f"{element},{z},{xraylib.AtomicWeight(z):.6g},xraylib {xraylib.__version__}")
    (TABLES / "atoms.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    atoms()
    hubbell = f"Hubbell et al. 1975, J Phys Chem Ref Data 4:471, by xraylib {xraylib.__version__}"
    write("form_factors", xraylib.FF_Rayl, hubbell)
    write("incoherent_scattering", lambda z, x: xraylib.SF_Compt(z, x) if x else 0.0, hubbell)


if __name__ == "__main__":
    main()
