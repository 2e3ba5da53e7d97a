"""The spine: vertebrae C1 to L5 with their discs, and the canal with dura, cord, roots and fat, along one curve.

`angles_deg` measures the Cobb angles of what is drawn.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.bone import bone_layers
from phantoms.anatomy.spinal_canal import canal_of, contents, nerves_of
from phantoms.anatomy.spinal_ligaments import ligaments_of
from phantoms.anatomy.vertebra import Vertebra
from phantoms.anatomy.vertebrae import vertebrae
from phantoms.anatomy.vertebral_arch import arch, struts_tube
from phantoms.anatomy.vertebral_artery import artery_canals
from phantoms.anatomy.vertebral_bodies import column_of, end_plates, nucleus, vein
from phantoms.solids import Layer, Solid, Tube, common, smooth_common, smooth_union, union

SHELL_MM, ARCH_SHELL_MM, JOINT_MM = 0.8, 1.3, 1.2
DISC = ("intervertebral_disc", "cartilage"), ("intervertebral_disc", "connective")


@dataclass(frozen=True, eq=False)
class Spine:
    """bones, marrow: C1 to L5 by level, whole and within the cortex. discs, nuclei: by the level above them.

    column: bodies and discs as one solid. canal: what the arches enclose; sac: within the dura; cord: with its conus;
    roots: the cauda equina. veins: where they leave the bodies. nerves: in the foramina. ligaments: yellow, and those
    between and on the spinous processes.
    """

    bones: dict[str, Solid]
    marrow: dict[str, Solid]
    discs: dict[str, Solid]
    nuclei: dict[str, Solid]
    column: Solid
    canal: Solid
    sac: Solid
    cord: Solid
    roots: Solid
    veins: dict[str, Solid]
    nerves: Solid
    ligaments: Solid

    @property
    def whole(self) -> Solid:
        """All vertebrae."""
        return union(*self.bones.values())


@lru_cache(maxsize=4)
def spine(body: Body) -> Spine:
    """The solids of a patient's spine."""
    bones = vertebrae(body)
    order = [bone for bone in bones.values() if not ("L6" in bones and bone.level == "S1")]
    column, canal = column_of(body, order), canal_of(order)
    caps = {bone.level: end_plates(order, n) for n, bone in enumerate(order)}
    nuclei: dict[str, Solid] = {a.level: nucleus(a, b) for a, b in pairwise(order) if a.level != "C1"}
    discs = {
        a.level: common(column, ~caps[a.level][1].grown(-1.5), ~caps[b.level][0].grown(-1.5))
        for a, b in pairwise(order)
        if a.level != "C1"
    }
    if "four_lumbar" in body.variants:
        del discs["L5"], nuclei["L5"]
    whole, marrow = {}, {}
    arteries = artery_canals(bones)
    for n, bone in enumerate(order):
        if bone.level[0] == "S":
            continue
        struts = arch(bone)
        ring = struts_tube(
            bone,
            (*struts.paired, *[s for s in struts.joint if s.a[0]]),
            (*struts.single, *[s for s in struts.joint if not s.a[0]]),
        )
        holes: list[Solid] = [canal] + [
            nuclei[level] for level in (bone.level, order[n - 1].level if n else "") if level in nuclei
        ]
        if bone.level[0] == "C":
            holes.append(arteries)
        if n + 1 < len(order) and order[n + 1].level[0] != "S":
            holes.append(_joint(order[n + 1]).grown(JOINT_MM))
        solid: Solid = ring
        core: Solid = ring.grown(-ARCH_SHELL_MM)
        if bone.level != "C1":
            block = smooth_common(column, *caps[bone.level], round_mm=2.5)
            solid, core = smooth_union(block, ring, round_mm=3.0), core | block
        whole[bone.level] = common(solid, *(~hole for hole in holes))
        marrow[bone.level] = whole[bone.level].grown(-SHELL_MM) & core
    sac, cord, roots = contents(body, bones)
    return Spine(
        whole,
        marrow,
        discs,
        nuclei,
        column,
        canal,
        sac,
        cord,
        roots,
        {bone.level: vein(bone) for bone in order if bone.level[0] in "TL"},
        nerves_of(order),
        ligaments_of(order),
    )


def angles_deg(body: Body) -> dict[str, float]:
    """Cobb angles of the spine as it is drawn: kyphosis T4-T12, lordosis L1-S1, of the neck C2-C7, and scoliosis."""
    order = [bone for bone in vertebrae(body).values() if bone.level not in ("L6", "S2")]
    ups = {
        bone.level: [-np.asarray(end_plates(order, n)[0].normal), np.asarray(end_plates(order, n)[1].normal)]
        for n, bone in enumerate(order)
    }

    def lean(level: str, lower: int) -> float:
        return float(np.degrees(np.arctan2(ups[level][lower][1], ups[level][lower][2])))

    sideways = [float(np.degrees(np.arctan2(bone.up[0], bone.up[2]))) for bone in order]
    return {
        "kyphosis_deg": lean("T4", 0) - lean("T12", 1),
        "lordosis_deg": lean("S1", 0) - lean("L1", 0),
        "cervical_lordosis_deg": lean("C7", 1) - lean("C2", 1),
        "scoliosis_deg": max(sideways) - min(sideways),
    }


def _joint(bone: Vertebra) -> Tube:
    """What of a vertebra stands up into the one above it."""
    struts = arch(bone).joint
    return struts_tube(bone, [s for s in struts if s.a[0]], [s for s in struts if not s.a[0]])


def layers(body: Body) -> list[Layer]:
    """Cord and roots, dural sac, discs, vertebrae, fat of the canal, nerves and ligaments."""
    own = spine(body)
    names = {level: f"vertebrae_{level}" for level in own.bones}
    if "four_lumbar" in body.variants:
        names["L5"] = "vertebrae_S1"
    bones = [
        layer for level, name in names.items() for layer in bone_layers(body, own.bones[level], own.marrow[level], name)
    ]
    veins = [Layer(vein & own.bones[level], names[level], "blood") for level, vein in own.veins.items()]
    return [
        Layer(own.cord, "spinal_cord"),
        Layer(own.roots, "cauda_equina"),
        Layer(own.sac, "spinal_canal_csf"),
        *[Layer(nucleus, *DISC[0]) for nucleus in own.nuclei.values()],
        *veins,
        *bones,
        *[Layer(disc, *DISC[1]) for disc in own.discs.values()],
        Layer(own.nerves, "spinal_nerve"),
        Layer(own.canal, "epidural_fat"),
        Layer(own.ligaments, "spinal_ligament"),
    ]


def preview() -> tuple[list[Layer], tuple[float, float, float], tuple[float, float, float], float]:
    """The reference spine."""
    return layers(Body()), (0, -50, 25), (110, 130, 660), 1.0
