"""The dataset card: README.md of a dataset, for whoever finds the folder."""

from collections.abc import Sequence
from typing import Any

from pipelines.make import versions
from pipelines.recipe import Recipe
from simdata.manifest import Receipt

CARD = """\
# A synthetic dataset made by simdata

{count} samples made from `recipe.yaml` with seed {seed}. No patient's image is in it: every voxel was computed, and
the labels are the anatomy that the images were computed from. {failed}

| | |
|---|---|
| made by | {versions} |
| phantom | {phantom} |
| grown in it | {grow} |
| scanned by | {scan} |
| finish | {finish} |
| computing time | {seconds:.0f} s |

![the first samples](sheet.png)

## What is where
- `dataset.h5`: every sample as a group, linked into `shards/`; arrays are (x, y, z) with a RAS+ affine in mm.
- `manifest.jsonl`: a line per sample: index, seed, shard, seconds, sha256 over its arrays and truth.
- `labels.json`: the structures: id, name, parent, tissue, laterality, SNOMED-CT code, colour. Ids 1-117 are those of
  TotalSegmentator v2; finer ones start at 1000 and map down by `parent`; from 30001 on they name single findings,
  listed with the sample.
- `checksums.sha256`: `sha256sum -c checksums.sha256` checks every file; `simdata validate` checks their content too.

## Reading it
```python
from simdata import Dataset

for sample in Dataset("."):
    image, labels = sample.images, sample.scene.labels
```

## Licence
{licence}
"""

LICENCE = """\
Data computed with simdata belongs to whoever computed it; simdata claims no right in it. A phantom made from a real
segmentation (`labels`, `source` of each sample) is a derivative of that segmentation and carries its licence."""


def card(recipe: Recipe, receipts: Sequence[Receipt], failures: Sequence[Any]) -> str:
    """The text of the card."""
    return CARD.format(
        count=len(receipts),
        seed=recipe.seed,
        failed=f"{len(failures)} samples failed; `failed/` says why." if failures else "",
        versions=", ".join(f"{package} {version}" for package, version in versions().items()),
        seconds=sum(receipt.seconds for receipt in receipts),
        phantom=kinds(recipe.tree["phantom"]),
        grow=kinds(recipe.tree.get("grow")),
        scan=kinds(recipe.tree.get("scan")),
        finish=kinds(recipe.tree.get("finish")),
        licence=LICENCE,
    )


def kinds(tree: Any) -> str:
    """The parts of one slot of a recipe, by their dotted names; those of a choice too."""
    if isinstance(tree, dict):
        return tree.get("kind") or " or ".join(kinds(option) for option in next(iter(tree.values())))
    return ", ".join(kinds(item) for item in tree or ()) or "nothing"
