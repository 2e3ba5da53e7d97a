"""Two ways from an image to noise: a little in every step (DDPM), and in a straight line (rectified flow)."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pipelines.diffuse.kinds import TIMES, Process
from pipelines.learn.extra import extra

if TYPE_CHECKING:
    from torch import Tensor

PREDICTS = {"noise": "epsilon", "velocity": "v_prediction"}
"""What MONAI calls them."""


@dataclass(frozen=True, kw_only=True)
class Gaussian(Process):
    """x_t = sqrt(a_t) x + sqrt(1 - a_t) n. Ho et al. 2020, arXiv:2006.11239, eq. 4.

    schedule: how a_t falls, by its name in MONAI. predicts: the noise n (ibid., eq. 14), or the velocity
    sqrt(a_t) n - sqrt(1 - a_t) x, which says something at every level (Salimans and Ho 2022, arXiv:2202.00512).
    """

    schedule: Literal["linear_beta", "scaled_linear_beta", "sigmoid_beta", "cosine"] = "linear_beta"
    predicts: Literal["noise", "velocity"] = "velocity"

    def times(self, images: "Tensor") -> "Tensor":
        torch = extra("torch")
        return torch.randint(0, TIMES, (len(images),)).to(images.device)

    def noisy(self, images: "Tensor", noise: "Tensor", times: "Tensor") -> "Tensor":
        return _kept(self).add_noise(images, noise, times)

    def target(self, images: "Tensor", noise: "Tensor", times: "Tensor") -> "Tensor":
        return noise if self.predicts == "noise" else _kept(self).get_velocity(images, noise, times)

    def scheduler(self, kind: str, **settings: Any) -> Any:
        """A scheduler of MONAI for this noise."""
        of = getattr(extra("monai.networks.schedulers"), kind)
        return of(TIMES, self.schedule, prediction_type=PREDICTS[self.predicts], **settings)


@dataclass(frozen=True, kw_only=True)
class Flow(Process):
    """x_t = (1 - t) x + t n, t from 0 to 1; the network is asked for x - n. Liu et al. 2023, arXiv:2209.03003.

    draws: times to learn from, all alike, or more of the middle ones (Esser et al. 2024, arXiv:2403.03206).
    """

    draws: Literal["uniform", "logit-normal"] = "logit-normal"

    def times(self, images: "Tensor") -> "Tensor":
        torch = extra("torch")
        return self.scheduler().sample_timesteps(torch.empty(len(images), 1)).to(images.device)

    def noisy(self, images: "Tensor", noise: "Tensor", times: "Tensor") -> "Tensor":
        return self.scheduler().add_noise(images, noise, times)

    def target(self, images: "Tensor", noise: "Tensor", times: "Tensor") -> "Tensor":
        return images - noise

    def scheduler(self) -> Any:
        """MONAI's scheduler for this noise."""
        return extra("monai.networks.schedulers").RFlowScheduler(TIMES, sample_method=self.draws)


@cache
def _kept(process: Gaussian) -> Any:
    return process.scheduler("DDPMScheduler")
