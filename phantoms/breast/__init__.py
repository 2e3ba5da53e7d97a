"""The breast: its shape, hanging and pressed, and what is in it."""

from phantoms.breast.breast import Breast

__all__ = ["Breast"]
