"""Organ volumes against people of the same sex, age and size: z-scores of the logarithm of the volume.

z = (ln V - (ln m - s^2/2)) / s, with m the mean of phantoms.people and s its spread; of an organ that is a sum of
traits, s^2 = w R w, w = m_i s_i / m, R their correlation (to first order).
"""

import numpy as np

from phantoms.anatomy.patient import ORGANS
from phantoms.anatomy.person import lungs_ml
from phantoms.people.organs import mean_organs
from phantoms.people.traits import correlation, traits
from pipelines.realism.atlas import Atlas
from pipelines.realism.figures import Figure
from simdata.subject import Subject

USUAL_Z = 2.5
SOURCE = "phantoms/people/tables/organs.csv: ICRP 145, GLI-2021 and their spreads"
LUNGS = ("lung_tissue", "lung_gas")


def organ_figures(atlas: Atlas, subject: Subject, breath: float = 0.0) -> list[Figure]:
    """The z-score of every organ that lies wholly in the field of view.

    breath: share of a full breath at which the lungs are held.
    """
    mean = dict(mean_organs(subject))
    mean["lung_gas"] = lungs_ml(subject, mean, breath) - mean["lung_tissue"]
    found = []
    for name, (_, latents) in ORGANS.items():
        parts = LUNGS if name == "lungs" else tuple(latent.removesuffix("_ml") for latent in latents)
        if atlas.whole(name) and all(part in mean for part in parts):
            total, spread = sum(mean[part] for part in parts), _spread(subject.sex, parts, mean)
            volume = atlas.volume_ml(name)
            z = (np.log(volume / total) + spread**2 / 2) / spread
            about = f"{volume:.0f} mL; {total:.0f} mL expected"
            found.append(Figure(name, float(z), "z", -USUAL_Z, USUAL_Z, SOURCE, about))
    return found


def _spread(sex: str, parts: tuple[str, ...], mean: dict[str, float]) -> float:
    chosen = traits("organs", sex)
    place = {trait.name: number for number, trait in enumerate(chosen)}
    index = [place[part] for part in parts]
    weight = np.array([mean[part] * chosen[place[part]].spread for part in parts]) / sum(mean[part] for part in parts)
    return float(np.sqrt(weight @ correlation("organs", sex)[np.ix_(index, index)] @ weight))
