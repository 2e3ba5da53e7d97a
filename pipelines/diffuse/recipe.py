"""A recipe of diffusion: what is learnt, told what, by which noise. All its errors appear when it is loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le

from pipelines.build import build
from pipelines.diffuse.facts import Fact
from pipelines.diffuse.kinds import Denoiser, Process, Sampler
from pipelines.diffuse.latent import Autoencoder, Encoding
from pipelines.diffuse.lessons import Averaged
from pipelines.diffuse.networks import UNet
from pipelines.diffuse.processes import Gaussian
from pipelines.diffuse.samplers import DDIM
from pipelines.learn.recipe import check_patch
from pipelines.recipe import check_labels, read
from simdata.errors import RecipeError

WHERE = "diffusion"


@dataclass(frozen=True, kw_only=True)
class Diffusion(Averaged):
    """Lessons of a network that makes images.

    classes: what it is told to draw where; none for a model that is told nothing. Where an example has no label, it
    is told nothing either. dropped: share of patches whose label is not told, so that a label can be insisted on
    (classifier-free guidance, Ho and Salimans 2022, arXiv:2207.12598).
    facts: what it is told of a whole image, beside the classes. tables: name of a source to a CSV of its facts.
    start: the folder of a model whose weights are those to begin with, as far as it has them.
    sampler: how images are made if no one says otherwise. Raises RecipeError for one of another process.
    latent: the autoencoder in whose latents noise comes in, trained first; None for pixels.
    """

    facts: tuple[Fact, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    network: Denoiser = UNet()
    process: Process = Gaussian()
    sampler: Sampler = DDIM()
    latent: Autoencoder | None = None
    start: str = ""
    dropped: Annotated[float, Ge(0), Le(1)] = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_patch(self.patch, self.step, type(self.network).__name__)
        self.sampler.check(self.process)
        check_labels(self.facts, "facts")
        self._check_before()
        for name in self.tables:
            self.source(name, "tables")
        if bool(self.facts) != bool(self.tables):
            raise RecipeError("facts, tables: found one without the other; both, or none, would do")

    @property
    def used(self) -> set[str]:
        return super().used | (self.before.used if self.before else set())

    @property
    def before(self) -> Encoding | None:
        """The lessons of the autoencoder; None if there is none."""
        if self.latent is None:
            return None
        same: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(Averaged)}
        return Encoding(**{**same, "stages": self.latent.stages}, latent=self.latent)

    @property
    def step(self) -> int:
        """Edges of a patch are multiples of this."""
        return self.network.step * (self.latent.factor if self.latent else 1)

    @property
    def labels(self) -> int:
        """Channels in which the network is told of classes and the rest."""
        return len(self.classes) + 1 if self.classes else 0

    @property
    def conditions(self) -> int:
        """Channels in which the network is told anything."""
        return self.labels + sum(fact.width for fact in self.facts)

    def _check_before(self) -> None:
        try:
            _ = self.before
        except RecipeError as error:
            raise RecipeError(f"latent.{error}") from error


def load(path: str | Path, changes: Sequence[str] = (), plugins: tuple[str, ...] = ()) -> Diffusion:
    """The recipe in a YAML or TOML file, with changes such as "stages.0.steps=50" made to it. Raises RecipeError."""
    return read(path, changes, lambda tree: diffusion(tree, plugins))


def diffusion(tree: Any, plugins: tuple[str, ...] = ()) -> Diffusion:
    """The recipe that a plain tree describes. Raises RecipeError."""
    return build(tree, Diffusion, WHERE, plugins)
