"""The numbers in a label file, and the classes that they stand for."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped, UInt8
from numpy import ndarray

from pipelines.learn.example import UNKNOWN
from simdata.errors import DatasetError, RecipeError

Values = tuple[tuple[int, ...], ...]


def check_values(values: Sequence[Sequence[object]], classes: int, where: str) -> None:
    """Raises RecipeError if there are values, but not of every class."""
    if values and len(values) != classes:
        found = f"values of {len(values)} classes, where {classes} are learnt"
        raise RecipeError(f"{where}: found {found}; one list for each, in their order, would do")


def by_values(array: Shaped[ndarray, "..."], values: Values, unknown: Sequence[int] = ()) -> UInt8[ndarray, "..."]:
    """The class of each pixel: 1 for the first list of values, and so on; 0 for all other values."""
    label = np.zeros(array.shape, np.uint8)
    for number, of_class in enumerate(values, 1):
        label[np.isin(array, of_class)] = number
    label[np.isin(array, list(unknown))] = UNKNOWN
    return label


def as_mask(array: Shaped[ndarray, "..."], white: int, name: str) -> UInt8[ndarray, "..."]:
    """1 where a mask of one class is nearer to white than to black. Raises DatasetError if only black is not 0."""
    mask = array > white // 2
    if not mask.any() and array.any():
        highest = int(array.max())
        raise DatasetError(f"{name}: its highest value is {highest}, of {white}; values such as [[{highest}]] would do")
    return mask.astype(np.uint8)


def as_numbers(array: Shaped[ndarray, "..."], classes: int, name: str) -> UInt8[ndarray, "..."]:
    """Labels that number the classes already; of one class, what is not 0. Raises DatasetError for other numbers."""
    if classes == 1:
        return (array > 0).astype(np.uint8)
    if ((array > classes) & (array != UNKNOWN)).any() or (array < 0).any():
        found = f"values from {array.min():g} to {array.max():g}"
        raise DatasetError(f"{name}: found {found}, where {classes} classes are learnt; 'values' for each would do")
    return array.astype(np.uint8)
