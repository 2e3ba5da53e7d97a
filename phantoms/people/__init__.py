"""Who the patient is and how large everything in that person should be, newborn to 90 years."""

from phantoms.people.calibres import draw_calibres, mean_calibres
from phantoms.people.organs import draw_organs, mean_organs, reference_adult
from phantoms.people.population import Person, draw_subject, populations
from phantoms.people.shape import Shape, draw_shape, mean_shape
from phantoms.people.vertebrae import Vertebra, draw_vertebrae, mean_vertebrae

__all__ = [
    "Person",
    "Shape",
    "Vertebra",
    "draw_calibres",
    "draw_organs",
    "draw_shape",
    "draw_subject",
    "draw_vertebrae",
    "mean_calibres",
    "mean_organs",
    "mean_shape",
    "mean_vertebrae",
    "populations",
    "reference_adult",
]
