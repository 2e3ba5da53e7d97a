"""Pictures of samples: three planes of a volume, or a radiograph, and the truth over it, as a radiologist sees them.

The patient's right is at the left of an axial or coronal plane; anterior is up in axial, left in sagittal planes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from pipelines.flat import is_flat, outlined, outlines, plain
from simdata.grid import Grid
from simdata.image import Image
from simdata.sample import Sample
from simdata.scene import Scene
from simdata.structures import Structure, totalsegmentator_id

PLANE_PX = 300
FLAT_PX = 450
GAP_PX = 6
ROW_PX = 5 * PLANE_PX + 4 * GAP_PX
LEGEND_PX = 250
LABEL_OPACITY = 0.45
BACKGROUND = (18, 20, 24)
INK = (225, 228, 232)
WINDOWS = {"HU": (-360.0, 440.0), "grey": (0.0, 255.0)}
"""Grey level of black and white by unit: 800 HU around 40 shows lung vessels, fat, muscle and bone in one picture."""
PLANES = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
"""Plane to (axis across the page, axis up the page, axis into it) of a RAS+ array."""


@dataclass(frozen=True)
class _View:
    """One volume turned to RAS+, as grey levels 0-255, with its labels' colours."""

    grey: np.ndarray
    labels: np.ndarray
    colours: np.ndarray
    spacing_mm: tuple[float, float, float]
    centre: tuple[int, int, int]


def sample_sheet(sample: Sample) -> Picture.Image:
    """One sample: of each volume three planes and below them the same with labels, each flat image beside its truth.

    The names are at the side.
    """
    rows = []
    for name, view in _views(sample).items():
        planes = [_titled(_plane(view, plane, 0.0), f"{name}  {plane}", plane) for plane in PLANES]
        over = [_plane(view, plane, LABEL_OPACITY) for plane in PLANES]
        rows += [_beside(planes), _beside(over)]
    rows += [_beside(_pair(name, image, sample)) for name, image in _flat(sample).items()]
    body = _below(rows)
    return _beside([body, _legend(sample, body.height)])


def picture(scene: Scene, **images: Image) -> Picture.Image:
    """A patient and images of it, by the names that they shall bear, as `sample_sheet` shows a sample."""
    return sample_sheet(Sample(0, 0, images, scene, {}, {}, {}))


def contact_sheet(samples: Sequence[Sample]) -> Picture.Image:
    """Several samples, one below the other, each as `contact_row` has it."""
    return _below([contact_row(sample) for sample in samples])


def contact_row(sample: Sample) -> Picture.Image:
    """One sample under all its scanners: each flat image with its truth beside, an axial plane of each volume, then
    three planes of the first volume with labels over them; as many lines as it takes.
    """
    first = f"sample {sample.index}  "
    flat, views = _flat(sample), _views(sample)
    height = FLAT_PX if len(flat) == 1 and not views else PLANE_PX
    groups = [_beside(_pair(f"{first}{name}", image, sample, height)) for name, image in flat.items()]
    groups += [_titled(_plane(view, "axial", 0.0), f"{first}{name}", "axial") for name, view in views.items()]
    for view in list(views.values())[:1]:
        groups.append(_beside([_titled(_plane(view, plane, LABEL_OPACITY), plane, plane) for plane in PLANES]))
    return _below([_beside(line) for line in _lines(groups)])


def png(picture: Picture.Image) -> bytes:
    """The bytes of a PNG file."""
    memory = BytesIO()
    picture.save(memory, "PNG", compress_level=4)
    return memory.getvalue()


def _flat(sample: Sample) -> dict[str, Image]:
    return {name: image for name, image in sample.images.items() if image.grid != sample.scene.grid and is_flat(image)}


def _pair(title: str, image: Image, sample: Sample, height: int = FLAT_PX) -> list[Picture.Image]:
    """The image, and the truth over it."""
    picture = plain(image, height)
    ImageDraw.Draw(picture).text((6, 4), title, fill=INK, font=ImageFont.load_default(13))
    return [picture, outlined(image, sample.scene.structures, height)]


def _views(sample: Sample) -> dict[str, _View]:
    """Of volumes, with their own labels or the scene's; of the scene's labels where the sample has no image."""
    scene, flat = sample.scene, _flat(sample)
    views = {
        name: _view(sample, _labels_on(scene, image), image)
        for name, image in sample.images.items()
        if name not in flat
    }
    return views if views or flat else {"labels": _view(sample, scene.labels, _bare(scene))}


def _labels_on(scene: Scene, image: Image) -> np.ndarray:
    """What the image shows at each voxel: as it says itself, or as the patient lies under it."""
    if image.labelled:
        return image.labels
    return scene.labels if image.grid == scene.grid else scene.resample(image.grid).labels


def _view(sample: Sample, own_labels: np.ndarray, image: Image) -> _View:
    labels = to_ras(own_labels, image.grid)
    organs = _organs(sample, labels)
    colours = np.zeros((1 << 16, 3), np.uint8)
    for structure in sample.scene.structures.values():
        colours[structure.id] = structure.colour
    grey = _grey(to_ras(_first_channel(image), image.grid), image.unit, organs)
    return _View(grey, labels, colours, to_ras_axes(image.grid.spacing_mm, image.grid), _centre(sample, labels, organs))


def _bare(scene: Scene) -> Image:
    """Grey where the patient is."""
    return Image(np.where(scene.labels > 0, 90, 0).astype(np.uint8), "grey", scene.grid)


def to_ras(array: np.ndarray, grid: Grid) -> np.ndarray:
    """The array with its axes turned and flipped to lie closest to patient right, anterior, superior."""
    from nibabel.orientations import apply_orientation, io_orientation

    return apply_orientation(array, io_orientation(grid.affine))


