"""A pacemaker: its can under the skin below the collarbone, and leads through the veins into the heart."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import solid, wires
from phantoms.implants.implant import part_mm
from phantoms.implants.skin import facing, front_mm
from phantoms.implants.ways import STEP_MM, smooth, through
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from phantoms.solids import Ellipsoid, Plane, tube
from simdata import Growth, Scene

KIND = Kind("pacemaker", "14106009", "Cardiac pacemaker, device", IMPLANT_COLOUR)
CAN_MM = (22.0, 3.7, 24.0)
"""Half width, thickness and height of the can."""
SHELL_MM = 0.4
BELOW_MM, UNDER_MM = 38.0, 9.0
"""How far the can lies below the collarbone, and under the skin."""
LEAD_MM, CONDUCTOR_MM = 1.0, 0.35
"""Radius of a lead, and of a solid wire with as much metal as its coils have."""
TIP_MM, RING_MM = 3.0, (10.0, 13.0)
"""The tip, and where the ring lies from it."""


@dataclass(frozen=True, kw_only=True)
class Pacemaker(Growth):
    """A can of titanium with its battery, and `leads`: one to the right ventricle, a second to the right atrium.

    The leads go through the subclavian and brachiocephalic veins and the superior vena cava: conductors of
    cobalt-chrome alloy in silicone, tip and ring of platinum. The lower half of the can is the battery, which stops
    X-rays as titanium does (assumed), the upper one circuits, like aluminium.
    Raises SceneError if the patient has no such veins, heart or collarbone.
    """

    side: Literal["left", "right"] = "left"
    leads: Annotated[int, Ge(1), Le(2)] = 2

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        collarbone = part_mm(scene, f"clavicula_{self.side}", "Pacemaker")
        outer = -1.0 if self.side == "left" else 1.0
        x = collarbone[:, 0].mean() + 8.0 * outer + rng.uniform(-6, 6)
        z = collarbone[:, 2].min() - BELOW_MM + rng.uniform(-6, 6)
        frame = facing(scene, x, z, "Pacemaker")
        centre = front_mm(scene, x, z, "Pacemaker") - (UNDER_MM + CAN_MM[1]) * frame[1]

        pieces = _can(scene, centre, frame)
        header = centre + CAN_MM[2] * frame[2] + 2.0 * frame[2]
        veins = self._veins(scene, header, centre, frame)
        ends = [self._ventricle(scene), self._atrium(scene)][: self.leads]
        for n, end in enumerate(ends):
            aside = (n - (self.leads - 1) / 2) * 2.6 * LEAD_MM * np.array([0.4, 0.8, 0.4])
            pieces += _lead(scene, smooth(np.vstack([veins + aside, end])))
        text = f"pacemaker on the {self.side} with {self.leads} lead{'s' if self.leads > 1 else ''}"
        return with_finding(scene, KIND, f"clavicula_{self.side}", pieces, text)

    def _veins(
        self, scene: Scene, header: Float[ndarray, " 3"], can: Float[ndarray, " 3"], frame: Float[ndarray, "3 3"]
    ) -> Float[ndarray, "n 3"]:
        """From the header in a loop behind the can, into the vein, and down to the heart."""
        behind = can - (CAN_MM[1] + 3.0) * frame[1]
        loop = [header, behind + 12 * frame[0], behind - 15 * frame[2], behind - 12 * frame[0]]
        way = [np.array(loop)]
        for name in (f"subclavian_vein_{self.side}", f"brachiocephalic_vein_{self.side}", "superior_vena_cava"):
            way.append(through(part_mm(scene, name, "Pacemaker"), way[-1][-1]))
        return np.vstack(way)

    @staticmethod
    def _ventricle(scene: Scene) -> Float[ndarray, "n 3"]:
        """Through the right atrium to the apex of the right ventricle."""
        atrium = part_mm(scene, "heart_right_atrium", "Pacemaker")
        ventricle = part_mm(scene, "heart_right_ventricle", "Pacemaker")
        low = atrium[atrium[:, 2] < np.quantile(atrium[:, 2], 0.35)].mean(axis=0)
        along = (ventricle - low) @ (ventricle.mean(axis=0) - low)
        apex = ventricle[along > np.quantile(along, 0.97)].mean(axis=0)
        return np.stack([atrium.mean(axis=0), (low + ventricle.mean(axis=0)) / 2, ventricle.mean(axis=0), apex])

    @staticmethod
    def _atrium(scene: Scene) -> Float[ndarray, "n 3"]:
        """Down into the right atrium and back up in front, to the auricle."""
        atrium = part_mm(scene, "heart_right_atrium", "Pacemaker")
        middle = atrium.mean(axis=0)
        front = atrium[(atrium[:, 1] > np.quantile(atrium[:, 1], 0.8)) & (atrium[:, 2] > middle[2])]
        tip = front.mean(axis=0) if len(front) else middle
        low = middle + np.array([0.0, 0.3 * (tip[1] - middle[1]), -8.0])
        return np.stack([low, (low + tip) / 2 + np.array([0.0, 3.0, -3.0]), tip])


def _can(scene: Scene, centre: Float[ndarray, " 3"], frame: Float[ndarray, "3 3"]) -> list[Piece]:
    """Shell, battery and circuits, the clear header and the two connectors in it."""
    radii = np.array(CAN_MM)
    can = Ellipsoid(centre, radii, frame, 4)  # pyright: ignore[reportArgumentType]
    inside = Ellipsoid(centre, radii - SHELL_MM, frame, 4)  # pyright: ignore[reportArgumentType]
    top = centre + (CAN_MM[2] + 1.0) * frame[2]
    header = Ellipsoid(top, (14.0, CAN_MM[1] - 0.3, 7.0), frame, 4) - can  # pyright: ignore[reportArgumentType]
    pins = [top + side * 5.0 * frame[0] + 1.5 * frame[2] for side in (-1, 1)]
    plugs = tube(np.stack([pins[0], pins[0] + 6 * frame[0]]), 1.0) | tube(
        np.stack([pins[1], pins[1] + 6 * frame[0]]), 1.0
    )
    around = (centre - 40.0, centre + 40.0)
    battery = inside & Plane(centre, -frame[2])  # pyright: ignore[reportArgumentType]
    shapes = (
        (header, "pmma"),
        (inside, "aluminium"),
        (battery, "titanium"),
        (can - inside, "titanium"),
        (plugs, "stainless_steel"),
    )
    return [Piece(solid(scene.grid, shape, *around), tissue) for shape, tissue in shapes]


def _lead(scene: Scene, way: Float[ndarray, "k 3"]) -> list[Piece]:
    """Silicone, the conductor in it, and two electrodes at the far end."""
    tip, ring = (
        way[-round(TIP_MM / STEP_MM) - 1 :],
        way[-round(RING_MM[1] / STEP_MM) : -round(RING_MM[0] / STEP_MM) + 1],
    )
    return [
        Piece(wires(scene.grid, [way], LEAD_MM), "silicone"),
        Piece(wires(scene.grid, [way], CONDUCTOR_MM), "cobalt_chrome"),
        Piece(wires(scene.grid, [tip], LEAD_MM), "platinum"),
        Piece(wires(scene.grid, [ring], LEAD_MM), "platinum"),
    ]
