"""Pages that follow from the code: `python docs/pages.py labels` and `... files`, on standard output."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from simdata.spoken import spoken
from simdata.structures import LAST_TOTALSEGMENTATOR_ID, Structure, structures

ROOT = Path(__file__).parent.parent
FLOORS = ("simdata", "phantoms", "vascular", "render", "pipelines")


def labels() -> str:
    """Every structure: id, name, what it is part of, tissue and code."""
    table = structures()
    rows = [_row(one, table.get(one.parent)) for one in sorted(table.values(), key=lambda one: one.id)]
    return "\n".join(
        [
            "# Names of structures",
            "",
            f"{len(table)} structures. Ids 1 to {LAST_TOTALSEGMENTATOR_ID} are those of TotalSegmentator v2; finer "
            "ones, from 1000 up, are part of another; findings of a patient have ids from 30001 up. Written by "
            "`python docs/pages.py labels` from `simdata/structures.csv`.",
            "",
            "| id | name | spoken | part of | mostly | SNOMED-CT |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def files() -> str:
    """Every file of the five packages with its first line."""
    kept = subprocess.run(["git", "ls-files", *FLOORS], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [Path(line) for line in kept.splitlines() if line.endswith(".py")]
    lines = ["# Every file, by its first line", ""]
    for floor in FLOORS:
        lines += [f"## {floor}", "", *_described([path for path in paths if path.parts[0] == floor]), ""]
    return "\n".join(lines)


def _row(one: Structure, parent: Structure | None) -> str:
    cells = (one.id, f"`{one.name}`", spoken(one), f"`{parent.name}`" if parent else "", one.tissue, one.snomed)
    return f"| {' | '.join(map(str, cells))} |"


def _described(paths: list[Path]) -> Iterator[str]:
    for path in sorted(paths, key=lambda path: (path.parent, path.name != "__init__.py", path.name)):
        said = (ast.get_docstring(ast.parse((ROOT / path).read_text())) or "").splitlines()
        name = path.parent if path.name == "__init__.py" else path
        yield f"* `{name}`: {said[0] if said else ''}"


if __name__ == "__main__":
    sys.stdout.write({"labels": labels, "files": files}[sys.argv[1]]())
