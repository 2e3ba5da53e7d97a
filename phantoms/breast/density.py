"""How much of a breast is gland: the four classes of a mammography report."""

from collections.abc import Mapping
from typing import Literal

Density = Literal["a", "b", "c", "d"]

FIBROGLANDULAR: Mapping[Density, float] = {"a": 0.056, "b": 0.12, "c": 0.24, "d": 0.48}
"""Share of the volume within the skin, by BI-RADS class: almost all fat, scattered, heterogeneous, extremely dense.

2831 women have 19.3 % on average, 80 % less than 27 %, 95 % less than 45 % (Yaffe et al. 2009, Med Phys 36:5437): a
log-normal distribution of median 0.158 and SD 0.635 of the logarithm has all three. 43.3 % of women are c or d (Sprague
et al. 2014, JNCI 106:dju255), about 10 % a and 7 % d; each number here is the median of that distribution within its
class: its percentiles 5, 33, 75 and 96. Even in dense breasts it seldom exceeds 0.5 (Nelson et al. 2008, Med Phys
35:1078).
"""
