"""Makes render/tables/scatter_kernels.csv: how a pencil beam scatters in slabs of water, by photons one by one.

python benchmarks/scatter_kernels.py     # some minutes
"""

from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from render.attenuation import Beam, attenuation, compositions
from render.scatter_reference import Medium, emerging
from render.views import Panel, parallel
from simdata import Grid

TABLE = Path(__file__).parent.parent / "render" / "tables" / "scatter_kernels.csv"
ENERGY_KEV = (15, 18, 21, 25, 30, 36, 44, 54, 66, 80, 100, 125, 150)
THICKNESS_MM = (5, 10, 20, 40, 60, 80, 100, 150, 200, 250, 300, 400, 500)
GAP_MM = np.array([10.0, 50.0, 150.0, 400.0, 700.0])
RADIUS_MM = np.geomspace(2, 3000, 40)
WIDE_MM = 8000.0
"""Of the slab: nothing leaves it on its sides."""

PILOT, WANTED, MOST = 50_000, 80_000, 2_000_000
"""Photons of a first look, wanted behind the slab, and sent at most."""

FAINTEST = 1e-3
"""Slabs behind which less than this share of the energy arrives are left out."""

PARTS = 3
STARTS = ([30.0, 0.8, 0.7], [100.0, 1.5, 0.7])
RARE = 0.03
"""Shares within a radius are fitted relative to themselves plus this."""


def behind(kev: float, thickness_mm: float, photons: int) -> tuple[np.ndarray, ...]:
    """Of photons scattered forward: share of the beam's energy, place, mm from the beam, slope, energy left."""
    grid = Grid((1, 1, 1), np.diag([WIDE_MM, thickness_mm, WIDE_MM, 1.0]))
    slab = Medium(grid, np.zeros((1, 1, 1), np.uint8), np.ones((1, 1, 1), np.float32), [compositions()["water"]])
    pencil = parallel(np.zeros(1), Panel(columns=1, rows=1, column_mm=0.01, row_mm=0.01))
    beam = Beam(np.array([float(kev)]), np.array([1.0]))
    flown = emerging(slab, pencil, beam, photons, np.random.default_rng([kev, thickness_mm]))
    ahead = (flown.collisions > 0) & (flown.direction[:, 1] < 0) & (flown.place_mm[:, 1] < thickness_mm / 2)
    place, direction = flown.place_mm[ahead], flown.direction[ahead]
    left = flown.energy_kev[ahead] / kev
    return flown.weight[ahead] * left, place[:, [0, 2]] - WIDE_MM / 2, direction[:, [0, 2]] / -direction[:, 1:2], left


def within(share: np.ndarray, place: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Share of the scattered energy within each radius, at each gap behind the slab."""
    out = []
    for gap in GAP_MM:
        radius = np.hypot(*(place + gap * slope).T)
        order = np.argsort(radius)
        summed = np.concatenate([[0.0], np.cumsum(share[order])])
        out.append(summed[np.searchsorted(radius[order], RADIUS_MM)])
    return np.array(out) / share.sum()


def parts(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share, depth mm and steepness of each part."""
    weight = np.exp(np.append(0, numbers[: PARTS - 1]))
    return weight / weight.sum(), np.exp(numbers[PARTS - 1 : 2 * PARTS - 1]), np.exp(numbers[2 * PARTS - 1 :])


def modelled(numbers: np.ndarray) -> np.ndarray:
    """As `within`, of parts that weigh (1 + (r / h)^2)^-(steepness + 1), h the gap and the part's depth."""
    total = np.zeros((len(GAP_MM), len(RADIUS_MM)))
    for share, depth, steep in zip(*parts(numbers), strict=True):
        height = GAP_MM[:, None] + depth
        total += share * (1 - (1 + (RADIUS_MM / height) ** 2) ** -steep)
    return total


def fitted(counted: np.ndarray, thickness_mm: float) -> np.ndarray:
    depth = np.log(thickness_mm * np.array([0.5, 0.4, 0.2]) + 1)
    fits = [
        least_squares(
            lambda numbers: ((modelled(numbers) - counted) / (counted + RARE)).ravel(),
            np.concatenate([np.ones(PARTS - 1), depth, np.log(steep)]),
            max_nfev=300,
        )
        for steep in STARTS
    ]
    return min(fits, key=lambda fit: fit.cost).x


def main() -> None:
    names = [f"{name}_{part + 1}" for name in ("share", "depth_mm", "steep") for part in range(PARTS)]
    lines = ["energy_kev,thickness_mm,ratio,energy_left," + ",".join(names) + ",source"]
    worst = 0.0
    for kev in ENERGY_KEV:
        for thickness_mm in THICKNESS_MM:
            share, *_ = behind(kev, thickness_mm, PILOT)
            if share.sum() < FAINTEST:
                continue
            photons = int(min(max(WANTED / len(share) * PILOT, 4 * PILOT), MOST))
            share, place, slope, left = behind(kev, thickness_mm, photons)
            counted = within(share, place, slope)
            numbers = fitted(counted, thickness_mm)
            worst = max(worst, float(np.abs(modelled(numbers) - counted).max()))
            ratio = share.sum() * np.exp(attenuation("water", np.array([float(kev)]))[0] * thickness_mm / 10)
            values = ",".join(
                f"{value:.4g}" for value in (ratio, share @ left / share.sum(), *np.concatenate(parts(numbers)))
            )
            lines.append(f"{kev},{thickness_mm},{values},render.scatter_reference; {photons} photons")
            print(lines[-1], f"{np.abs(modelled(numbers) - counted).max():.3f}", flush=True)
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"the share within any radius at any gap is met within {worst:.3f}")


if __name__ == "__main__":
    main()
