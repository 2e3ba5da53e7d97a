"""The phantoms of quality control as their scanners show them.

python benchmarks/qa_sheet.py      # four minutes of processor time; writes docs/qa.png
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from phantoms.qa.acr_ct import AcrCt
from phantoms.qa.acr_mr import AcrMr, slice_mm
from phantoms.qa.defrise import Defrise
from phantoms.qa.derenzo import Derenzo
from phantoms.qa.line_pairs import LinePairs
from phantoms.qa.nema_body import NemaBody
from phantoms.qa.shepp_logan import SheppLogan3D
from pipelines.sheet import BACKGROUND, INK
from render.bowtie import Bowtie
from render.ct import CT
from render.effects.thermal_noise import ThermalNoise
from render.filters import Kernel
from render.gantry import Gantry
from render.mr import SpinEcho
from simdata import Phantom, Scene, Streams

DOCS = Path(__file__).parent.parent / "docs"
STREAMS = Streams(2025, 3)
SIDE_PX, GAP_PX, GREYS, COLUMNS = 280, 5, 64, 4
THIN = Gantry(rows=4, row_mm=1.25, views=720, element_mm=1.0)
T1 = SpinEcho(tr_ms=500.0, te_ms=20.0, effects=(ThermalNoise(sigma=0.008),))

Panel = tuple[str, Shaped[ndarray, "u v"], float, float]


def made(phantom: Phantom) -> Scene:
    return phantom(STREAMS["phantom"].generator)


def ct(scene: Scene, kernel: Kernel, mas: float) -> Shaped[ndarray, "x y"]:
    """The mean of the inner slices of a thin scene."""
    scan = CT(gantry=THIN, kernel=kernel, mas=mas, bowtie=Bowtie())
    return scan(scene, STREAMS["scan"]).array[..., 1:-1].mean(axis=2)


def acr_ct(title: str, z_mm: float, kernel: Kernel, low: float, high: float) -> Panel:
    phantom = AcrCt(voxel_mm=(0.5, 0.5, 1.25), shape=(416, 416, 6), centre_mm=(0.0, 0.0, z_mm))
    return title, ct(made(phantom), kernel, 400.0), low, high


def acr_mr(title: str, number: int, low: float, high: float) -> Panel:
    """One slice of 5 mm, 0.98 mm a pixel, from thin ones that the scanner would excite together."""
    phantom = AcrMr(voxel_mm=(0.977, 0.977, 1.0), shape=(220, 220, 5), centre_mm=(0.0, 0.0, slice_mm(number)))
    image = T1(made(phantom), STREAMS["scan"]).array.mean(axis=2)
    return title, image, low, high


def head() -> Sequence[Panel]:
    flat = SheppLogan3D(voxel_mm=0.75, shape=(256, 256, 6), centre_mm=(0.0, 0.0, -25.0))
    deep = made(SheppLogan3D(voxel_mm=1.0, contrast=10.0, shape=(190, 190, 190)))
    value = (deep.tissue > 0) * deep.fields["density"]
    return (
        ("Shepp and Logan, CT, -20 to 60 HU", ct(made(flat), "soft", 900.0), -20, 60),
        ("Shepp and Logan, 10 x contrast, from the side", value[95], 0.5, 1.6),
    )


def defrise() -> Panel:
    scene = made(Defrise(voxel_mm=(1.5, 1.5, 1.0), shape=(112, 112, 160)))
    scan = CT(gantry=Gantry(rows=160, row_mm=1.0, views=360), mas=300.0)
    image = scan(scene, STREAMS["scan"]).array[:, 54:58].mean(axis=1)
    return "Defrise, one turn of a cone beam, from the front", image, -1000, 200


def drawn(panels: Sequence[Panel]) -> Picture.Image:
    """In rows, each as it hangs: the patient's right at the left, up or his front above."""
    rows = -(-len(panels) // COLUMNS)
    step = SIDE_PX + GAP_PX
    sheet = Picture.new("RGB", (COLUMNS * step - GAP_PX, rows * step - GAP_PX), BACKGROUND)
    for n, (title, values, low, high) in enumerate(panels):
        grey = (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)
        picture = Picture.fromarray(np.ascontiguousarray(grey[::-1, ::-1].T))
        scale = SIDE_PX / max(picture.size)
        size = round(picture.width * scale), round(picture.height * scale)
        corner = n % COLUMNS * step, n // COLUMNS * step
        place = corner[0] + (SIDE_PX - size[0]) // 2, corner[1] + (SIDE_PX - size[1]) // 2
        sheet.paste(picture.resize(size, Picture.Resampling.LANCZOS), place)
        ImageDraw.Draw(sheet).text(
            (corner[0] + 6, corner[1] + 3),
            title,
            fill=INK,
            font=ImageFont.load_default(12),
            stroke_width=2,
            stroke_fill=(0, 0, 0),
        )
    return sheet


def main() -> None:
    derenzo = made(Derenzo(voxel_mm=(0.75, 0.75, 4.0), shape=(292, 292, 4), rod_kbq_ml=100.0))
    body = made(NemaBody(voxel_mm=(1.0, 1.0, 1.25), shape=(316, 240, 6), centre_mm=(0.0, 35.0, 0.0)))
    bars = made(LinePairs(voxel_mm=(0.25, 0.25, 1.25), shape=(816, 816, 6)))
    panels = [
        acr_ct("ACR CT, module 1: CT numbers", -60.0, "soft", -200, 200),
        acr_ct("ACR CT, module 2: 6 HU", -20.0, "smooth", 65, 115),
        acr_ct("ACR CT, module 4: 4 to 12 line pairs per cm", 60.0, "bone", -300, 2200),
        ("2 to 10 line pairs per cm", ct(bars, "standard", 400.0), -300, 2200),
        acr_mr("ACR MR, slice 1: ramps, holes, wedges", 1, 0, 1.05),
        acr_mr("ACR MR, slice 5: grid", 5, 0, 1.05),
        acr_mr("ACR MR, slice 11: discs of 5.1 %", 11, 0.82, 1.02),
        ("NEMA body: activity", body.fields["activity_kbq_ml"][..., 3], 0, 22),
        *head(),
        defrise(),
        ("Derenzo, rods of 4.8 to 12.7 mm: activity", derenzo.fields["activity_kbq_ml"][..., 2], 0, 100),
    ]
    path = DOCS / "qa.png"
    drawn(panels).quantize(GREYS, dither=Picture.Dither.NONE).save(path, optimize=True)
    print(path.name, path.stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
