"""Whether the labels share the body without gaps: holes, structures that are missing, organs in pieces."""

import numpy as np

from pipelines.realism.atlas import Atlas
from pipelines.realism.figures import Figure, rows
from pipelines.realism.vertebrae import LEVELS
from pipelines.realism.voxels import pieces
from simdata.subject import Subject

CRUMB = 0.01
"""Share of an organ that may lie apart from the rest: a voxel at a thin edge."""


def partition_figures(atlas: Atlas, subject: Subject | None) -> list[Figure]:
    """Holes (voxels), expected structures that are missing, organs in more than one piece."""
    wanted = expected(atlas, subject)
    missing = [name for name in wanted if not atlas.has(name)]
    broken = {name: share for name in one_piece(atlas, subject) if (share := astray(atlas, name)) > CRUMB}
    apart = ", ".join(f"{name} ({share:.0%} apart)" for name, share in broken.items())
    return [
        Figure("unlabelled voxels inside the body", holes(atlas), "voxels", 0, 0, "a partition has none"),
        Figure("structures in the field", len(wanted) - len(missing), f"of {len(wanted)}", len(wanted), None,
               "tables/expected.csv: TotalSegmentator v2 and ours, by level and sex",
               f"missing: {', '.join(missing)}" if missing else ""),
        Figure("organs in pieces", len(broken), "organs", 0, 0, "each of them is one piece in people", apart),
    ]  # fmt: skip


def holes(atlas: Atlas) -> int:
    """Voxels without a structure from which no way leads out of the field through its sides.

    Top and bottom are closed: what is cut open there lies inside the body all the same. Below the seat, which is open,
    there is air of the room between thighs and scrotum.
    """
    seat = atlas.bottom("hip_left", "hip_right")
    outside = pieces(atlas.labels[..., seat:] == 0)
    border = [outside[0], outside[-1], outside[:, 0], outside[:, -1], *([outside[..., 0]] if seat else [])]
    sizes = np.bincount(outside.ravel())
    reached = np.zeros(len(sizes), bool)
    reached[0] = True
    for face in border:
        reached[np.unique(face)] = True
    return int(sizes[~reached].sum())


def expected(atlas: Atlas, subject: Subject | None) -> list[str]:
    """Structures that a patient of that sex has in this field: told from the vertebrae that are whole in it."""
    names = [name for row in _rows(atlas, subject) for name in row["structures"].split()]
    seen = [number for number, level in enumerate(LEVELS) if atlas.has(f"vertebrae_{level}")]
    between = LEVELS[min(seen) : max(seen) + 1] if seen else ()
    return names + [f"vertebrae_{level}" for level in between]


def one_piece(atlas: Atlas, subject: Subject | None) -> list[str]:
    """Expected structures that are whole in the field and should hang together."""
    names = (n for row in _rows(atlas, subject) if row["one_piece"] == "yes" for n in row["structures"].split())
    levels = (f"vertebrae_{level}" for level in LEVELS)
    return [name for name in (*names, *levels) if atlas.whole(name)]


def astray(atlas: Atlas, name: str) -> float:
    """Share of a structure that does not hang together with its largest piece."""
    sizes = np.bincount(pieces(atlas.piece(name).inside, corners=True).ravel())[1:]
    return float(1 - sizes.max() / sizes.sum())


def _rows(atlas: Atlas, subject: Subject | None):
    sexes = {"both", subject.sex if subject else "both"}
    for row in rows("expected"):
        level = row["level"] if row["level"] == "sacrum" else f"vertebrae_{row['level']}"
        if row["sex"] in sexes and atlas.whole(level):
            yield row
