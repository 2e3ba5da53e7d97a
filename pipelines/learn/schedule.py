"""How fast a network learns at each step of a stage."""

import math

from pipelines.learn.recipe import Stage


def rate(stage: Stage, step: int) -> float:
    """The learning rate of step 0.. of a stage: rising by equal steps, then as it is or falling as a cosine to 0."""
    rising = min((step + 1) / (stage.warm_up + 1), 1.0)
    if stage.decay == "none":
        return stage.rate * rising
    return stage.rate * rising * 0.5 * (1 + math.cos(math.pi * step / stage.steps))
