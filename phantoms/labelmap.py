"""A real segmentation becomes a patient: a label map from a file, named by a table, deformed at random if wanted."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import UInt16
from numpy import ndarray
from numpy.random import Generator

from phantoms.deformation import Deformation
from phantoms.label_tables import label_table, label_tables
from phantoms.readers import READERS, read_labels, readable
from simdata.errors import RecipeError, SceneError
from simdata.parts import Phantom
from simdata.scene import Scene, present_ids


@dataclass(frozen=True, kw_only=True)
class Labelmap(Phantom):
    """The patient of a label map: `file`, or one drawn from the sorted label maps of `folder`.

    labels: the convention of the file's numbers: a table in phantoms/tables, or the path of a CSV file of your own with
    the columns source_id and structure. deformation: makes a new anatomy of it.
    The scene's axes are those of the file, permuted and flipped to the closest RAS+. Its source names the file, the
    sha256 of its bytes and the table. Raises RecipeError on a wrong field, SceneError on a file that is no patient.
    """

    file: str = ""
    folder: str = ""
    labels: str = "freesurfer"
    deformation: Deformation = Deformation()

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.folder):
            found = "both file and folder" if self.file else "neither file nor folder"
            raise RecipeError(
                f"Labelmap: found {found}; the path of a label map in file, or of a folder of them in folder, would do"
            )
        label_table(self.labels)
        self._maps()

    def __call__(self, rng: Generator) -> Scene:
        maps = self._maps()
        path = maps[rng.integers(len(maps))]
        stored = read_labels(path)
        labels = _named(stored.labels, self.labels, path)
        if self.deformation.amplitude_mm > 0:
            labels = self.deformation.spline(stored.grid, rng).pull(labels)
        source = {"file": path.name, "sha256": stored.sha256, "labels": self.labels}
        return Scene(stored.grid, labels, source=MappingProxyType(source))

    def _maps(self) -> list[Path]:
        """The files to draw from; looked for when the part is built too, so that a wrong path ends a run early."""
        return [_file(Path(self.file).expanduser())] if self.file else _files(Path(self.folder).expanduser())


def _file(path: Path) -> Path:
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "no such file"
        raise RecipeError(f"{path}: {found}; the path of a label map, or a folder of them in 'folder', would do")
    return path


def _files(folder: Path) -> list[Path]:
    try:
        maps = sorted(path for path in folder.iterdir() if readable(path) and path.is_file())
    except OSError as reason:
        found = f"cannot be listed ({reason.strerror})"
        raise RecipeError(f"{folder}: {found}; a folder of label maps would do") from reason
    if not maps:
        raise RecipeError(f"{folder}: found no label map in it; files ending in {', '.join(READERS)} would do")
    return maps


def _named(numbers: UInt16[ndarray, "x y z"], convention: str, path: Path) -> UInt16[ndarray, "x y z"]:
    """The file's numbers as ids of our structures."""
    table = label_table(convention)
    present = [number for number in present_ids(numbers) if number]
    if not present:
        raise SceneError(f"{path}: found only background (0); a label map with at least one structure would do")
    unknown = [number for number in present if number not in table]
    if unknown:
        raise SceneError(
            f"{path}: found {len(unknown)} numbers that the table '{convention}' does not know: {_few(unknown)}; "
            f"a row for each in a table of your own (a CSV file, see Labelmap.labels), or another table, would do "
            f"(those that come along are {', '.join(label_tables())})"
        )
    lookup = np.zeros(max(present) + 1, np.uint16)
    lookup[present] = [table[number] for number in present]
    return lookup[numbers]


def _few(numbers: list[int], most: int = 12) -> str:
    return ", ".join(map(str, numbers[:most])) + (", ..." if len(numbers) > most else "")
