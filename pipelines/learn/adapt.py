"""Adaptive batch norm: means and variances of features, taken from images that nobody has labelled (Li 2016)."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.modules.batchnorm import _BatchNorm

from simdata.errors import RecipeError


def adapt(network: Module, batches: Iterable[Tensor]) -> None:
    """Gives every batch norm of the network the plain mean over these batches. Raises RecipeError if it has none."""
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        raise RecipeError("adapt: the network has no batch norm; one with norm: batch would do")
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        for images in batches:
            network(images)
    network.eval()
