"""How the tissues at the back of an eye treat light of each wavelength, and how a camera's three bands see it."""

from functools import cache
from math import log

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from render.kernels.fundus_light import CHOROID_SATURATION
from render.properties import curve, rows

SPECTRA, TISSUE = "fundus_spectra", "fundus_tissue"
HAEMOGLOBIN_G_L, GRAM_PER_MOL = 150.0, 64500.0
"""In whole blood; Prahl, omlc.org/spectra/hemoglobin."""
MELANIN_POWER, MELANIN_NM = 3.2, 500.0
"""Its density goes with 1 / wavelength to this power: 3.48 in skin (Jacques 2013, PMB 58: R37), 3.2 fits fundi best."""
GREEN_NM = 550.0
FIBRES_PER_MM = 0.05
"""Share of green light that comes back from nerve fibres; more of blue. From memory of red-free photographs."""
ROUND = log(10)
"""From optical density to Napier's exponent."""


@cache
def optics(age_y: float) -> Float64[ndarray, "wavelengths columns"]:
    """Of an eye so old, in the columns of render.kernels.fundus_light."""
    nm = curve(SPECTRA, "wavelength_nm")
    media = curve(SPECTRA, "media") + age_y**2 * curve(SPECTRA, "media_per_y2")
    bands = [curve(SPECTRA, name) for name in ("red", "green", "blue")]
    known = [
        2 * absorption_per_mm("oxyhaemoglobin"),
        2 * absorption_per_mm("deoxyhaemoglobin"),
        2 * ROUND * (MELANIN_NM / nm) ** MELANIN_POWER,
        2 * ROUND * curve(SPECTRA, "macular_pigment"),
        FIBRES_PER_MM * GREEN_NM / nm,
        10 ** (-2 * media),
        _backscatter("choroid"),
        _backscatter("blood"),
        _thick("rim"),
        _thick("cup"),
        _backscatter("exudate"),
        _absorbed("exudate"),
        _backscatter("swelling"),
        *(band / band.sum() for band in bands),
    ]
    return np.column_stack(known)


def absorption_per_mm(haemoglobin: str) -> Float64[ndarray, " wavelengths"]:
    """Of whole blood whose haemoglobin is all of that kind: ln 10 e c, with e in 1/(cm M)."""
    return ROUND / 10 * curve(SPECTRA, haemoglobin) * HAEMOGLOBIN_G_L / GRAM_PER_MOL


def _thick(tissue: str) -> Float64[ndarray, " wavelengths"]:
    """What a tissue without end returns: 1 + K / S - sqrt((K / S)^2 + 2 K / S). Kubelka 1948."""
    ratio = _absorbed(tissue) / _backscatter(tissue)
    return 1 + ratio - np.sqrt(ratio**2 + 2 * ratio)


def _absorbed(tissue: str) -> Float64[ndarray, " wavelengths"]:
    """K, with that of the blood in the tissue: twice what is absorbed, because diffuse light takes detours."""
    row = _row(tissue)
    blood = CHOROID_SATURATION * absorption_per_mm("oxyhaemoglobin")
    blood = blood + (1 - CHOROID_SATURATION) * absorption_per_mm("deoxyhaemoglobin")
    yellow = float(row["yellow_per_mm"]) * curve(SPECTRA, "macular_pigment")
    return float(row["absorption_per_mm"]) + yellow + 2 * float(row["blood_share"]) * blood


def _backscatter(tissue: str) -> Float64[ndarray, " wavelengths"]:
    """S, 1/mm."""
    row = _row(tissue)
    falls = (GREEN_NM / curve(SPECTRA, "wavelength_nm")) ** float(row["falls_with_wavelength"])
    return float(row["backscatter_per_mm"]) * falls


@cache
def _row(tissue: str) -> dict[str, str]:
    return dict(next(row for row in rows(TISSUE) if row["tissue"] == tissue))
