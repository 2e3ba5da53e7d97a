"""Which structures the labels of an export tell apart, and by which number.

A voxel belongs to the nearest name that was chosen: of a nodule in the left upper lobe of the lung the names are
"nodule", "finding", "lung_upper_lobe_left", and so on to the whole. So a choice of "liver,nodule" cuts the nodule out
of the liver, and one of "liver" leaves it in.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import UInt8, UInt16
from numpy import ndarray

from pipelines.sinks.folder import PICTURES, VOLUMES, FolderSink
from simdata.dataset import Dataset
from simdata.errors import RecipeError, did_you_mean
from simdata.sample import Sample
from simdata.scene import Scene, present_ids
from simdata.structures import LAST_TOTALSEGMENTATOR_ID, structures

ALL = "all"
FINDING = "finding"
"""The name of whatever a patient's findings list: lesions, implants."""
LAST_ORGAN_ID = 24
"""TotalSegmentator's classes 1 to 24 are organs, in the class map of its five models."""


def label_sets() -> Mapping[str, tuple[str, ...]]:
    """The choices that have a name of their own."""
    names = {last: tuple(structures()[id].name for id in range(1, last + 1)) for last in LASTS}
    return {"totalsegmentator": names[LAST_TOTALSEGMENTATOR_ID], "organs": names[LAST_ORGAN_ID]}


LASTS = (LAST_TOTALSEGMENTATOR_ID, LAST_ORGAN_ID)


def chosen(choice: str, dataset: Dataset, form: type[FolderSink]) -> tuple[str, ...]:
    """The names that `choice` stands for: "all", or names of structures, findings and sets with commas between.

    For "all" none, which keeps the ids of the structures; but for a form whose labels are numbered, all names that
    occur in what it shows of the dataset, which is read for it. Raises RecipeError if nothing has a name.
    """
    if choice == ALL:
        return occurring(dataset, form.shows) if form.numbered else ()
    sets = label_sets()
    words = [word.strip() for word in choice.split(",")]
    names = tuple(dict.fromkeys(name for word in words for name in sets.get(word, (word,))))
    known = {FINDING, *(structure.name for structure in structures().values())}
    if not known.issuperset(names):
        known |= {*occurring(dataset, form.shows), *sets}
    for name in names:
        if name not in known:
            raise RecipeError(f"--labels {name}: nothing is called so; {did_you_mean(name, known)}")
    return names


def occurring(samples: Iterable[Sample], shows: Sequence[str]) -> tuple[str, ...]:
    """The first name of every structure that is in a volume or picture of a sample, in order of their ids."""
    found: dict[str, int] = {}
    for sample in samples:
        for id in {id for what in shows for id in IN[what](sample)}:
            name = lineage(id, sample.scene)[0]
            found[name] = min(id, found.get(name, id))
    return tuple(sorted(found, key=lambda name: (found[name], name)))


def lineage(id: int, scene: Scene) -> tuple[str, ...]:
    """What structure `id` is called, the nearest name first: a finding by its kind, then the wholes it is a part of."""
    kind = next((finding.kind for finding in scene.findings if finding.label == id), None)
    names = [kind, FINDING] if kind else [scene.structures[id].name]
    while id := scene.structures[id].parent:
        names.append(scene.structures[id].name)
    return tuple(names)


def relabel(
    labels: UInt16[ndarray, "x y z"], scene: Scene, names: Sequence[str]
) -> UInt8[ndarray, "x y z"] | UInt16[ndarray, "x y z"]:
    """The labels numbered as `names` are, from 1, 0 for what none of them names; as they are for no names."""
    if not names:
        return labels
    number = {name: n for n, name in enumerate(names, 1)}
    lookup = np.zeros(1 << 16, np.uint8 if len(names) < 256 else np.uint16)
    for id in present_ids(labels):
        if id:
            lookup[id] = next((number[name] for name in lineage(id, scene) if name in number), 0)
    return lookup[labels]


def _labelled(sample: Sample) -> set[int]:
    own = [image.labels for image in sample.images.values() if image.labelled]
    return {id for labels in (sample.scene.labels, *own) for id in present_ids(labels)} - {0}


def _cast(sample: Sample) -> set[int]:
    """Structures whose shadows were taken, which may be wholes; or that a flat patient is labelled with."""
    names = {name for image in sample.images.values() for name in image.shadows}
    if not names:
        return _labelled(sample)
    return {id for id, structure in sample.scene.structures.items() if structure.name in names}


IN = {VOLUMES: _labelled, PICTURES: _cast}
