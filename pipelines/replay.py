"""Replay: a stored sample made again from its drawn recipe, to the byte; a failed one from its seed."""

from pathlib import Path

from pipelines.folder import failure_path, stored_tree
from pipelines.make import make, versions
from pipelines.recipe import protocol, recipe
from simdata.dataset import Dataset
from simdata.errors import DatasetError
from simdata.layout import arrays_of, checksum, truth_of


def replay(folder: Path, index: int, plugins: tuple[str, ...] = ()) -> tuple[bool, str]:
    """Makes sample `index` again; whether its bytes agree with the stored ones, and a line that says so.

    Raises DatasetError if there is no such sample; whatever made a failed sample fail is raised again.
    """
    dataset = Dataset(folder)
    positions = {receipt.index: position for position, receipt in enumerate(dataset.receipts)}
    if index not in positions:
        return _replay_failed(folder, index, plugins)
    stored = dataset[positions[index]]
    again = make(protocol(stored.recipe, plugins), stored.seed, stored.index)
    wanted, found = (checksum(arrays_of(sample), truth_of(sample)) for sample in (stored, again))
    if wanted == found:
        return True, f"sample {index} agrees: sha256 {wanted}"
    return False, f"sample {index} differs: stored {wanted}, again {found}{_version_note(dict(stored.versions))}"


def _replay_failed(folder: Path, index: int, plugins: tuple[str, ...]) -> tuple[bool, str]:
    made = recipe(stored_tree(folder), plugins)
    if not failure_path(folder, index).exists():
        raise DatasetError(f"{folder}: there is no sample {index}; 0 to {made.count - 1} were asked for")
    make(made.draw(index), made.seed, index)
    return True, f"sample {index} failed before and is made now; the same 'simdata generate' command adds it"


def _version_note(stored: dict[str, str]) -> str:
    now = versions()
    changed = [f"{name} {stored.get(name)} then, {now[name]} now" for name in now if stored.get(name) != now[name]]
    return f" ({', '.join(changed)})" if changed else ""
