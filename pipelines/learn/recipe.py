"""A recipe of training: what learns, from what, in which steps. All its errors appear when it is loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, MinLen

from pipelines.build import build, describe
from pipelines.learn.example import UNKNOWN
from pipelines.learn.intensity import Percentiles
from pipelines.learn.kinds import Augmentation, Intensity, Loss, Mixing, Network, Source
from pipelines.learn.losses import DiceCE
from pipelines.learn.networks import UNet
from pipelines.recipe import MAX_SEED, check_labels, read
from simdata.errors import RecipeError, did_you_mean
from simdata.parts import Part

WHERE = "training"


@dataclass(frozen=True, kw_only=True)
class Stage(Part):
    """Steps with patches of some sources. sources: name to weight, how often a patch comes from each.

    rate: learning rate of AdamW (Loshchilov 2019) at its highest. decay: "cosine" lets it fall to 0 at the end.
    warm_up: steps in which it rises. weight_decay: of AdamW. confidence: images without labels are labelled by what was
    learnt so far (Lee 2013); pixels of which it is less sure are left unknown.
    """

    sources: Mapping[str, float] = field(default_factory=dict)
    steps: Annotated[int, Ge(1)] = 600
    rate: Annotated[float, Gt(0)] = 1e-3
    decay: Literal["cosine", "none"] = "cosine"
    warm_up: Annotated[int, Ge(0)] = 10
    weight_decay: Annotated[float, Ge(0)] = 1e-4
    confidence: Annotated[float, Ge(0), Le(1)] = 0.8


@dataclass(frozen=True, kw_only=True)
class Validation(Part):
    """When to stop: a stage ends with its best weights once `patience` looks at `source` found nothing better.

    every: steps between two looks. source: one that no stage learns from, and never what is tested on in the end.
    """

    source: str = "validation"
    every: Annotated[int, Ge(1)] = 50
    patience: Annotated[int, Ge(1)] = 10


@dataclass(frozen=True, kw_only=True)
class Adaptation(Part):
    """At the end, batch norm takes its means from images of `source`, which need no label (Li 2016: AdaBN)."""

    source: str = "unlabelled"
    batches: Annotated[int, Ge(1)] = 50


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """What any network learns from: patches of some sources, in stages of steps. One file of YAML is of one kind of it.

    classes: what is told apart, beside the rest. patch: pixels (rows, columns) or voxels (x, y, z) of a patch.
    batch: patches of a step. foreground: share of patches around a pixel of a class. augment: of each patch. mix: of
    the patches of a batch. Raises RecipeError for a name that no source has.
    """

    classes: tuple[str, ...]
    sources: Annotated[tuple[Source, ...], MinLen(1)]
    stages: Annotated[tuple[Stage, ...], MinLen(1)]
    seed: Annotated[int, Ge(0), Le(MAX_SEED)] = 0
    intensity: Intensity = Percentiles()
    patch: Annotated[tuple[Annotated[int, Ge(8)], ...], MinLen(2)] = (160, 160)
    batch: Annotated[int, Ge(1)] = 8
    foreground: Annotated[float, Ge(0), Le(1)] = 0.0
    augment: tuple[Augmentation, ...] = ()
    mix: tuple[Mixing, ...] = ()

    def __post_init__(self) -> None:
        for name in ("sources", "augment", "mix"):
            check_labels(getattr(self, name), name)
        self._check_stages()
        if len(set(self.classes)) != len(self.classes) or len(self.classes) >= UNKNOWN:
            raise RecipeError(f"classes: found {', '.join(self.classes)}; at most 254 different names would do")

    @property
    def steps(self) -> int:
        """Of all stages, if none ends early."""
        return sum(stage.steps for stage in self.stages)

    @property
    def used(self) -> set[str]:
        """The names of the sources that are opened."""
        return {name for stage in self.stages for name in stage.sources}

    def source(self, name: str, where: str) -> Source:
        """The source of that name. Raises RecipeError if there is none."""
        named = {source.label: source for source in self.sources}
        if name not in named:
            raise RecipeError(f"{where}: no source is called '{name}'; {did_you_mean(name, named)}")
        return named[name]

    def plain(self) -> dict[str, Any]:
        """This recipe as a plain tree that builds it again, every parameter written out."""
        return describe(self)

    def _check_stages(self) -> None:
        for number, stage in enumerate(self.stages):
            where = f"stages[{number}].sources"
            for name, weight in stage.sources.items():
                self.source(name, where)
                if not weight > 0:
                    raise RecipeError(f"{where}: the weight of '{name}' is {weight:g}; one above 0 would do")
            if not stage.sources:
                raise RecipeError(f"{where}: found none; {{{self.sources[0].label}: 1}} would do")


@dataclass(frozen=True, kw_only=True)
class Training(Lessons):
    """Lessons of a network that tells classes apart.

    start: the folder of a model of the same network, whose weights are those to begin with.
    Raises RecipeError for a name that no source has, and for a patch that the network cannot take.
    """

    classes: Annotated[tuple[str, ...], MinLen(1)]
    network: Network = UNet()
    start: str = ""
    loss: Loss = DiceCE()
    validation: Validation | None = None
    adapt: Adaptation | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_patch(self.patch, self.network.step, type(self.network).__name__)
        for name, part in (("validation", self.validation), ("adapt", self.adapt)):
            if part is not None:
                self.source(part.source, name)
        if self.validation and any(self.validation.source in stage.sources for stage in self.stages):
            found = f"validation: a stage learns from '{self.validation.source}'"
            raise RecipeError(f"{found}; a source that no stage learns from would do")

    @property
    def used(self) -> set[str]:
        return super().used | {part.source for part in (self.validation, self.adapt) if part}


def check_patch(patch: Sequence[int], step: int, kind: str) -> None:
    """Raises RecipeError for a patch that a network cannot take."""
    if len(patch) not in (2, 3) or any(edge % step for edge in patch):
        would_do = f"two or three multiples of {step}, which {kind} divides by, would do"
        raise RecipeError(f"patch: found {list(patch)}; {would_do}")


def load(path: str | Path, changes: Sequence[str] = (), plugins: tuple[str, ...] = ()) -> Training:
    """The training in a YAML or TOML file, with changes such as "stages.0.steps=50" made to it. Raises RecipeError."""
    return read(path, changes, lambda tree: training(tree, plugins))


def training(tree: Any, plugins: tuple[str, ...] = ()) -> Training:
    """The training that a plain tree describes. Raises RecipeError."""
    return build(tree, Training, WHERE, plugins)
