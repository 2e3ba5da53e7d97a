"""The spleen: a curved wedge under the left dome along the tenth rib, moulded by stomach and left kidney.

Volume of the reference man with blood: 215 mL (ICRP 145, 2020). Notches on its upper edge and an accessory spleen near
the hilum (one person in ten: Unver Dogan, Surg Radiol Anat 2011) are drawn by chance.
"""

import numpy as np

from phantoms.anatomy import kidneys
from phantoms.anatomy.body import Body
from phantoms.anatomy.liver import preview_room
from phantoms.anatomy.stomach import stomach
from phantoms.solids import Ellipsoid, Layer, Solid, smooth_common, tube, union, waves
from simdata import Subject

CENTRE_MM = (-86.0, -47.0, -58.0)
RADII_MM = (90.0, 76.0, 65.0)
# along the tenth rib (to the front and down), and from the hilum to the ribs
LONG, OUTWARD = (-0.16, 0.56, -0.81), (-0.84, -0.54, 0.0)
RIDES = 0.8
EDGE_MM = 6.0
# gap to the diaphragm, and how far it presses into the stomach, which gives way
GAP_MM, PRESS_MM = 1.8, 7.0
# groove of the hilum: along the long axis, across, outwards, mm, and radius
HILUM = ((-22, -2, -20, 4), (2, 0, -19, 5), (26, 2, -18, 4))
# notch of the upper edge: half a wedge, mm
NOTCH_MM = (2.8, 16.0, 40.0)
ACCESSORY_MM = (-66.0, -8.0, -84.0)


def spleen(body: Body, room: Solid, outer_stomach: Solid, kidney_bed: Solid) -> Solid:
    """The spleen in its `room`, the cavity under the diaphragm; stomach and beds of the kidneys dent it,

    the stomach a little less than it would, and must be drawn without the spleen."""
    dice = body.dice("spleen")
    axes = _axes()
    centre = _centre(body)
    mass = Ellipsoid(tuple(centre), RADII_MM, axes) + waves(1.0, (35, 70), dice)
    moulded = smooth_common(
        mass.grown(body.grown("spleen")),
        room.grown(-GAP_MM),
        ~outer_stomach.grown(-PRESS_MM),
        ~kidney_bed,
        round_mm=EDGE_MM,
    )
    hilum = np.array(HILUM)
    groove = tube(centre + hilum[:, :3] @ axes, hilum[:, 3], 6.0)
    return moulded - union(groove, *_notches(dice, centre, axes))


def layers(body: Body, whole: Solid) -> list[Layer]:
    """The spleen, and an accessory one if the person has it. whole: `spleen`."""
    found = [Layer(whole, "spleen")]
    if "accessory_spleen" in body.variants:
        dice = body.dice("accessory_spleen")
        middle = np.array(ACCESSORY_MM) + dice.normal(0, 3, 3)
        small = Ellipsoid(tuple(middle), tuple(dice.uniform(4, 9) * dice.uniform(0.9, 1.1, 3)))
        found.insert(0, Layer(small, "accessory_spleen"))
    return found


def _centre(body: Body) -> np.ndarray:
    return np.array(CENTRE_MM) + np.array([0, 0, RIDES * body.latent("dome_mm")])


def _axes() -> np.ndarray:
    """Rows: along the tenth rib, across (to the upper edge), outwards; orthonormal."""
    long, outward = np.array(LONG), np.array(OUTWARD)
    long /= np.linalg.norm(long)
    outward -= long * (long @ outward)
    outward /= np.linalg.norm(outward)
    return np.stack([long, np.cross(outward, long), outward])


def _notches(dice, centre, axes) -> list[Solid]:
    count = dice.integers(0, 3)
    ways = dice.uniform(-0.2, 0.75, count)
    across = -1.0 if axes[1][2] < 0 else 1.0
    edge = [
        centre + np.array([RADII_MM[0] * w, across * (RADII_MM[1] * np.sqrt(1 - w**2) + 3), 5]) @ axes for w in ways
    ]
    return [Ellipsoid(tuple(point), NOTCH_MM, axes) for point in edge]


def preview():
    """The spleen of the reference man with the stomach and the kidney that dent it."""
    body = Body(Subject("male", 40, 176, 73), variants=frozenset({"accessory_spleen"}))
    bag = stomach(body)
    found = layers(body, spleen(body, preview_room(body), bag, kidneys.bed(body)))
    return [*found, *kidneys.layers(body), Layer(bag, "stomach")], (-72, -10, -75), (140, 160, 170), 2.0
