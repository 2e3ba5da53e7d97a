"""How much contrast agent is in a voxel of fat, soft tissue or bone, when only water and the agent were told apart.

Two channels tell two materials; a third comes from volume, for what fills a voxel sums to 1 (Liu et al. 2009, Med Phys
36:1602): fat and soft tissue with agent, air and either with agent, or soft tissue and bone with agent. Agent takes no
volume, so the amount of water says how much of either tissue there is, and what the two would count as agent is taken
off. In the plot of one material over the other these are lines, and what is above its line is agent; bone and blood
with agent part there by their slope (Johnson et al. 2007, Eur Radiol 17:1510). What is no such mixture is off by a
little: water counts as 0.4 mg/ml of iodine, yellow marrow as -0.7.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy import ndarray
from scipy.ndimage import binary_dilation, binary_propagation, gaussian_filter

from render.attenuation import attenuation
from render.materials import MATERIALS, WATER, per_mm
from render.units import MM_PER_CM

LUNG_G_CM3 = 0.6
"""Water, up to which a voxel holds air and soft tissue; above, what has too little for fat has fat at its rim."""

AIR_G_CM3 = 0.1
"""Water, up to which a voxel is air, which holds no agent."""

DENSE_G_CM3 = 0.015
"""Water by which bone surpasses muscle at least; blood surpasses it by 0.009."""

CALCIUM, AGENT = 0.5, 2.0
"""Slopes from muscle in the plot, in parts of that to bone: below the one it is dense soft tissue, above the other it
is agent, and between them calcium."""

SURELY_G_CM3 = 0.15
"""Water by which bone surpasses muscle whatever the noise. The rind of each bone does; what has none is no bone."""


@dataclass(frozen=True)
class Tissue:
    """What a tissue looks like: g/cm3 of water, and of the agent."""

    water: float
    agent: float

    @classmethod
    def of(cls, tissue: str, agent: str, kev: tuple[float, float]) -> "Tissue":
        """That attenuates photons of two energies as `tissue` does."""
        energy_kev = np.array(kev, float)
        of_one = per_mm([WATER, MATERIALS.index(agent)], energy_kev)
        return cls(*np.linalg.solve(of_one.T, attenuation(tissue, energy_kev) / MM_PER_CM).tolist())


AIR = Tissue(0.0, 0.0)


def contrast_agent(
    water: Float32[ndarray, "x y z"],
    counted: Float32[ndarray, "x y z"],
    agent: str,
    spacing_mm: tuple[float, float, float],
    kev: tuple[float, float],
    smooth_mm: float,
) -> Float32[ndarray, "x y z"]:
    """g/cm3 of agent, from those of water and of what counts as agent; where noise is larger, it may be less than 0.

    kev: mean energies of the two channels behind a patient. smooth_mm: SD of the blur that takes the noise from what
    tells which tissues a voxel holds, and half of that from how much fat; what counts as agent is not blurred, but in
    bone, where the noise of water comes on top of its own. Air holds none, and the rim of a bone only what no mixture
    of bone with air explains.
    """
    fat, soft, bone = (Tissue.of(name, agent, kev) for name in ("adipose", "muscle", "cortical_bone"))
    sd = smooth_mm / np.array(spacing_mm)
    there, much, near = gaussian_filter(water, sd), gaussian_filter(counted, sd), gaussian_filter(water, sd / 2)

    more, slope = there - soft.water, (bone.agent - soft.agent) / (bone.water - soft.water)
    excess = much - _line(fat, soft, there)
    calcium = (more > DENSE_G_CM3) & (excess > CALCIUM * slope * more) & (excess < AGENT * slope * more)
    surely = soft.water + SURELY_G_CM3
    bone_here = binary_propagation(calcium & (near > surely), mask=calcium | (water > surely))
    beside = np.asarray(binary_dilation(bone_here, np.ones(2 * np.rint(sd).astype(int) + 1, bool)), bool)
    in_bone = beside & ((near > soft.water) | (water > surely))
    tissues = np.select(
        [in_bone, there < LUNG_G_CM3, there < fat.water],
        [_line(soft, bone, water), _line(AIR, soft, water), _line(AIR, fat, water)],
        _line(fat, soft, near),
    )
    agents = counted - tissues.astype(np.float32)
    least = np.minimum(agents, counted - _line(AIR, bone, water))
    rim = np.clip(np.float32(0), least, agents)
    return np.select([in_bone, there < AIR_G_CM3, beside], [_mean_around(agents, in_bone, sd), AIR.agent, rim], agents)


def _mean_around(
    values: Float32[ndarray, "x y z"], inside: Bool[ndarray, "x y z"], sd: Float64[ndarray, "3"]
) -> Float32[ndarray, "x y z"]:
    """Blurred, but of what lies inside alone; it means nothing outside."""
    part = gaussian_filter(inside.astype(np.float32), sd)
    return gaussian_filter(values * inside, sd) / np.where(inside, part, 1)


def _line(one: Tissue, other: Tissue, water: Float32[ndarray, "x y z"]) -> Float32[ndarray, "x y z"]:
    """What mixtures of two tissues that hold so much water count as agent."""
    slope = (other.agent - one.agent) / (other.water - one.water)
    return np.float32(one.agent) + np.float32(slope) * (water - np.float32(one.water))
