"""A whole patient: the person that was drawn, organs of the right size, and labels on any grid.

    subject --draw--> person (latents) --solve--> body (organ sizes) --regions--> layers --draw--> labels on a grid

The same patient may be drawn on any grid, in any part and at any spacing, without the rest of the body being built.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
from jaxtyping import UInt16
from numpy import ndarray

from phantoms.anatomy import brain
from phantoms.anatomy.belly import with_belly
from phantoms.anatomy.body import Body
from phantoms.anatomy.girths import with_girths
from phantoms.anatomy.person import draw_person, mean_person
from phantoms.anatomy.proportions import Proportions, warp
from phantoms.anatomy.regions import (
    LUNG_KNOB,
    Frame,
    Upper,
    frame,
    layers,
    layers_to_hold,
    layers_to_weigh,
    upper,
    upper_layers,
    with_head,
)
from phantoms.anatomy.solver import FITS, Aim, Build, Organ, approach, check_fit, solve
from phantoms.solids import Drawing, Warp, draw
from phantoms.solids.tape import Tape, Writer, tape
from simdata import Grid, SceneError, Streams, Subject, structure
from simdata.errors import did_you_mean
from simdata.structures import structures

# organ: the structures that make it up, the latents whose volumes it has
ORGANS = {
    "lungs": (
        ("lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_middle_lobe_right",
         "lung_lower_lobe_right"),
        ("lungs_ml",),
    ),
    "heart": (("heart",), ("heart_wall_ml", "heart_blood_ml")),
    "liver": (("liver",), ("liver_ml",)),
    "spleen": (("spleen",), ("spleen_ml",)),
    "kidney_left": (("kidney_left",), ("kidney_left_ml",)),
    "kidney_right": (("kidney_right",), ("kidney_right_ml",)),
    "pancreas": (("pancreas",), ("pancreas_ml",)),
    "adrenal_gland_left": (("adrenal_gland_left",), ("adrenal_gland_left_ml",)),
    "adrenal_gland_right": (("adrenal_gland_right",), ("adrenal_gland_right_ml",)),
    "gallbladder": (("gallbladder",), ("gallbladder_wall_ml", "gallbladder_contents_ml")),
    "stomach": (("stomach",), ("stomach_wall_ml", "stomach_contents_ml")),
    "small_bowel": (("small_bowel",), ("small_bowel_wall_ml", "small_bowel_contents_ml")),
    "colon": (("colon",), ("colon_wall_ml", "colon_contents_ml", "rectum_wall_ml")),
    "urinary_bladder": (("urinary_bladder",), ("urinary_bladder_wall_ml", "urinary_bladder_contents_ml")),
    "prostate": (("prostate",), ("prostate_ml",)),
    "uterus": (("uterus",), ("uterus_ml",)),
    "thyroid_gland": (("thyroid_gland",), ("thyroid_gland_ml",)),
    "thymus": (("thymus",), ("thymus_ml",)),
    "brain": (brain.PARTS, ("brain_ml",)),
}  # fmt: skip
TOP_MM, BOTTOM_MM = 490.0, -620.0
REACH_MM = (245.0, 190.0)
SOLVE_VOXELS = 500_000
# where the search begins, from what 27 sampled people, newborn to 89 years, needed: reference height mm, the volume
# that is usual there in the reference body mL, how far the surface then stands out mm, how much farther in people with
# e times the volume mm, and how much farther it must be moved for e times the volume in the same person mm
STARTS = {
    "lungs": (100, 6100, 32.4, 208.0, 155.0),
    "heart": (0, 960, 1.7, 9.5, 10.2),
    "liver": (-100, 2300, 47.0, 44.0, 135.0),
    "spleen": (-100, 227, 15.5, 25.5, 32.0),
    "kidney_left": (-100, 221, 0.1, 10.3, 10.0),
    "kidney_right": (-100, 210, 0.0, 10.1, 9.7),
    "pancreas": (-100, 160, 2.8, 10.4, 10.0),
    "adrenal_gland_left": (-100, 9.7, 0.6, 5.3, 3.0),
    "adrenal_gland_right": (-100, 8.7, 0.8, 5.2, 2.7),
    "gallbladder": (-100, 71, 3.9, 7.6, 9.5),
    "stomach": (-100, 435, 10.5, 21.0, 16.0),
    "small_bowel": (-200, 1160, 3.6, 13.8, 13.0),
    "colon": (-200, 830, 1.3, 10.7, 8.8),
    "urinary_bladder": (-400, 228, -0.6, 14.2, 13.5),
    "prostate": (-400, 17.2, 0.0, 9.1, 9.4),
    "uterus": (-400, 60, -1.7, 5.7, 9.9),
    "thyroid_gland": (200, 28, 0.9, 4.0, 4.1),
    "thymus": (100, 23, -0.4, 5.3, 6.5),
    "brain": (300, 1500, 0.3, 2.1, 27.5),
}
STARTS_MOST_MM = 65.0
# by how much the logarithm of the first one's volume changes when the second is moved by its softness (the last column
# above), as found in four people of different age and size
PULLS = {
    ("lungs", "heart"): -0.12,
    ("heart", "lungs"): 0.15,
    ("thymus", "lungs"): 1.0,
    ("thymus", "heart"): -0.4,
    ("liver", "stomach"): -0.13,
    ("liver", "colon"): -0.05,
    ("liver", "kidney_right"): -0.07,
    ("spleen", "stomach"): -0.7,
    ("spleen", "colon"): -0.25,
    ("spleen", "kidney_left"): -0.3,
    ("pancreas", "spleen"): -0.1,
    ("pancreas", "stomach"): 0.07,
    ("adrenal_gland_left", "kidney_left"): -0.5,
    ("adrenal_gland_right", "kidney_right"): -0.4,
    ("gallbladder", "liver"): -0.4,
    ("gallbladder", "colon"): -0.35,
    ("stomach", "spleen"): -0.1,
    ("stomach", "pancreas"): -0.1,
    ("stomach", "colon"): -0.13,
    ("small_bowel", "liver"): -0.6,
    ("small_bowel", "colon"): -0.1,
    ("small_bowel", "urinary_bladder"): -0.07,
    ("colon", "liver"): 0.12,
    ("colon", "stomach"): -0.06,
    ("uterus", "urinary_bladder"): 0.1,
}
ABOVE = ("lungs", "heart", "brain", "thyroid_gland", "thymus")
"""Organs above the diaphragm: those below do not change them."""
LOW_DOME_MM, CHEST_TAKES, CHEST_MOST_MM = 40.0, 0.2, 12.0
"""Lungs that would push the diaphragm lower than this widen the chest, by so much of it and at most so far."""
SINGLE_KIDNEY = 1.6
"""How much larger a kidney grows that is born alone (van Vuuren, Pediatr Nephrol 2012: 1.5 to 1.8; from memory)."""
CROSSED = frozenset({"lung_middle_lobe_right", "atrial_appendage_left"})
"""Structures with a side in their name and no twin: in situs inversus they keep the name that they have."""


@dataclass(frozen=True, eq=False)
class Patient:
    """body: person and organ sizes. made: the scale of every level of the body.

    frame, chest: what the solver has made of this body already.
    """

    body: Body
    made: Proportions
    frame: Frame | None = None
    chest: Upper | None = None

    @cached_property
    def warp(self) -> Warp:
        """From the patient to the reference body."""
        made = warp(self.body, self.made)
        if "situs_inversus" in self.body.variants:
            made = Warp(made.places * np.array([-1, 1, 1], np.float32), made.first, made.step_mm)
        return made

    @property
    def latents(self) -> dict[str, float]:
        """Every number that makes this patient: what was drawn, and where the solver moved each organ's surface."""
        moved = {f"{organ}_grown_mm": mm for organ, mm in self.body.grow_mm.items()}
        return {name: float(value) for name, value in sorted({**self.body.latents, **moved}.items())}

    @cached_property
    def tape(self) -> Tape:
        """The layers, ready to be drawn."""
        made_of = self.frame or frame(self.body)
        return tape(layers(self.body, made_of, self.chest or upper(self.body, made_of)))

    def draw(self, grid: Grid, mixed: bool = False) -> Drawing:
        """Labels and tissues on any grid; mixed: with the second tissue of boundary voxels."""
        return self._sided(draw(self.tape, grid, self.warp, mixed))

    def grid(self, voxel_mm: float, top_mm: float = TOP_MM, bottom_mm: float = BOTTOM_MM) -> Grid:
        """A grid around the patient between two heights of the reference body."""
        bottom, top = self.made.patient_height_mm(np.array([bottom_mm, top_mm]))
        heights = np.linspace(bottom_mm, top_mm, 40)
        x, y = (np.array(REACH_MM) * self.made.at(heights)[:, :2].max(axis=0)).tolist()
        x, y = x + self.body.latent("fat_belly_side"), y + self.body.latent("belly_mm")
        shape = [int(np.ceil(size / voxel_mm)) for size in (2 * x, 2 * y, top - bottom)]
        return Grid.regular((shape[0], shape[1], shape[2]), voxel_mm, (0.0, 0.0, float(top + bottom) / 2))

    def _sided(self, drawn: Drawing) -> Drawing:
        """Situs inversus draws everything mirrored: what lies on the left is called left again."""
        if "situs_inversus" not in self.body.variants:
            return drawn
        return Drawing(_other_side()[drawn.labels], drawn.tissue, drawn.other, drawn.share)


