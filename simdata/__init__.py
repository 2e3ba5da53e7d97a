"""simdata: annotated medical images from nothing. The ground floor: one patient, and the kinds of part."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simdata.errors import BackendError, DatasetError, RecipeError, SceneError, SimdataError
from simdata.finding import Finding
from simdata.grid import Grid
from simdata.image import Image, Raw
from simdata.motion import Motion, Still
from simdata.parts import Effect, Finish, Growth, Part, Phantom, Scanner, Sink
from simdata.sample import Sample
from simdata.scene import Scene
from simdata.shadow import Shadow
from simdata.streams import Streams
from simdata.structures import Structure, structure
from simdata.subject import Subject
from simdata.vessels import Vessels, vessel_tree

if TYPE_CHECKING:
    from simdata.dataset import Dataset
    from simdata.patches import Patches

__version__ = "0.1.0"

__all__ = [
    "BackendError",
    "Dataset",
    "DatasetError",
    "Effect",
    "Finding",
    "Finish",
    "Grid",
    "Growth",
    "Image",
    "Motion",
    "Part",
    "Patches",
    "Phantom",
    "Raw",
    "RecipeError",
    "Sample",
    "Scanner",
    "Scene",
    "SceneError",
    "Shadow",
    "SimdataError",
    "Sink",
    "Still",
    "Streams",
    "Structure",
    "Subject",
    "Vessels",
    "structure",
    "vessel_tree",
]


LATE = {"Dataset": "simdata.dataset", "Patches": "simdata.patches", "generate": "pipelines.on_the_fly"}
"""What brings h5py along, or the whole house, and so only when it is asked for (docs/decisions/0020)."""


def __getattr__(name: str) -> Any:
    if name in LATE:
        return getattr(import_module(LATE[name]), name)
    raise AttributeError(f"module 'simdata' has no attribute '{name}'")
