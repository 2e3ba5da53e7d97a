"""What an effect of magnetic resonance asks of a measurement: samples of k-space."""

from jaxtyping import Complex64
from numpy import iscomplexobj, ndarray

from simdata import Raw, RecipeError


def kspace(raw: Raw, effect: str) -> Complex64[ndarray, "x y z"]:
    """The samples of a measurement. Raises RecipeError, naming the effect, if it is not a magnetic resonance scan."""
    if not iscomplexobj(raw.data) or raw.data.shape != raw.grid.shape:
        raise RecipeError(
            f"{effect}: found a measurement in {raw.unit}, which is not k-space; the effects of an MR scanner would do"
        )
    return raw.data
