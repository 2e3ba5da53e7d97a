"""At which vertebra the organs lie: middles, tops and bottoms against textbook levels."""

from pipelines.realism.atlas import Atlas
from pipelines.realism.figures import Figure, rows
from pipelines.realism.vertebrae import LEVELS, Ladder, level_names

TOP, BOTTOM = 1, 0


def level_figures(atlas: Atlas, ladder: Ladder) -> list[Figure]:
    """Every row of tables/levels.csv whose structure is seen, in vertebrae counted from C1 (0) downwards."""
    found = []
    for row in rows("levels"):
        height = _height_mm(atlas, row["structure"], row["point"])
        level = None if height is None else ladder.level(height)
        if level is not None:
            low, high = LEVELS.index(row["low"]) - 0.5, LEVELS.index(row["high"]) + 0.5
            what = f"{row['structure']} {row['point']}"
            about = f"{level_names(level)}; {row['low']} to {row['high']} expected"
            found.append(Figure(what, level, "level", low, high, row["source"], about))
    return found


def _height_mm(atlas: Atlas, name: str, point: str) -> float | None:
    """Height of a point of a structure, RAS mm; None where the field does not show it."""
    if not atlas.has(name):
        return None
    if point == "centroid":
        return float(atlas.piece(name).centre_mm[2]) if atlas.whole(name) else None
    side = TOP if point == "top" else BOTTOM
    if atlas.cut(name, axis=2, side=side):
        return None
    boxes = [atlas.boxes[id][2] for id in atlas.ids(name)]
    edge = max(box.stop for box in boxes) - 0.5 if side == TOP else min(box.start for box in boxes) - 0.5
    return float(atlas.first_mm[2] + edge * atlas.spacing_mm[2])