def make_patient(
    subject: Subject,
    streams: Streams,
    breath: float = 0.0,
    variants: frozenset[str] = frozenset(),
    organs_ml: Mapping[str, float] = MappingProxyType({}),
) -> Patient:
    """Draw a person and give the organs their volumes; `organs_ml` overrides what was drawn.

    breath: share of the way from quiet expiration to a full breath. Raises SceneError if an organ has no
    such name or does not fit.
    """
    return _solved(*draw_person(subject, streams, breath, variants), organs_ml)


def average_patient(subject: Subject, breath: float = 0.0) -> Patient:
    """The average person of that sex, age and size, with average organs and no variants."""
    return _solved(*mean_person(subject, breath), {})


def _solved(body: Body, made: Proportions, asked_ml: Mapping[str, float]) -> Patient:
    """First the lungs, about, since they move all below; then the wall of the belly; then what chest and belly hold."""
    wanted = _wanted(body, made, asked_ml)
    starts_mm = {organ.knob: organ.start_mm for organ in wanted}
    chest_mm = float(np.clip(CHEST_TAKES * (starts_mm[LUNG_KNOB] - LOW_DOME_MM), 0, CHEST_MOST_MM))
    body = _told(replace(body, grow_mm=starts_mm), chest_out_mm=chest_mm)
    first = Patient(body, made)
    voxel_mm = float(np.cbrt(np.prod(first.grid(4.0).shape) * 64 / SOLVE_VOXELS))
    whole = first.grid(voxel_mm)

    above = {organ: volume for organ, volume in wanted.items() if organ.knob in ABOVE}
    below = {organ: volume for organ, volume in wanted.items() if organ.knob not in ABOVE}

    writer = Writer()

    def head_and_chest(made_of: Frame) -> Build:
        return lambda tried: writer.tape(upper_layers(made_of, upper(tried, made_of)))

    lungs = {organ: volume for organ, volume in above.items() if organ.knob == LUNG_KNOB}
    made_of = frame(body)
    body = approach(body, Aim(lungs, head_and_chest(made_of), first.warp, whole))
    weighed = writer.tape(layers_to_hold(body, made_of, upper(body, made_of)))
    body = with_girths(with_belly(body, made, below, weighed, first.warp, whole), made)

    body = _told(body, bowel_dome_mm=-body.grown(LUNG_KNOB), bowel_liver_mm=body.grown("liver"))
    made_of = frame(body)
    body, found_above = solve(body, Aim(above, head_and_chest(made_of), first.warp, whole, PULLS))
    made_of = with_head(body, made_of)
    chest = upper(body, made_of)

    def all_of_it(tried: Body) -> Tape:
        return writer.tape(layers_to_weigh(tried, made_of, chest))

    body, found = solve(body, Aim(below, all_of_it, first.warp, whole, PULLS))
    check_fit({**found_above, **found}, asked_ml)
    return Patient(_as_built(body, wanted, {**found_above, **found}), made, made_of, chest)


