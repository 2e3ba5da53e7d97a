"""The trainings of a study, one for each arm, number of images and seed, and what each of them learns from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipelines.learn.kinds import Source
from pipelines.learn.recipe import Training
from pipelines.learn.study.few import few
from pipelines.learn.study.recipe import Study

ALL = 0
"""Images: as many as there are."""


@dataclass(frozen=True, order=True)
class Setting:
    """arm with k real images, and with `synthetic` images of the source of a scaling curve; ALL outside of one."""

    arm: str
    k: int
    synthetic: int = ALL

    @property
    def name(self) -> str:
        """For a folder and for a reader."""
        real = f"_k{self.k}" if self.k else ""
        return f"{self.arm}{real}" + (f"_n{self.synthetic}" if self.synthetic else "")


@dataclass(frozen=True)
class Run:
    """One training of a study. place: of its folder."""

    setting: Setting
    seed: int

    @property
    def place(self) -> str:
        """One folder for each setting, in it one for each seed."""
        return f"{self.setting.name}/seed_{self.seed}"


def settings(study: Study) -> tuple[Setting, ...]:
    """All that a study compares, in the order of its recipe."""
    arms = [Setting(arm.label, k) for arm in study.arms for k in study.ks_of(arm)]
    return (*arms, *scaled(study))


def scaled(study: Study) -> tuple[Setting, ...]:
    """The points of the scaling curve."""
    if not study.scale:
        return ()
    k = study.ks_of(study.arm(study.scale.arm, "scale.arm"))[0]
    return tuple(Setting(study.scale.arm, k, count) for count in study.scale.counts)


def runs(study: Study) -> Iterator[Run]:
    """Every setting with the first seed, then every one with the second: what comes first says most."""
    for seed in study.seeds:
        for setting in settings(study):
            yield Run(setting, seed)


def training_of(study: Study, run: Run, plugins: tuple[str, ...] = ()) -> Training:
    """The recipe of a run: that of its arm, with as few images as its setting says, and no source that it leaves alone.

    Raises RecipeError.
    """
    arm = study.arm(run.setting.arm, "runs")
    made = study.training_of(arm, run.seed, plugins)
    limits = {study.real: run.setting.k}
    if study.scale and run.setting.synthetic:
        limits[study.scale.source] = run.setting.synthetic
    opened = arm.sources | {part.source for part in (made.validation, made.adapt) if part is not None}
    used = (source for source in made.sources if source.label in opened)
    return replace(made, sources=tuple(_limited(source, limits.get(source.label, ALL), run.seed) for source in used))


def _limited(source: Source, count: int, seed: int) -> Source:
    return source if count == ALL else few(source, count, seed)
