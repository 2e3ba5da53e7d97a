"""What the organs of a person should measure: literature means by sex, age and size, times a lognormal person."""

import numpy as np
from numpy.random import Generator

from simdata import Subject

# share of the way from FRC to TLC at which the breath is held
BREATH = 0.2
# coefficient of variation; Vauthey 2002 for the liver, otherwise rounded from CT series
SPREAD = {"liver": 0.13, "spleen": 0.22, "kidneys": 0.12, "heart": 0.09, "lungs": 0.08}
SEX_MEANS = {
    "male": {"surface_m2": 1.89, "spleen": 215, "kidneys": 365, "heart": 730, "lung_tissue": 550},
    "female": {"surface_m2": 1.65, "spleen": 177, "kidneys": 305, "heart": 580, "lung_tissue": 430},
}
# litres = exp(a + b ln age + c ln height_cm): FRC, TLC. GLI 2021 (Hall et al., ERJ 2021;57:2000289), splines left out
GLI = {
    "male": ((-13.4898, 0.1111, 2.7634), (-10.5861, 0.1433, 2.3155)),
    "female": ((-12.7674, 0.1251, 2.6049), (-10.1128, 0.1062, 2.2259)),
}


def volumes_ml(subject: Subject, rng: Generator) -> dict[str, float]:
    """Volumes of liver, spleen, both kidneys, heart and both lungs, mL.

    Liver -794.41 + 1267.28 BSA (Vauthey 2002). Spleen and kidneys: ICRP 145, kidneys without the blood that a CT
    segmentation leaves out. Heart: chambers at end diastole and walls, CMR normals of Kawel-Boehm 2020. Lungs: gas of
    GLI 2021, tissue and blood of ICRP 89.
    """
    mean = SEX_MEANS[subject.sex]
    surface_m2 = np.sqrt(subject.height_cm * subject.weight_kg / 3600)
    size, older = surface_m2 / mean["surface_m2"], max(subject.age_y - 50, 0)
    frc_l, tlc_l = (
        np.exp(a + b * np.log(subject.age_y) + c * np.log(subject.height_cm)) for a, b, c in GLI[subject.sex]
    )
    expected = {
        "liver": max(1267.28 * surface_m2 - 794.41, 650) * (1 - 0.003 * older),
        "spleen": mean["spleen"] * size * (1 - 0.004 * older),
        "kidneys": mean["kidneys"] * size * (1 - 0.006 * older),
        "heart": mean["heart"] * size**0.8 * (1 + 0.002 * older),
        "lungs": 1000 * (frc_l + BREATH * (tlc_l - frc_l)) + mean["lung_tissue"],
    }
    return {organ: float(volume * np.exp(rng.normal(0, SPREAD[organ]))) for organ, volume in expected.items()}
