"""A recipe: what to make, as plain values and dice. All its errors appear when it is loaded, before any work starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pipelines.build import build, describe
from pipelines.dice import draw, is_die, label, probe, probes
from pipelines.plain import parse_yaml, read_tree
from simdata.errors import RecipeError, did_you_mean
from simdata.parts import Finish, Growth, Phantom, Scanner
from simdata.streams import Streams

T = TypeVar("T")

LISTS = {"grow": Growth, "scan": Scanner, "finish": Finish}
SLOTS = ("phantom", *LISTS)
KEYS = ("seed", "count", *SLOTS)
MAX_SEED = 2**63 - 1
MOST_SAMPLES = 10**7
"""Of one run; what is more is made with other seeds and joined by `simdata merge`."""


@dataclass(frozen=True)
class Protocol:
    """A recipe with its dice rolled and its parts built: all there is to do for one sample."""

    phantom: Phantom
    grow: tuple[Growth, ...] = ()
    scan: tuple[Scanner, ...] = ()
    finish: tuple[Finish, ...] = ()

    def describe(self) -> dict[str, Any]:
        """The drawn recipe, every parameter written out; `protocol` builds the same again."""
        return {"phantom": describe(self.phantom)} | {name: describe(getattr(self, name)) for name in LISTS}


@dataclass(frozen=True)
class Recipe:
    """seed and count of a run, and the tree of parts with its dice. plugins: foreign packages the user allows."""

    seed: int
    count: int
    tree: Mapping[str, Any]
    plugins: tuple[str, ...] = ()

    def draw(self, index: int) -> Protocol:
        """The protocol of sample `index`: dice rolled, parts built. Raises RecipeError if a die fell out of range."""
        return protocol(draw(self.tree, Streams(self.seed, index)), self.plugins)

    def plain(self) -> dict[str, Any]:
        """This recipe as a plain tree that `recipe` takes."""
        return {"seed": self.seed, "count": self.count, **self.tree}


def load(path: str | Path, changes: Sequence[str] = (), plugins: tuple[str, ...] = ()) -> Recipe:
    """The recipe in a YAML or TOML file, with `changes` such as "scan.ct.mas=50" made to it. Raises RecipeError."""
    return read(path, changes, lambda tree: recipe(tree, plugins))


def read(path: str | Path, changes: Sequence[str], made: Callable[[Any], T]) -> T:
    """What `made` makes of the tree in a YAML or TOML file, with `changes` made to it; its errors name the file.

    Raises RecipeError.
    """
    tree = changed(Path(path), changes)
    try:
        return made(tree)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def changed(path: Path, changes: Sequence[str]) -> Any:
    """The tree in a file, with `changes` made to it. Raises RecipeError."""
    tree = read_tree(path)
    for change in changes:
        _set(tree, change)
    return tree


def recipe(tree: Any, plugins: tuple[str, ...] = ()) -> Recipe:
    """The recipe that a plain tree describes, checked with every die at its extremes. Raises RecipeError."""
    if not isinstance(tree, Mapping):
        found = "nothing" if tree is None else type(tree).__name__
        raise RecipeError(f"found {found}; a mapping with {', '.join(KEYS)} would do")
    for key in tree:
        if key not in KEYS:
            raise RecipeError(f"a recipe has no '{key}'; {did_you_mean(key, KEYS)}")
    made = Recipe(
        seed=_whole(tree, "seed", 0, least=0),
        count=_count(tree),
        tree={slot: tree[slot] for slot in SLOTS if tree.get(slot)},
        plugins=plugins,
    )
    for turn in range(probes(made.tree)):
        protocol(probe(made.tree, turn), plugins)
    return made


def protocol(tree: Mapping[str, Any], plugins: tuple[str, ...] = ()) -> Protocol:
    """The protocol that a tree without dice describes. Raises RecipeError."""
    if "phantom" not in tree:
        raise RecipeError("there is no 'phantom'; phantom: {kind: phantoms.torso.Torso} would do")
    lists = {name: _parts(tree.get(name), slot, name, plugins) for name, slot in LISTS.items()}
    return Protocol(build(tree["phantom"], Phantom, "phantom", plugins), **lists)


def with_seed_and_count(made: Recipe, seed: int | None, count: int | None) -> Recipe:
    """The recipe with another seed or count, where one is given. Raises RecipeError."""
    tree = {"seed": made.seed if seed is None else seed, "count": made.count if count is None else count}
    return replace(made, seed=_whole(tree, "seed", 0, least=0), count=_count(tree))


def _whole(tree: Mapping[str, Any], key: str, default: int, least: int) -> int:
    value = tree.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_SEED:
        raise RecipeError(f"{key}: found {value!r}; a whole number from {least} to 2^63 - 1 would do")
    return value


def _count(tree: Mapping[str, Any]) -> int:
    count = _whole(tree, "count", 1, least=1)
    if count > MOST_SAMPLES:
        raise RecipeError(
            f"count: found {count}; at most {MOST_SAMPLES} would do, and datasets of several seeds joined by "
            "'simdata merge' for more"
        )
    return count


def _parts(trees: Any, slot: type, name: str, plugins: tuple[str, ...]) -> Any:
    if trees is None:
        return ()
    if not isinstance(trees, list):
        raise RecipeError(f"{name}: found {type(trees).__name__}; a list would do, one '- kind: ...' for each part")
    parts = tuple(build(tree, slot, f"{name}[{number}]", plugins) for number, tree in enumerate(trees))
    check_labels(parts, name)
    return parts


def check_labels(parts: Sequence[Any], where: str) -> None:
    """Raises RecipeError if two parts of one list, or of one list inside a part, answer to the same name."""
    seen: set[str] = set()
    for number, part in enumerate(parts):
        if not part.label.replace("_", "a").replace("-", "a").isalnum():
            raise RecipeError(f"{where}[{number}]: name is {part.label!r}; letters, digits, '_' and '-' would do")
        if part.label in seen:
            raise RecipeError(
                f"{where}[{number}]: another part is called '{part.label}' too; 'name: ...' tells them apart"
            )
        seen.add(part.label)
        if effects := getattr(part, "effects", ()):
            check_labels(effects, f"{where}[{number}].effects")


def _set(tree: Any, change: str) -> None:
    path, equals, text = change.partition("=")
    if not equals or not path:
        raise RecipeError(f"--set {change}: found no '='; a.b=value would do, as in scan.ct.mas=50")
    *steps, last = path.split(".")
    for depth, step in enumerate(steps):
        if depth and isinstance(tree, dict) and not is_die(tree) and tree.get(step) is None:
            tree[step] = {}
        tree = _step(tree, step, change)
    value = parse_yaml(text, f"--set {change}")
    if isinstance(tree, list):
        tree[_position(tree, last, change)] = value
    elif isinstance(tree, dict) and not is_die(tree):
        tree[last] = value
    else:
        raise RecipeError(f"--set {change}: '{'.'.join(steps)}' is {tree!r}, which has no parts to set")


def _step(tree: Any, step: str, change: str) -> Any:
    if isinstance(tree, list):
        return tree[_position(tree, step, change)]
    if isinstance(tree, dict) and step in tree:
        return tree[step]
    known = list(tree) if isinstance(tree, dict) else []
    raise RecipeError(f"--set {change}: there is no '{step}'; {did_you_mean(step, known)}")


def _position(items: list[Any], step: str, change: str) -> int:
    names = [label(item) for item in items]
    if step in names:
        return names.index(step)
    if step.isdigit() and int(step) < len(items):
        return int(step)
    near = get_close_matches(step, names, n=1)
    would_do = (
        f"did you mean '{near[0]}'?" if near else f"a name ({', '.join(names)}) or 0 to {len(items) - 1} would do"
    )
    raise RecipeError(f"--set {change}: there is no '{step}' in the list; {would_do}")
