"""One lesion as a CT slice shows it, and many of them as a sheet: what the two sheets of lesions share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from phantoms.contrast import ContrastAgent
from phantoms.people.population import Person
from render.ct import CT
from simdata import Growth, Scene, Streams

HE = Person(sex="male", age_y=66.0, height_cm=175.0, weight_kg=78.0)
THICK = 4
SLIM_MM = 110.0
"""So wide is the patient left for a sagittal slice, which needs many slices of a few columns."""
TILE_PX, COLUMNS, GREYS = 190, 6, 26
Window = tuple[float, float]


@dataclass(frozen=True)
class Tile:
    """One lesion: in whom, what, how it is looked at."""

    title: str
    growth: Growth
    window: Window = (-90.0, 190.0)
    phase: Literal["native", "arterial", "portal", "delayed"] = "native"
    plane: Literal["axial", "sagittal"] = "axial"
    field_mm: float = 130.0
    seed: int = 0


def slab(scene: Scene, tile: Tile) -> Scene:
    """What has to be scanned for a tile: a few axial slices, or a slim patient as high as the tile."""
    x, _, z = np.rint(scene.grid.index(np.array(scene.findings[0].centre_mm))).astype(int).tolist()
    wide, tall = scene.grid.shape[0], THICK
    if tile.plane == "sagittal":
        wide, tall = (round(mm / scene.grid.spacing_mm[2]) for mm in (SLIM_MM, tile.field_mm))
    first_x = max(0, min(x - wide // 2, scene.grid.shape[0] - wide))
    first_z = max(0, min(z - tall // 2, scene.grid.shape[2] - tall))
    return scene.crop((first_x, 0, first_z), (wide, scene.grid.shape[1], tall))


def scanned(scene: Scene, tile: Tile, scanner: CT) -> Float[ndarray, "a b"]:
    """The slice through the middle of the lesion, Hounsfield units, as wide as the tile's field if the image is."""
    part = slab(scene, tile)
    if tile.phase != "native":
        part = ContrastAgent(phase=tile.phase)(part, Streams(2025)["contrast"].generator)
    image = scanner(part, Streams(2025)["ct"])
    centre = image.grid.index(np.array(scene.findings[0].centre_mm))
    axis = 2 if tile.plane == "axial" else 0
    flat = image.array.mean(axis=2) if axis == 2 else image.array[round(float(centre[0]))]
    reach = np.minimum(tile.field_mm / 2 / np.delete(np.array(image.grid.spacing_mm), axis), np.array(flat.shape) / 2)
    middle = np.clip(np.delete(centre, axis), reach, flat.shape - reach)
    low, high = (middle - reach).astype(int), (middle + reach).astype(int)
    return flat[low[0] : high[0], low[1] : high[1]].astype(float)


def drawn(patient: Scene, tile: Tile, scanner: CT) -> Picture.Image:
    """The tile as it hangs: the patient's right at the left, or the front at the left, and its title."""
    after = tile.growth(patient, Streams(2025, tile.seed)[tile.growth.label].generator)
    low, high = tile.window
    grey = (np.clip((scanned(after, tile, scanner) - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    picture = Picture.fromarray(grey[::-1].T[::-1])
    scale = TILE_PX / max(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    square = Picture.new("L", (TILE_PX, TILE_PX))
    square.paste(picture.resize(size, Picture.Resampling.LANCZOS), ((TILE_PX - size[0]) // 2, (TILE_PX - size[1]) // 2))
    ImageDraw.Draw(square).text(
        (5, 3), tile.title, fill=255, font=ImageFont.load_default(13), stroke_width=1, stroke_fill=0
    )
    print(tile.title, "|", after.findings[0].text, flush=True)
    return square


def save(tiles: Sequence[Picture.Image], path: Path) -> None:
    """All of them in rows, in so few greys that the file stays small."""
    sheet = Picture.new("L", (COLUMNS * TILE_PX, -(-len(tiles) // COLUMNS) * TILE_PX))
    for n, one in enumerate(tiles):
        sheet.paste(one, (n % COLUMNS * TILE_PX, n // COLUMNS * TILE_PX))
    sheet.quantize(GREYS).save(path, optimize=True)
