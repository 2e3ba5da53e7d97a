"""Every part that is installed, found by looking; there is no registry to sign."""

import inspect
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType

from pipelines.diffuse.facts import Fact
from pipelines.diffuse.kinds import Denoiser, Process, Sampler
from pipelines.learn.kinds import Augmentation, Intensity, Loss, Mixing, Network, Source, Truth
from simdata.errors import RecipeError
from simdata.parts import Effect, Finish, Growth, Part, Phantom, Scanner, Sink

KINDS = (
    *(Phantom, Growth, Scanner, Effect, Finish, Sink),
    *(Network, Loss, Source, Truth, Intensity, Augmentation, Mixing),
    *(Denoiser, Process, Sampler, Fact),
)
ROOMS = ("phantoms", "vascular", "render", "pipelines")
LEARN = ("torch", "monai", "safetensors")
"""Packages of the extra 'learn'. A module that begins with one holds no part, and none is missed without it."""


@cache
def installed_parts(plugins: tuple[str, ...] = ()) -> Mapping[str, type[Part]]:
    """Dotted path to class of every final part in our packages and `plugins`, in order of the path."""
    found = {}
    for name in (*plugins, *ROOMS):  # what is wrong with a plug-in is told at once
        for module in _modules(name):
            for part in vars(module).values():
                if _is_part(part) and part.__module__ == module.__name__:
                    found[f"{part.__module__}.{part.__qualname__}"] = part
    return dict(sorted(found.items()))


def kind_of(part: type[Part]) -> str:
    """Which of the kinds a part is; "Part" for one that only lives inside another."""
    return next((kind.__name__ for kind in KINDS if issubclass(part, kind)), "Part")


def _modules(name: str):
    if (package := _imported(name, "package")) is None:
        return
    yield package
    for entry in walk_packages(getattr(package, "__path__", ()), f"{name}.", _refuse):
        if not entry.name.endswith(".__main__") and (module := _imported(entry.name, "module")):
            yield module


def _imported(name: str, what: str) -> ModuleType | None:
    try:
        return import_module(name)
    except Exception as reason:
        if isinstance(reason, ModuleNotFoundError) and reason.name in LEARN:
            return None
        would_do = (
            "its folder as the working folder, or 'pip install' of it," if _is_lost(reason, name) else "mending it"
        )
        raise RecipeError(
            f"{what} '{name}' cannot be imported: {type(reason).__name__}: {reason}; {would_do} would do"
        ) from reason


def _is_lost(reason: Exception, name: str) -> bool:
    return isinstance(reason, ModuleNotFoundError) and reason.name == name


def _refuse(name: str) -> None:
    """What walk_packages does with a package that cannot be imported."""
    _imported(name, "package")


def _is_part(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, Part) and thing is not Part and not inspect.isabstract(thing)