def to_ras_axes(values: Sequence[float], grid: Grid) -> tuple[float, float, float]:
    """Three values, one per array axis, in the order of `to_ras`."""
    from nibabel.orientations import io_orientation

    x, y, z = np.argsort(io_orientation(grid.affine)[:, 0])
    return values[x], values[y], values[z]


def _first_channel(image: Image) -> np.ndarray:
    return image.array[0] if image.array.ndim == 4 else image.array


def _organs(sample: Sample, labels: np.ndarray) -> np.ndarray:
    """Where a structure lies that has a TotalSegmentator class: not fat, skin or muscle at large."""
    table = sample.scene.structures
    return np.isin(labels, [id for id in table if totalsegmentator_id(id, table)])


def _grey(array: np.ndarray, unit: str, organs: np.ndarray) -> np.ndarray:
    """Grey levels: a fixed window where the unit has one, else one that fits the organs."""
    inside = array[organs] if organs.any() else array
    low, high = WINDOWS.get(unit) or (np.percentile(array, 1), 1.1 * np.percentile(inside, 99.5))
    return (np.clip((array - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)


def _centre(sample: Sample, labels: np.ndarray, organs: np.ndarray) -> tuple[int, int, int]:
    """The voxel that the planes go through: the middle of the first finding, else of the organs."""
    findings = sample.scene.findings
    wanted = labels == findings[0].label if findings else organs
    where = np.argwhere(wanted if wanted.any() else labels >= 0)
    x, y, z = np.median(where, axis=0).astype(int)
    return int(x), int(y), int(z)


def _plane(view: _View, plane: str, opacity: float) -> Picture.Image:
    across, up, into = PLANES[plane]
    grey, labels = (array.take(view.centre[into], axis=into).T[::-1, ::-1] for array in (view.grey, view.labels))
    rgb = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
    tint = np.where(labels > 0, opacity, 0.0)[..., None]
    mixed = rgb * (1 - tint) + view.colours[labels] * tint
    height_mm, width_mm = grey.shape[0] * view.spacing_mm[up], grey.shape[1] * view.spacing_mm[across]
    scale = PLANE_PX / max(height_mm, width_mm)
    size = (max(1, round(width_mm * scale)), max(1, round(height_mm * scale)))
    resized = Picture.fromarray(mixed.astype(np.uint8)).resize(size, Picture.Resampling.BICUBIC)
    return _centred(resized, PLANE_PX, PLANE_PX)


def _titled(picture: Picture.Image, title: str, plane: str) -> Picture.Image:
    draw = ImageDraw.Draw(picture)
    draw.text((6, 4), title, fill=INK, font=ImageFont.load_default(13))
    left, right = ("A", "P") if plane == "sagittal" else ("R", "L")
    draw.text((6, PLANE_PX // 2 - 8), left, fill=INK, font=ImageFont.load_default(13))
    draw.text((PLANE_PX - 16, PLANE_PX // 2 - 8), right, fill=INK, font=ImageFont.load_default(13))
    return picture


def _legend(sample: Sample, height: int) -> Picture.Image:
    picture = Picture.new("RGB", (LEGEND_PX, height), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(12)
    y = 6
    for line in (finding.text for finding in sample.scene.findings):
        draw.text((6, y), _shortened(line, 36), fill=INK, font=font)
        y += 18
    for structure in _largest(sample, (height - y) // 17 - 1):
        draw.rectangle((6, y + 3, 16, y + 13), fill=structure.colour)
        draw.text((22, y), _shortened(structure.name.replace("_", " "), 32), fill=INK, font=font)
        y += 17
    return picture


def _largest(sample: Sample, count: int) -> list[Structure]:
    """The structures whose colours are told: those outlined in flat images, else the largest."""
    if flat_images := _flat(sample):
        shown = [name for image in flat_images.values() for name in outlines(image, sample.scene.structures)]
        by_name = {structure.name: structure for structure in sample.scene.structures.values()}
        return [by_name[name] for name in dict.fromkeys(shown) if name in by_name][: max(count, 0)]
    voxels = np.bincount(sample.scene.labels.ravel())
    voxels[0] = 0
    ids = np.argsort(voxels)[::-1][: max(count, 0)]
    return [sample.scene.structures[int(id)] for id in ids if voxels[id]]


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _lines(pictures: Sequence[Picture.Image]) -> list[list[Picture.Image]]:
    """The pictures, as many in a line as have room, but at least one."""
    lines: list[list[Picture.Image]] = []
    for picture in pictures:
        if lines and sum(p.width + GAP_PX for p in lines[-1]) + picture.width <= ROW_PX:
            lines[-1].append(picture)
        else:
            lines.append([picture])
    return lines


def _centred(picture: Picture.Image, width: int, height: int) -> Picture.Image:
    page = Picture.new("RGB", (width, height), (0, 0, 0))
    page.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
    return page


def _beside(pictures: Sequence[Picture.Image]) -> Picture.Image:
    width = sum(p.width for p in pictures) + GAP_PX * (len(pictures) - 1)
    page = Picture.new("RGB", (width, max(p.height for p in pictures)), BACKGROUND)
    x = 0
    for picture in pictures:
        page.paste(picture, (x, 0))
        x += picture.width + GAP_PX
    return page


def _below(pictures: Sequence[Picture.Image]) -> Picture.Image:
    height = sum(p.height for p in pictures) + GAP_PX * (len(pictures) - 1)
    page = Picture.new("RGB", (max(p.width for p in pictures), height), BACKGROUND)
    y = 0
    for picture in pictures:
        page.paste(picture, (0, y))
        y += picture.height + GAP_PX
    return page
