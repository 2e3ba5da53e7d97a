"""Masks as COCO's run-length code."""

from typing import Any

import numpy as np
from jaxtyping import Bool
from numpy import ndarray


def run_lengths(mask: Bool[ndarray, "rows columns"]) -> dict[str, Any]:
    """The compressed run-length code of a mask, as JSON holds it."""
    from pycocotools import mask as coco

    code: Any = coco.encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(code["size"]), "counts": code["counts"].decode("ascii")}
