"""A few samples in three dimensions: NiiVue and small volumes inside the page, and planes where it cannot run."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

import numpy as np
from PIL import Image as Picture

from pipelines.page.document import picture
from pipelines.report.small_volumes import Shown, shown
from pipelines.sheet import sample_sheet
from simdata.sample import Sample

VOXELS = 7_000_000
"""Of all volumes together: about a byte each in the page, which stays below 15 MB."""

VIEWS = ("planes and 3D", "axial", "coronal", "sagittal", "3D")

CONTROLS = """\
<aside>
<label>sample <select id="pick-sample"></select></label>
<p id="viewer-who"></p>
<label>image <select id="pick-image"></select></label>
<label>view <select id="pick-view">{views}</select></label>
<label>window <select id="pick-window"></select></label>
<label>labels <input id="pick-opacity" type="range" min="0" max="100" value="40"></label>
<label>3D cut away from the front <input id="pick-cut" type="range" min="0" max="100" value="{cut}"></label>
<output id="viewer-at"></output>
<p class="soft">Left: the crosshair. Right: window. Wheel: slices. In 3D: drag to turn.</p>
</aside>
"""


@dataclass(frozen=True, eq=False)
class Viewed:
    """A sample in the viewer. table: name and colour of label 1, 2 ... centre_mm: where the crosshair starts (RAS).
    planes: what is shown where the viewer cannot run."""

    index: int
    name: str
    volumes: Sequence[Shown]
    table: Sequence[tuple[str, int, int, int]]
    centre_mm: tuple[float, float, float]
    planes: Picture.Image


def viewed(sample: Sample, name: str, among: int) -> Viewed:
    """Readies a sample that is one of so many in the viewer."""
    known = sample.scene.structures
    ids = sorted(set(_present(sample)) & set(known))
    voxels = VOXELS // (among * max(len(sample.images), 1))
    return Viewed(
        index=sample.index,
        name=name,
        volumes=shown(sample, voxels, {id: place for place, id in enumerate(ids, 1)}),
        table=[(known[id].name, *known[id].colour) for id in ids],
        centre_mm=_centre_mm(sample),
        planes=sample_sheet(sample),
    )


def html(samples: Sequence[Viewed]) -> str:
    """The section's content: the viewer, hidden until it has drawn, and the planes, hidden then."""
    seen = [sample for sample in samples if sample.volumes]
    planes = "".join(_planes(sample) for sample in samples)
    if not seen:
        return planes
    views = "".join(f'<option value="{number}">{view}</option>' for number, view in enumerate(VIEWS))
    return (
        "<p>Volumes are coarser than in the dataset and in fewer grey levels; labels have the colours of the table of "
        'structures. The patient\'s right is at the left.</p><p id="viewer-told" class="soft"></p>'
        '<div id="viewer" class="viewer" hidden><div class="stage">'
        '<canvas id="viewer-canvas" tabindex="0"></canvas></div>'
        + CONTROLS.format(views=views, cut=CUT)
        + f'</div><div id="planes">{planes}</div>'
    )


CUT = 50
"""Per cent of the depth that the 3D view leaves out in front, so that organs are seen."""


def scripts(samples: Sequence[Viewed]) -> str:
    """What the viewer runs and reads, to stand at the end of the page."""
    seen = [sample for sample in samples if sample.volumes]
    if not seen:
        return ""
    here = files("pipelines.report")
    library = (here / "niivue" / "niivue.umd.js").read_text(encoding="utf-8")
    licences = (here / "niivue" / "LICENSE").read_text(encoding="utf-8")
    blocks = [block for sample in seen for block in _blocks(sample)]
    index = json.dumps([_entry(sample) for sample in seen]).replace("<", "\\u003c")
    return (
        "".join(blocks)
        + f'<script type="application/json" id="viewer-samples">{index}</script>\n'
        + f'<script type="text/plain" id="licences">\n{licences}</script>\n'
        + f"<script>{library}</script>\n<script>\n{(here / 'viewer.js').read_text(encoding='utf-8')}</script>\n"
    )


def _present(sample: Sample) -> list[int]:
    own = [image.labels for image in sample.images.values() if image.labelled]
    return np.unique(np.concatenate([np.unique(labels) for labels in (sample.scene.labels, *own)])).tolist()


def _centre_mm(sample: Sample) -> tuple[float, float, float]:
    """The first finding, or the middle of the body."""
    if sample.scene.findings:
        return sample.scene.findings[0].centre_mm
    body = np.argwhere(sample.scene.labels > 0)
    middle = np.median(body, axis=0) if len(body) else np.array(sample.scene.grid.shape) / 2
    x, y, z = sample.scene.grid.world_mm(middle).tolist()
    return x, y, z


def _planes(sample: Viewed) -> str:
    return f'<div class="film"><p>{escape(sample.name)}</p>{picture(sample.planes, sample.name)}</div>\n'


def _blocks(sample: Viewed) -> list[str]:
    """One block of text for each volume, which a browser leaves alone until it is asked for."""
    found = []
    for number, volume in enumerate(sample.volumes):
        for kind, content in (("image", volume.image), ("labels", volume.labels)):
            if content is not None:
                text = base64.b64encode(content).decode()
                found.append(f'<script type="text/plain" id="{_key(sample, number, kind)}">{text}</script>\n')
    return found


def _key(sample: Viewed, number: int, kind: str) -> str:
    return f"{kind}-{sample.index}-{number}"


def _entry(sample: Viewed) -> dict:
    who = sample.name.partition(" · ")[2]
    images = [
        {
            "name": volume.name,
            "unit": volume.unit,
            "window": volume.window,
            "image": _key(sample, number, "image"),
            "labels": _key(sample, number, "labels") if volume.labels is not None else None,
        }
        for number, volume in enumerate(sample.volumes)
    ]
    return {
        "name": f"sample {sample.index}",
        "who": who,
        "centre": sample.centre_mm,
        "table": sample.table,
        "images": images,
    }