def _told(body: Body, **latents: float) -> Body:
    """The body with these latents too."""
    return replace(body, latents=MappingProxyType({**body.latents, **latents}))


def _as_built(body: Body, wanted_ml: Mapping[Organ, float], found_ml: Mapping[Organ, float]) -> Body:
    """The body whose latents tell the volumes that it has: what was asked for, else drawn, else what there is room for.

    An organ that was drawn larger or smaller than it can be has a latent `moved` that tells by how much it was changed.
    """
    latents = dict(body.latents)
    for organ, wanted in wanted_ml.items():
        names = ORGANS[organ.knob][1]
        found = found_ml.get(organ, wanted)
        fits = abs(found / wanted - 1) <= FITS
        factor = (wanted if fits else found) / sum(latents[name] for name in names)
        latents |= {name: factor * latents[name] for name in names}
        latents |= {} if fits else {f"{organ.knob}_moved_ml": found - wanted}
    return _told(body, **latents)


def _wanted(body: Body, made: Proportions, asked_ml: Mapping[str, float]) -> dict[Organ, float]:
    """Organ to its volume, mL: what is asked for, else what was drawn. Raises SceneError for an unknown name."""
    for name in asked_ml:
        if name not in ORGANS:
            raise SceneError(f"organs: no organ is called '{name}'; {did_you_mean(name, ORGANS)}")
    drawn = {name: sum(body.latent(latent) for latent in latents) for name, (_, latents) in ORGANS.items()}
    volumes = {name: float(asked_ml.get(name, volume)) for name, volume in drawn.items()}
    if "absent_kidney_left" in body.variants and "kidney_right" not in asked_ml:
        volumes["kidney_right"] *= SINGLE_KIDNEY
    for name, volume in asked_ml.items():
        if not drawn[name] or f"absent_{name}" in body.variants:
            whom = ", ".join([body.subject.sex, *sorted(body.variants & {f"absent_{name}"})])
            raise SceneError(f"organs: {name} of {volume:g} mL is asked for, but this body ({whom}) has none")
    there = {name: ml for name, ml in volumes.items() if ml > 0 and f"absent_{name}" not in body.variants}
    return {_organ(name, ml, made): ml for name, ml in there.items()}


def _organ(name: str, volume_ml: float, made: Proportions) -> Organ:
    """The organ, with a guess of where its surface will stand."""
    height_mm, usual_ml, stands_mm, more_mm, soft_mm = STARTS[name]
    larger = float(np.log(volume_ml / np.prod(made.at(height_mm)) / usual_ml))
    start_mm = float(np.clip(stands_mm + more_mm * larger, -STARTS_MOST_MM, STARTS_MOST_MM))
    return Organ(name, ORGANS[name][0], start_mm, soft_mm)


def _other_side() -> UInt16[ndarray, " n"]:
    """Label to the label of its twin on the other side."""
    table = np.arange(1 << 16, dtype=np.uint16)
    for id, entry in structures().items():
        if entry.laterality and entry.name not in CROSSED:
            other = "right" if entry.laterality == "left" else "left"
            words = [other if word == entry.laterality else word for word in entry.name.split("_")]
            if "heart" not in words:
                table[id] = structure("_".join(words)).id
    return table
