"""Makes render/tables/mass_attenuation.csv: how the elements attenuate X-rays, by xraydb (public domain).

    python benchmarks/mass_attenuation.py

Each absorption edge has a row on either side, so that interpolation does not smear it.
"""

from pathlib import Path

import numpy as np

TABLE = Path(__file__).parent.parent / "render" / "tables" / "mass_attenuation.csv"
SOURCE = '"Elam, Ravel and Sieber 2002, Radiat Phys Chem 63:121, by xraydb 4.5.8"'
LEAST_KEV, MOST_KEV = 5, 150
LIGHT = ("H", "Be", "C", "N", "O", "F", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K", "Ca", "Ti", "Cr", "Mn", "Fe")
HEAVY = ("Co", "Ni", "Cu", "Zn", "Mo", "Rh", "Ag", "Sn", "I", "Ba", "Gd", "Ta", "W", "Pt", "Au", "Hg", "Pb")
NEAR_EV = 30
JUMP = 1.05


def edges_ev(element: str) -> list[float]:
    """Both sides of every edge, half an eV apart, where the tabulated curve jumps."""
    import xraydb

    sides = []
    for edge in xraydb.xray_edges(element).values():
        if LEAST_KEV < edge.energy / 1e3 < MOST_KEV:
            near = np.arange(edge.energy - NEAR_EV, edge.energy + NEAR_EV, 0.5)
            mu = xraydb.mu_elam(element, near)
            jump = int((mu[1:] / mu[:-1]).argmax())
            sides += near[jump : jump + 2].tolist() if mu[jump + 1] > JUMP * mu[jump] else []
    return sides


def main() -> None:
    import xraydb

    elements = (*LIGHT, *HEAVY)
    at_ev = sorted(
        {*np.arange(LEAST_KEV, MOST_KEV + 1) * 1e3, *(ev for element in elements for ev in edges_ev(element))}
    )
    mu = np.array([xraydb.mu_elam(element, np.array(at_ev)) for element in elements])
    lines = [",".join(["energy_kev", *elements, "source"])]
    lines += [
        ",".join([f"{ev / 1e3:.8g}", *(f"{value:.5g}" for value in row), SOURCE])
        for ev, row in zip(at_ev, mu.T, strict=True)
    ]
    TABLE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
