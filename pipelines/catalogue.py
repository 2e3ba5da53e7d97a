"""Every part that is installed, found by looking; there is no registry to sign."""

import inspect
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from simdata.errors import RecipeError
from simdata.parts import Effect, Finish, Growth, Part, Phantom, Scanner, Sink

KINDS = (Phantom, Growth, Scanner, Effect, Finish, Sink)
ROOMS = ("phantoms", "vascular", "render", "pipelines")


@cache
def installed_parts(plugins: tuple[str, ...] = ()) -> Mapping[str, type[Part]]:
    """Dotted path to class of every final part in our packages and `plugins`, in order of the path."""
    found = {}
    for name in (*ROOMS, *plugins):
        for module in _modules(name):
            for part in vars(module).values():
                if _is_part(part) and part.__module__ == module.__name__:
                    found[f"{part.__module__}.{part.__qualname__}"] = part
    return dict(sorted(found.items()))


def kind_of(part: type[Part]) -> str:
    """Which of the six kinds a part is; "Part" for one that only lives inside another."""
    return next((kind.__name__ for kind in KINDS if issubclass(part, kind)), "Part")


def _modules(name: str):
    try:
        package = import_module(name)
    except Exception as reason:
        raise RecipeError(
            f"package '{name}' cannot be imported: {reason!r}; a package that Python finds would do"
        ) from reason
    yield package
    for entry in walk_packages(getattr(package, "__path__", ()), f"{name}."):
        yield import_module(entry.name)


def _is_part(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, Part) and thing is not Part and not inspect.isabstract(thing)
