"""A recipe of a study: what every arm trains, which arms there are, and what they are tested on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, MinLen

from pipelines.build import build
from pipelines.learn.kinds import Augmentation, Source
from pipelines.learn.recipe import Training, training
from pipelines.recipe import MAX_SEED, check_labels, read
from simdata.errors import RecipeError, did_you_mean
from simdata.parts import Part

WHERE = "study"
SEED, STAGES = "seed", "stages"
WHOLE = 1e-6
"""What the shares of an arm's stages may miss 1 by."""

Count = Annotated[int, Ge(1)]


@dataclass(frozen=True, kw_only=True)
class Leg(Part):
    """A stage of an arm: `share` of the study's steps with patches of these sources, at this learning rate."""

    sources: Mapping[str, float] = field(default_factory=dict)
    share: Annotated[float, Gt(0), Le(1)] = 1.0
    rate: Annotated[float, Gt(0)] = 1e-3


@dataclass(frozen=True, kw_only=True)
class Arm(Part):
    """One way of training. stages: whose shares add up to 1. changes: what it has in place of the study's `training`.

    ks: numbers of real images it is tried with, where they are not the study's.
    """

    stages: tuple[Leg, ...] = (Leg(sources={"real": 1.0}),)
    changes: Mapping[str, Any] = field(default_factory=dict)
    ks: tuple[Count, ...] = ()

    def __post_init__(self) -> None:
        total = sum(leg.share for leg in self.stages)
        if abs(total - 1) > WHOLE:
            raise RecipeError(f"arm {self.label}: the shares of its stages add up to {total:g}; 1 would do")
        for key in (SEED, STAGES):
            if key in self.changes:
                raise RecipeError(f"arm {self.label}: changes has '{key}', which the study sets; leave it out")

    @property
    def sources(self) -> frozenset[str]:
        """All that it learns from."""
        return frozenset(name for leg in self.stages for name in leg.sources)


@dataclass(frozen=True, kw_only=True)
class Scale(Part):
    """An arm with few and with many images of one source: its scaling curve."""

    arm: str = "synthetic"
    source: str = "synthetic"
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Demand(Part):
    """What must come out: `arm` better than `against` with k real images, or the study fails."""

    arm: str = "pretrained"
    against: str = "real"
    k: Annotated[int, Ge(0)] = 1


@dataclass(frozen=True, kw_only=True)
class Study:
    """Arms at equal optimiser steps, with several seeds, on the same test images.

    training: a recipe of training without seed and stages; of its sources an arm opens those that it names. test: never
    learnt from. steps: of every arm. real: the source of which an arm has k images, for the k of `ks`. against: the arm
    that others are compared with. degrade: changes of the test images under which the arms are tested again.
    Raises RecipeError for a name that nothing has.
    """

    training: Mapping[str, Any]
    test: Source
    arms: Annotated[tuple[Arm, ...], MinLen(1)]
    steps: Count = 600
    seeds: Annotated[tuple[Annotated[int, Ge(0), Le(MAX_SEED)], ...], MinLen(1)] = (1, 2, 3)
    ks: tuple[Count, ...] = (1, 2, 5, 10)
    real: str = "real"
    against: str = "real"
    scale: Scale | None = None
    degrade: tuple[Augmentation, ...] = ()
    demands: tuple[Demand, ...] = ()

    def __post_init__(self) -> None:
        check_labels(self.arms, "arms")
        check_labels(self.degrade, "degrade")
        for name, numbers in (("seeds", self.seeds), ("ks", self.ks)):
            if len(set(numbers)) != len(numbers):
                raise RecipeError(f"{name}: found {list(numbers)}; each number once would do")
        self.arm(self.against, "against")
        if self.scale:
            self.arm(self.scale.arm, "scale.arm")
        for number, demand in enumerate(self.demands):
            for name in (demand.arm, demand.against):
                ks = self.ks_of(self.arm(name, f"demands[{number}]"))
                if demand.k not in ks and ks != (0,):
                    found = f"'{name}' is not tried with {demand.k} real images"
                    raise RecipeError(f"demands[{number}]: {found}; {', '.join(map(str, ks))} would do")

    def arm(self, name: str, where: str) -> Arm:
        """The arm of that name. Raises RecipeError if there is none."""
        named = {arm.label: arm for arm in self.arms}
        if name not in named:
            raise RecipeError(f"{where}: no arm is called '{name}'; {did_you_mean(name, named)}")
        return named[name]

    def ks_of(self, arm: Arm) -> tuple[int, ...]:
        """With how many real images it is tried: 0 alone if it learns from none."""
        return (arm.ks or self.ks) if self.real in arm.sources else (0,)

    def training_of(self, arm: Arm, seed: int, plugins: tuple[str, ...] = ()) -> Training:
        """What the arm trains, with all real images. Raises RecipeError."""
        tree = {**self.training, **arm.changes, SEED: seed, STAGES: _stages(arm, self.steps)}
        try:
            return training(tree, plugins)
        except RecipeError as error:
            raise RecipeError(f"arm {arm.label}: {error}") from error


def load(path: str | Path, changes: Sequence[str] = (), plugins: tuple[str, ...] = ()) -> Study:
    """The study in a YAML or TOML file, with `changes` such as "steps=50" made to it. Raises RecipeError."""
    return read(path, changes, lambda tree: _study(tree, plugins))


def _study(tree: Any, plugins: tuple[str, ...]) -> Study:
    """The study that a plain tree describes, whose arms can all be trained. Raises RecipeError."""
    study = build(tree, Study, WHERE, plugins)
    for arm in study.arms:
        study.training_of(arm, study.seeds[0], plugins)
    return study


def _stages(arm: Arm, steps: int) -> list[dict[str, Any]]:
    """The stages as a recipe of training has them; together exactly so many steps."""
    ends = [0]
    for leg in arm.stages:
        ends.append(ends[-1] + round(leg.share * steps))
    ends[-1] = steps
    lasting = [end - start for start, end in pairwise(ends)]
    return [
        {"sources": dict(leg.sources), "steps": lasts, "rate": leg.rate}
        for leg, lasts in zip(arm.stages, lasting, strict=True)
    ]
