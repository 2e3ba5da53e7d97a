"""A head under CT and MR, and three more by age: docs/head.png.

python benchmarks/head_pictures.py OUT.png      # some minutes
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray
from PIL import Image as Picture

from phantoms.head import Head
from phantoms.people.population import Person
from phantoms.relaxation import Relaxation
from render.ct import CT
from render.mr import SpinEcho
from render.mr_mprage import MPRAGE
from simdata import Image, Phantom, Scanner, Scene, Streams

TILE_PX, GAP_PX, GREYS = 208, 3, 32
HEIGHT_MM, WIDTH_MM = 228.0, 214.0
"""What a tile shows."""
BRAIN_HU, BONE_HU = (0.0, 80.0), (-500.0, 1900.0)
THICK = {BRAIN_HU: 5}
"""Slices that are averaged in a window, as a reader does with noisy ones."""
WHITE = 1.45
"""Of MR: what is white, over the signal of the brain's white matter."""
AGES = (("female", 2.0), ("male", 12.0), ("female", 35.0), ("male", 85.0))
PERSON = ("male", 45.0)
SCANNERS: dict[str, Scanner] = {
    "ct": CT(mas=300, field_of_view_mm=260),
    "t1": MPRAGE(b0_t=3.0),
    "t2": SpinEcho(b0_t=3.0, tr_ms=5000, te_ms=95),
}
# what is seen under what: structure through whose middle the plane goes, axis across it, mm along that axis
VIEWS = (
    ("ct", BRAIN_HU, "thalamus_left", 2, 2), ("ct", BRAIN_HU, "lateral_ventricle_left", 2, 22),
    ("ct", BRAIN_HU, "brain_stem", 2, -2), ("ct", BONE_HU, "eye_left", 2, 0),
    ("ct", BONE_HU, "mastoid_cells_left", 2, 6), ("ct", BONE_HU, "maxillary_sinus_left", 2, 0),
    ("t1", None, "thalamus_left", 2, 2), ("t1", None, "brain_stem", 2, -2), ("t1", None, "third_ventricle", 0, 2),
    ("t1", None, "putamen_left", 0, -18), ("t1", None, "thalamus_left", 1, 4), ("t1", None, "eye_left", 1, 0),
    ("t2", None, "thalamus_left", 2, 2), ("t2", None, "brain_stem", 2, -2), ("t2", None, "third_ventricle", 0, 2),
    ("t2", None, "lateral_ventricle_left", 2, 30), ("t2", None, "thalamus_left", 1, 4),
    ("t2", None, "cerebellar_white_matter_left", 1, 0),
)  # fmt: skip
COLUMNS = 6


@dataclass(frozen=True)
class Seen:
    """A scene and what scanners made of it."""

    scene: Scene
    images: dict[str, Image]

    def tile(
        self, name: str, window: tuple[float, float] | None, at: str, axis: int, mm: float
    ) -> UInt8[ndarray, "h w"]:
        """A slice as it hangs: the patient's right at the left, the front up in axial and left in sagittal planes."""
        image, places = self.images[name], np.argwhere(self.scene.mask(at))
        spacing_mm = image.grid.spacing_mm
        middle = round(float(places.mean(axis=0)[axis] + mm / spacing_mm[axis]))
        beside = THICK.get(window, 1) // 2 if window else 0
        slab = np.take(image.array, range(middle - beside, middle + beside + 1), axis=axis).mean(axis=axis)
        low, high = window or (0.0, WHITE * self.white(name))
        levels = np.clip((_cropped(np.flip(slab, axis=0), spacing_mm[0]).T[::-1] - low) / (high - low), 0, 1)
        return (np.floor(levels * (GREYS - 1)) * (255 / (GREYS - 1))).astype(np.uint8)

    def white(self, name: str) -> float:
        """The signal of white matter, or of grey matter where that is brighter."""
        masks = [self.scene.mask(f"cerebral_{part}_left") for part in ("white_matter", "cortex")]
        return max(float(np.median(self.images[name].array[mask])) for mask in masks)


def _cropped(plane: Float[ndarray, "a b"], voxel_mm: float) -> Float[ndarray, "a b"]:
    """As much of a plane as a tile shows, from its middle across and from its top down."""
    wide, high = round(WIDTH_MM / voxel_mm), round(HEIGHT_MM / voxel_mm)
    across = max((plane.shape[0] - wide) // 2, 0)
    plane = plane[across : across + wide, -high:]
    missing = [wide - plane.shape[0], high - plane.shape[1]]
    return np.pad(plane, [(m // 2, m - m // 2) for m in missing], constant_values=float(plane.min()))


def look(person: tuple[str, float], names: tuple[str, ...], seed: int) -> Seen:
    """A person's head under scanners."""
    sex, age_y = person
    streams = Streams(seed)
    head: Phantom = Head(subject=Person(sex=sex, age_y=age_y))  # pyright: ignore[reportArgumentType]
    scene = Relaxation()(head(streams["head"].generator), streams["t1"].generator)
    return Seen(scene, {name: SCANNERS[name](scene, streams[name]) for name in names})


def sheet(tiles: list[UInt8[ndarray, "h w"]]) -> Picture.Image:
    """Tiles of one size in rows."""
    height = round(TILE_PX * HEIGHT_MM / WIDTH_MM)
    rows = -(-len(tiles) // COLUMNS)
    page = Picture.new("L", (COLUMNS * (TILE_PX + GAP_PX), rows * (height + GAP_PX)), 20)
    for n, tile in enumerate(tiles):
        small = Picture.fromarray(tile).resize((TILE_PX, height), Picture.Resampling.BICUBIC)
        page.paste(small, ((n % COLUMNS) * (TILE_PX + GAP_PX), (n // COLUMNS) * (height + GAP_PX)))
    return page.quantize(GREYS)


def main() -> None:
    person = look(PERSON, ("ct", "t1", "t2"), 3)
    tiles = [person.tile(*view) for view in VIEWS]
    for n, other in enumerate(AGES):
        seen = look(other, ("t1",), 10 + n)
        tiles.append(seen.tile("t1", None, "thalamus_left", 2, 3))
        if n in (0, 3):
            tiles.append(seen.tile("t1", None, "third_ventricle", 0, 3))
    sheet(tiles).save(Path(sys.argv[1]), optimize=True)


if __name__ == "__main__":
    main()
