"""Everything true about one synthetic patient before any scanner."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Shaped, UInt8, UInt16
from numpy import ndarray

from simdata.backend import Device, move, namespace
from simdata.errors import SceneError, did_you_mean
from simdata.finding import Finding
from simdata.grid import Grid
from simdata.motion import Motion, Still, keeps_shape
from simdata.structures import Structure, structures
from simdata.subject import Subject
from simdata.tissues import tissues
from simdata.vessels import Vessels

NEAREST, LINEAR = 0, 1
WHOLE = 255
"""The share of a voxel that is all of it."""
DENSITY = "density"
"""The field of a tissue's density relative to its own."""
LUNG = "lung"
"""The tissue that holds gas: where it widens, its density falls."""
ROUNDED = 6
"""Decimals of an index in voxels: what lies on the rim of the grid but for the last bits of a float is on the grid."""

TYPES = MappingProxyType({"labels": "uint16", "tissue": "uint8", "second": "uint8", "share": "uint8"})


def nothing() -> UInt8[ndarray, "0 0 0"]:
    """No voxels: what stands for an array that was left out."""
    return np.zeros((0, 0, 0), np.uint8)


@dataclass(frozen=True, eq=False)
class Scene:
    """One patient on a grid. Frozen: every verb gives a new Scene.

    labels: (x, y, z) uint16, the structure at each voxel, 0 outside the body.
    tissue: (x, y, z) uint8, what each voxel is made of; left out, it follows from the structures.
    second, share: (x, y, z) uint8, the other tissue of a voxel on a boundary, and the share of the voxel that it fills,
    in 1/255; left out, every voxel is all one tissue.
    structures: id to Structure for every label that occurs. fields: name to (x, y, z) float32, such as "density"
    (relative to the tissue's own). vessels: bed name to Vessels. subject: None where a patient's data is unknown.
    latents: every number that was drawn to make a synthetic body, by name.
    source: where a real segmentation came from (file name, sha256), empty for a synthetic body.
    Raises SceneError if shapes or types differ, or a label has no structure.
    """

    grid: Grid
    labels: UInt16[ndarray, "x y z"]
    tissue: UInt8[ndarray, "x y z"] = field(default_factory=nothing)
    second: UInt8[ndarray, "sx sy sz"] = field(default_factory=nothing)
    share: UInt8[ndarray, "sx sy sz"] = field(default_factory=nothing)
    structures: Mapping[int, Structure] = field(default_factory=structures)
    fields: Mapping[str, Float32[ndarray, "x y z"]] = field(default_factory=lambda: MappingProxyType({}))
    vessels: Mapping[str, Vessels] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Finding, ...] = ()
    motion: Motion = Still()
    subject: Subject | None = None
    latents: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    source: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name, kind in TYPES.items():
            if (array := getattr(self, name)).dtype != kind:
                raise SceneError(f"Scene: {name} holds {array.dtype}; {name}.astype(np.{kind}) would do")
        unknown = sorted(set(present_ids(self.labels)) - set(self.structures) - {0})
        if unknown:
            raise SceneError(f"Scene: labels {unknown[:8]} have no entry in structures; a Structure for each would do")
        if self.tissue.size == 0:
            object.__setattr__(self, "tissue", _tissue_of_labels(self.labels, self.structures))
        mixture = {"second": self.second, "share": self.share} if self.mixed else {}
        for name, array in {"labels": self.labels, "tissue": self.tissue, **mixture, **self.fields}.items():
            if tuple(array.shape) != self.grid.shape:
                raise SceneError(
                    f"Scene: {name} has shape {tuple(array.shape)} on a grid of {self.grid.shape}, not the same"
                )

    @property
    def mixed(self) -> bool:
        """True if voxels on a boundary know their second tissue."""
        return self.share.size > 0

    def field(self, column: Mapping[str, float]) -> Float32[ndarray, "x y z"]:
        """A property map: the value that `column` gives for the tissue of each voxel, by share where there are two.

        Raises SceneError if a tissue that occurs has no value.
        """
        xp = namespace(self.tissue)
        lookup = np.full(256, np.nan, np.float32)
        for name, id in tissues().items():
            lookup[id] = column.get(name, np.nan)
        missing = [name for name in self.tissue_names() if name not in column]
        if missing:
            raise SceneError(f"Scene.field: the table has no value for {', '.join(missing)}; a row for each would do")
        values = xp.asarray(lookup)[self.tissue]
        if self.mixed:
            edge = xp.nonzero(self.share)
            share = self.share[edge] / np.float32(WHOLE)
            values[edge] += share * (xp.asarray(lookup)[self.second[edge]] - values[edge])
        return values

    def tissue_names(self) -> list[str]:
        """Names of the tissues that occur."""
        present = set(present_ids(self.tissue)) | (set(present_ids(self.second)) if self.mixed else set())
        return [name for name, id in tissues().items() if id in present]

    def mask(self, name: str) -> Bool[ndarray, "x y z"]:
        """Where the structure called `name`, or any part of it, lies. Raises SceneError if there is no such name."""
        wanted = [id for id in self.structures if name in self.lineage(id)]
        if not wanted:
            known = (structure.name for structure in self.structures.values())
            raise SceneError(f"Scene.mask: no structure is called '{name}'; {did_you_mean(name, known)}")
        xp = namespace(self.labels)
        belongs = np.zeros(1 << 16, bool)
        belongs[wanted] = True
        return xp.asarray(belongs)[self.labels]

    def lineage(self, id: int) -> list[str]:
        """The names of a structure and of all that it is a part of, itself first; none for 0."""
        names = []
        while id:
            names.append(self.structures[id].name)
            id = self.structures[id].parent
        return names

    def paint(self, mask: Bool[ndarray, "x y z"], structure: Structure, tissue: str | None = None) -> "Scene":
        """This patient with `structure` where `mask` is true, made of `tissue` (its own unless another is named).

        It has the density of its tissue there, not that of what it takes the place of. Raises SceneError if there is no
        tissue of that name.
        """
        xp = namespace(self.labels)
        name = tissue or structure.tissue
        if name not in tissues():
            raise SceneError(f"Scene.paint: no tissue is called '{name}'; {did_you_mean(name, tissues())}")
        return replace(
            self,
            labels=xp.where(mask, np.uint16(structure.id), self.labels),
            tissue=xp.where(mask, np.uint8(tissues()[name]), self.tissue),
            share=xp.where(mask, np.uint8(0), self.share) if self.mixed else self.share,
            structures=MappingProxyType({**self.structures, structure.id: structure}),
            fields=MappingProxyType(
                {
                    name: xp.where(mask, np.float32(1), field) if name == DENSITY else field
                    for name, field in self.fields.items()
                }
            ),
        )

    def at(self, t_s: float, displacement: Float32[ndarray, "3 x y z"] | None = None) -> "Scene":
        """The patient at time `t_s` (s), holding still: every voxel takes what its tissue was at rest.

        Vessels and findings go along. Where lungs widen, their density falls: their mass stays. What comes from beyond
        the grid is taken to be as at its rim. displacement: of the motion then, mm, from whoever has it already.
        """
        if isinstance(self.motion, Still):
            return self
        here = self.to("cpu")
        now = here._displaced(self.motion.displacement(self.grid, t_s) if displacement is None else displacement)
        now = now if here is self else now.to("gpu")
        return replace(
            now,
            vessels=MappingProxyType({bed: self._vessels_at(vessels, t_s) for bed, vessels in self.vessels.items()}),
            findings=tuple(self._finding_at(finding, t_s) for finding in self.findings),
            motion=Still(),
        )

    def crop(self, start: tuple[int, int, int], shape: tuple[int, int, int]) -> "Scene":
        """The block of `shape` voxels that begins at voxel `start`. Raises SceneError if it reaches out of the grid."""
        end = [s + n for s, n in zip(start, shape, strict=True)]
        if min(start) < 0 or any(e > n for e, n in zip(end, self.grid.shape, strict=True)):
            raise SceneError(
                f"Scene.crop: {start} to {end} reaches out of the grid of {self.grid.shape}; a block inside it would do"
            )
        block = tuple(slice(s, e) for s, e in zip(start, end, strict=True))
        return self._on(self.grid.crop(start, shape), lambda array, order: array[block].copy())

    def resample(self, grid: Grid) -> "Scene":
        """This patient on another grid: labels by nearest voxel, fields linearly, air beyond the old grid."""
        return self._pull(grid, np.moveaxis(self.grid.index(grid.points_mm()), -1, 0))

    def to(self, device: Device) -> "Scene":
        """This patient with its voxel arrays on "cpu" or "gpu"; itself if they lie there already."""
        if move(self.labels, device) is self.labels:
            return self
        return self._on(self.grid, lambda array, order: move(array, device))

    def _displaced(self, displacement: Float32[ndarray, "3 x y z"]) -> "Scene":
        """The voxels pulled back by `displacement` (mm)."""
        from simdata.motion_pull import denser, rest_voxels, taken, taken_between

        displacement = np.ascontiguousarray(displacement)
        voxels = rest_voxels(displacement, self.grid)

        def pulled(array: Any, order: int) -> Any:
            return taken(array, voxels) if order == NEAREST else taken_between(array, displacement, self.grid)

        now = self._on(self.grid, pulled)
        gas = now.tissue == tissues()[LUNG]
        if keeps_shape(self.motion) or not gas.any():
            return now
        density = now.fields.get(DENSITY, np.ones(self.grid.shape, np.float32))
        if DENSITY in self.fields:
            density = np.where(gas, taken(self.fields[DENSITY], voxels), density)
        density = density * denser(displacement, self.grid, gas)
        return replace(now, fields=MappingProxyType({**now.fields, DENSITY: density}))

    def _vessels_at(self, vessels: Vessels, t_s: float) -> Vessels:
        moved_mm = self.motion.moved_mm(vessels.points_mm.astype(float), self.grid, t_s)
        return replace(vessels, points_mm=moved_mm.astype(np.float32))

    def _finding_at(self, finding: Finding, t_s: float) -> Finding:
        """Its centre moved, and its extent as of an ellipsoid that is turned."""
        ends_mm = np.array(finding.centre_mm) + np.vstack([np.zeros(3), np.diag(finding.extent_mm) / 2])
        centre_mm, *moved_mm = self.motion.moved_mm(ends_mm, self.grid, t_s)
        x, y, z = centre_mm.tolist()
        dx, dy, dz = (2 * np.linalg.norm(moved_mm - centre_mm, axis=0)).tolist()
        return replace(finding, centre_mm=(x, y, z), extent_mm=(dx, dy, dz))

    def _pull(self, grid: Grid, index: Float[ndarray, "3 x y z"]) -> "Scene":
        """Every voxel of `grid` takes what lies at its `index` here; on the CPU, wherever the patient is."""
        from scipy.ndimage import map_coordinates

        here = self.to("cpu")
        index = np.round(index, ROUNDED)
        pulled = here._on(
            grid, lambda array, order: map_coordinates(array, index, order=order, mode="constant", cval=0)
        )
        return pulled if here is self else pulled.to("gpu")

    def _on(self, grid: Grid, change: Any) -> "Scene":
        return replace(
            self,
            grid=grid,
            labels=change(self.labels, NEAREST),
            tissue=change(self.tissue, NEAREST),
            second=change(self.second, NEAREST) if self.mixed else self.second,
            share=change(self.share, NEAREST) if self.mixed else self.share,
            fields=MappingProxyType({name: change(array, LINEAR) for name, array in self.fields.items()}),
        )


def present_ids(array: Shaped[Any, "x y z"]) -> list[int]:
    """The values that occur in an array of small unsigned integers, ascending."""
    xp = namespace(array)
    seen = xp.zeros(np.iinfo(array.dtype).max + 1, bool)
    for plane in array:  # where a run begins, for most voxels are as the one before
        flat = plane.reshape(-1)
        seen[flat[:1]] = True
        seen[flat[1:][flat[1:] != flat[:-1]]] = True
    return [int(id) for id in xp.flatnonzero(seen)]


def _tissue_of_labels(labels: UInt16[ndarray, "x y z"], table: Mapping[int, Structure]) -> UInt8[ndarray, "x y z"]:
    xp = namespace(labels)
    lookup = np.zeros(1 << 16, np.uint8)
    for id, structure in table.items():
        lookup[id] = tissues()[structure.tissue]
    return xp.asarray(lookup)[labels]
