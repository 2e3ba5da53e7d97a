"""A real segmentation becomes a patient: sides, orientations, deformation, and one clear error for each bad file."""

import itertools
import os
from hashlib import sha256
from pathlib import Path

import nibabel as nib
import nrrd
import numpy as np
import pytest
from nibabel import orientations

from phantoms.deformation import Deformation
from phantoms.label_tables import label_table, label_tables
from phantoms.labelmap import Labelmap
from phantoms.readers import read_labels
from phantoms.scalp import SubcutaneousFat
from simdata import Grid, Scene, SceneError, Streams
from simdata.errors import RecipeError
from simdata.structures import structure

LEFT_MM, FRONT_MM, MIDDLE_MM = (-6.0, -2.0, 1.0), (2.0, 9.0, -3.0), (0.0, 0.0, -1.0)
LEFT_PUTAMEN, OPTIC_CHIASM, RIGHT_CORTEX = 12, 85, 42
GRID = Grid.regular((17, 25, 15), (1.0, 1.0, 2.0), (0.0, 0.0, 1.0))
CODES = [
    "".join(code[flip] for code, flip in zip(axes, flips, strict=True))
    for axes in itertools.permutations(("LR", "PA", "IS"))
    for flips in itertools.product((0, 1), repeat=3)
]
"""All 48 ways to store a volume: LPI, RPI, ... SAR."""
WRITERS = ("nii", "nii.gz", "mgz", "mgh", "lps.nrrd", "ras.nrrd", "las.nrrd")
FEW_CODES = ("RAS", "LPS", "LIA", "PIR", "SAL", "ILA")


def test_every_reader_leaves_each_structure_at_its_place_in_mm(tmp_path):
    for writer, code in itertools.product(WRITERS, FEW_CODES):
        _assert_markers(_write(tmp_path / f"{code}.{writer}", code=code), f"{writer} {code}")


@pytest.mark.parametrize("code", CODES)
def test_every_stored_orientation_is_turned_upright(tmp_path, code):
    scene = _assert_markers(_write(tmp_path / "map.nii", code=code), code)
    assert nib.aff2axcodes(scene.grid.affine) == ("R", "A", "S")


def test_an_oblique_map_keeps_its_place_too(tmp_path):
    angle = np.radians(20)
    tilt = np.eye(4)
    tilt[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    labels = np.zeros((9, 9, 9), np.uint8)
    labels[1, 4, 4] = LEFT_PUTAMEN
    nib.save(nib.Nifti1Image(labels[:, ::-1], tilt @ np.diag((2.0, -2, 2, 1))), tmp_path / "oblique.nii")
    scene = _patient(tmp_path / "oblique.nii")
    assert np.allclose(_place(scene, "putamen_left"), (tilt @ (2, -8, 8, 1))[:3], atol=1e-5)


def test_floats_a_trailing_axis_and_metres_are_understood(tmp_path):
    path = tmp_path / "odd.nii.gz"
    labels, affine = _stored("LIA")
    image = nib.Nifti2Image(labels[..., None].astype(np.float32), np.diag((1e-3, 1e-3, 1e-3, 1)) @ affine)
    image.header.set_xyzt_units("meter")
    nib.save(image, path)
    _assert_markers(path, "metres")


def test_the_source_names_the_file_and_its_checksum(tmp_path):
    path = _write(tmp_path / "brain.nii.gz")
    expected = {"file": "brain.nii.gz", "sha256": sha256(path.read_bytes()).hexdigest(), "labels": "freesurfer"}
    assert dict(_patient(path).source) == expected


def test_a_folder_gives_each_of_its_maps_and_nothing_else(tmp_path):
    for name in ("b.nii", "a.mgz", "c.lps.nrrd"):
        _write(tmp_path / name)
    (tmp_path / "manifest.json").write_text("{}")
    phantom = Labelmap(folder=str(tmp_path))
    names = [phantom(Streams(1, index).generator).source["file"] for index in range(40)]
    assert set(names) == {"a.mgz", "b.nii", "c.lps.nrrd"}
    assert names == [phantom(Streams(1, index).generator).source["file"] for index in range(40)]


def test_the_recipe_that_ships_takes_each_of_four_brains_once(tmp_path):
    from pipelines.recipe import load

    for name in "abcd":
        _write(tmp_path / f"{name}.nii.gz")
    recipe = load(
        Path(__file__).parent.parent / "recipes" / "brain_mr_from_labels.yaml", [f"phantom.folder={tmp_path}"]
    )
    streams = [Streams(recipe.seed, index) for index in range(recipe.count)]
    names = [recipe.draw(s.index).phantom(s["phantom"].generator).source["file"] for s in streams]
    assert sorted(names) == ["a.nii.gz", "b.nii.gz", "c.nii.gz", "d.nii.gz"]


def test_a_totalsegmentator_map_keeps_its_numbers(tmp_path):
    labels = np.arange(118, dtype=np.uint8).reshape(2, 59, 1)
    nib.save(nib.Nifti1Image(labels, np.eye(4)), tmp_path / "total.nii.gz")
    scene = Labelmap(file=str(tmp_path / "total.nii.gz"), labels="totalsegmentator")(Streams(0).generator)
    assert np.array_equal(scene.labels, labels)


def test_every_table_row_leads_to_a_structure_and_has_a_source():
    assert label_tables() == ["freesurfer", "totalsegmentator"]
    freesurfer = label_table("freesurfer")
    assert freesurfer[2] == structure("cerebral_white_matter_left").id
    assert {freesurfer[id] for id in range(2000, 2036) if id != 2004} == {structure("cerebral_cortex_right").id}
    assert set(label_table("totalsegmentator")) == set(range(1, 118))


# Deformation


def test_no_amplitude_leaves_every_byte(tmp_path):
    path = _write(tmp_path / "map.nii", code="LIA")
    calm = Labelmap(file=str(path), deformation=Deformation(amplitude_mm=0.0, wavelength_mm=20.0))
    assert calm(Streams(0).generator).labels.tobytes() == _mapped_by_hand(path).tobytes()


def test_a_deformation_moves_some_labels_and_is_drawn_from_the_stream(tmp_path):
    path = _ball(tmp_path / "ball.nii")
    wave = Labelmap(file=str(path), labels="totalsegmentator", deformation=Deformation(4.0, 30.0))
    first, again, other = (wave(Streams(0, index).generator).labels for index in (0, 0, 1))
    still = Labelmap(file=str(path), labels="totalsegmentator")(Streams(0).generator).labels
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert 0.01 < (first != still).sum() / (still > 0).sum() < 0.6
    assert abs((first > 0).sum() / (still > 0).sum() - 1) < 0.3


@pytest.mark.parametrize(("amplitude_mm", "wavelength_mm"), [(5.0, 80.0), (12.5, 50.0), (20.0, 80.0)])
def test_a_deformation_can_always_be_undone(amplitude_mm, wavelength_mm):
    grid = Grid.regular((70, 80, 60), (2.0, 2.0, 2.5))
    for index in range(3):
        spline = Deformation(amplitude_mm, wavelength_mm).spline(grid, Streams(3, index).generator)
        at = spline.index()
        jacobian = np.stack([np.stack(np.gradient(axis), -1) for axis in at], -2)
        assert np.linalg.det(jacobian).min() > 0.2
        moved_mm = (at - np.indices(grid.shape)) * np.array(grid.spacing_mm)[:, None, None, None]
        farthest = np.sqrt((moved_mm**2).sum(axis=0)).max()
        assert 0.6 * amplitude_mm < farthest <= amplitude_mm


def test_the_fast_deformation_equals_its_reference():
    grid = Grid.regular((30, 28, 26), (2.0, 2.0, 3.0))
    labels = Streams(1).generator.integers(1, 9999, grid.shape).astype(np.uint16)
    spline = Deformation(8.0, 40.0).spline(grid, Streams(0).generator)
    at = np.floor(spline.index() + 0.5).astype(int)
    inside = np.all([(axis >= 0) & (axis < n) for axis, n in zip(at, grid.shape, strict=True)], axis=0)
    slow = np.zeros_like(labels)
    slow[inside] = labels[tuple(axis[inside] for axis in at)]
    assert np.array_equal(spline.pull(labels), slow)
    assert 0.05 < (~inside).mean() < 0.5


def test_a_deformation_too_steep_to_undo_is_refused():
    with pytest.raises(RecipeError, match="amplitude_mm 30 with wavelength_mm 80; an amplitude of at most 20 mm, or"):
        Deformation(30.0, 80.0)


# The fat of the scalp


def test_soft_tissue_near_the_skin_is_fat_and_deeper_it_is_muscle():
    labels = np.zeros((20, 6, 6), np.uint16)
    labels[2:4], labels[4:18] = structure("skin").id, structure("head_soft_tissue").id
    patient = Scene(Grid.regular(labels.shape, 2.0), labels)
    after = SubcutaneousFat(depth_mm=6.0)(patient, Streams(0).generator)
    names = [after.structures[int(id)].name for id in after.labels[2:9, 3, 3]]
    assert names == ["skin", "skin", "head_fat", "head_fat", "head_fat", "head_soft_tissue", "head_soft_tissue"]
    assert after.tissue_names() == ["air", "adipose", "muscle", "skin"]


def test_a_map_that_stops_at_the_brain_grows_no_scalp():
    patient = Scene(GRID, np.full(GRID.shape, structure("brain").id, np.uint16))
    assert SubcutaneousFat()(patient, Streams(0).generator) is patient


# Bad input: one clear error each


def test_a_phantom_needs_a_file_or_a_folder_and_not_both():
    with pytest.raises(RecipeError, match="neither file nor folder; the path of a label map"):
        Labelmap()
    with pytest.raises(RecipeError, match="both file and folder"):
        Labelmap(file="a.nii", folder="b")


def test_an_unknown_table_is_answered_with_the_tables_there_are():
    with pytest.raises(RecipeError, match="'freesurfr', the tables are freesurfer, totalsegmentator; did you mean"):
        Labelmap(file="a.nii", labels="freesurfr")


@pytest.mark.parametrize("writer", WRITERS)
def test_a_truncated_file_is_one_error_that_names_it(tmp_path, writer):
    path = _write(tmp_path / f"cut.{writer}")
    whole = path.read_bytes()
    for length in (len(whole) - 40, len(whole) // 2, len(whole) // 4, 10, 0):
        path.write_bytes(whole[:length])
        _refused(path, r"whole copy")


@pytest.mark.parametrize("writer", ["nii", "nii.gz", "mgz", "lps.nrrd"])
def test_any_damaged_byte_gives_a_patient_or_a_clear_error(tmp_path, writer):
    path = _write(tmp_path / f"hit.{writer}")
    whole = path.read_bytes()
    rng = Streams(9).generator
    for place in rng.integers(min(len(whole), 400), size=60):
        hit = bytearray(whole)
        hit[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(hit)
        assert _outcome(path) in ("a patient", "a clear error")


def test_a_four_dimensional_file_is_refused(tmp_path):
    nib.save(nib.Nifti1Image(np.ones((4, 5, 6, 3), np.uint8), np.eye(4)), tmp_path / "4d.nii")
    _refused(tmp_path / "4d.nii", r"found 4 axes of \(4, 5, 6, 3\) voxels; one label map of three axes would do")
    header = {"space": "LPS", "space directions": np.vstack([[np.nan] * 3, np.eye(3)]), "space origin": np.zeros(3)}
    nrrd.write(str(tmp_path / "4d.nrrd"), np.ones((3, 4, 5, 6), np.uint8), header)
    _refused(tmp_path / "4d.nrrd", r"found 4 axes of \(3, 4, 5, 6\) voxels; one label map of three axes would do")


def test_an_empty_map_is_refused(tmp_path):
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6), np.uint8), np.eye(4)), tmp_path / "empty.nii")
    _refused(tmp_path / "empty.nii", r"found only background \(0\); a label map with at least one structure would do")


def test_unknown_numbers_are_listed_with_the_table_that_lacks_them(tmp_path):
    labels = np.array([[[2, 3, 997, 998]]], np.int16)
    nib.save(nib.Nifti1Image(labels, np.eye(4)), tmp_path / "new.nii")
    _refused(tmp_path / "new.nii", r"found 2 numbers that the table 'freesurfer' does not know: 997, 998; a row for")


def test_an_image_is_told_from_a_label_map(tmp_path):
    image = np.linspace(0, 50, 60, dtype=np.float32).reshape(3, 4, 5)
    nib.save(nib.Nifti1Image(image, np.eye(4)), tmp_path / "t1.nii")
    _refused(tmp_path / "t1.nii", r"so it is an image and not a label map; whole numbers would do")
    for name, value in (("ct", -1000), ("odd", np.nan), ("big", 70000)):
        nib.save(nib.Nifti1Image(image.round() + np.float32(value), np.eye(4)), tmp_path / f"{name}.nii")
        _refused(tmp_path / f"{name}.nii", r"found values from .* to .*; a label map of whole numbers from 0 to 65535")
    colours = np.zeros((3, 4, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(colours, np.eye(4)), tmp_path / "rgb.nii")
    _refused(tmp_path / "rgb.nii", r"found values of type .*; a label map of whole numbers would do")


def test_a_singular_affine_is_refused(tmp_path):
    image = nib.Nifti1Image(np.full((3, 4, 5), 2, np.uint8), None)
    image.header["sform_code"], image.header["srow_x"], image.header["srow_y"] = 1, (1, 0, 0, 0), (1, 0, 0, 0)
    image.header["qform_code"] = 0
    (tmp_path / "flat.nii").write_bytes(image.to_bytes())
    _refused(tmp_path / "flat.nii", r"the affine is singular")


def test_a_file_without_orientation_is_refused(tmp_path):
    nib.save(nib.Nifti1Image(np.full((3, 4, 5), 2, np.uint8), None), tmp_path / "lost.nii")
    _refused(tmp_path / "lost.nii", r"no orientation \(sform_code and qform_code are 0\), so left and right cannot")
    nrrd.write(str(tmp_path / "lost.nrrd"), np.full((3, 4, 5), 2, np.uint8))
    _refused(tmp_path / "lost.nrrd", r"no orientation \(its space is ''\), so left and right cannot be told apart")


def test_a_missing_file_folder_or_reader_is_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"none.nii: no such file; the path of a label map, or a folder"):
        Labelmap(file=str(tmp_path / "none.nii"))
    (tmp_path / "map.mha").write_bytes(b"ObjectType = Image")
    _refused(tmp_path / "map.mha", r"files ending in '.mha' cannot be read; .nii, .nii.gz, .mgh, .mgz, .nrrd would do")
    for folder, found in (
        ("none", "cannot be listed .*; a folder of label maps would do"),
        (".", "no label map in it; files ending in .nii"),
    ):
        with pytest.raises(RecipeError, match=found):
            Labelmap(folder=str(tmp_path / folder))


# Four real brains


@pytest.fixture(scope="module")
def real_brains():
    folder = Path(os.environ.get("SIMDATA_REAL_DATA", "")) / "brain_labelmaps"
    if "SIMDATA_REAL_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("SIMDATA_REAL_DATA names no folder that holds brain_labelmaps")
    return [_patient(path) for path in sorted(folder.glob("*.nii.gz"))]


def test_real_brains_have_left_on_the_left_and_the_eyes_in_front(real_brains):
    assert len(real_brains) == 4
    for brain in real_brains:
        for name in ("cerebral_cortex", "putamen", "lateral_ventricle", "choroid_plexus"):
            assert _place(brain, f"{name}_left")[0] < _place(brain, f"{name}_right")[0] - 10
        assert _place(brain, "eye")[1] > _place(brain, "brain")[1] + 40
        assert _place(brain, "brain_stem")[2] < _place(brain, "brain")[2] - 20


def test_real_brains_have_the_volumes_of_brains(real_brains):
    for brain in real_brains:
        ml = {name: brain.mask(name).sum() * brain.grid.voxel_mm3 / 1000 for name in ("brain", "thalamus_left", "eye")}
        assert 1000 < ml["brain"] < 2000
        assert 4 < ml["thalamus_left"] < 12
        assert 8 < ml["eye"] < 18


def _patient(path: Path) -> Scene:
    return Labelmap(file=str(path))(Streams(0).generator)


def _refused(path: Path, message: str) -> None:
    with pytest.raises(SceneError, match=message) as caught:
        _patient(path)
    assert str(caught.value).startswith(str(path))


def _outcome(path: Path) -> str:
    try:
        _patient(path)
    except SceneError as error:
        return "a clear error" if str(error).startswith(str(path)) else str(error)
    return "a patient"


def _place(scene: Scene, name: str) -> np.ndarray:
    return scene.grid.world_mm(np.argwhere(scene.mask(name)).mean(axis=0))


def _assert_markers(path: Path, case: str) -> Scene:
    scene = _patient(path)
    for name, place_mm in (("putamen_left", LEFT_MM), ("optic_chiasm", FRONT_MM), ("cerebral_cortex_right", MIDDLE_MM)):
        assert np.allclose(_place(scene, name), place_mm, atol=1e-4), case
        assert scene.mask(name).sum() == 1, case
    return scene


def _stored(code: str) -> tuple[np.ndarray, np.ndarray]:
    """A left-sided and an anterior marker at known mm, as a volume stored with axes running to `code`."""
    labels = np.zeros(GRID.shape, np.int16)
    for place_mm, number in ((LEFT_MM, LEFT_PUTAMEN), (FRONT_MM, OPTIC_CHIASM), (MIDDLE_MM, RIGHT_CORTEX)):
        labels[tuple(np.rint(GRID.index(np.array(place_mm))).astype(int))] = number
    turn = orientations.ornt_transform(orientations.io_orientation(GRID.affine), orientations.axcodes2ornt(code))
    turned = orientations.apply_orientation(labels, turn)
    return np.ascontiguousarray(turned), GRID.affine @ orientations.inv_ornt_aff(turn, labels.shape)


def _write(path: Path, code: str = "RAS") -> Path:
    labels, affine = _stored(code)
    if path.suffix == ".nrrd":
        _write_nrrd(path, labels, affine)
    elif path.suffix in (".mgz", ".mgh"):
        nib.save(nib.MGHImage(labels, affine), path)
    else:
        nib.save(nib.Nifti1Image(labels, affine), path)
    return path


def _write_nrrd(path: Path, labels: np.ndarray, affine: np.ndarray) -> None:
    names = {"lps": "left-posterior-superior", "ras": "right-anterior-superior", "las": "left-anterior-superior"}
    signs = {"lps": (-1, -1, 1), "ras": (1, 1, 1), "las": (-1, 1, 1)}
    space = path.name.split(".")[-2]
    there = np.diag((*signs[space], 1)) @ affine
    header = {"space": names[space], "space directions": there[:3, :3].T, "space origin": there[:3, 3]}
    nrrd.write(str(path), labels, header)


def _ball(path: Path) -> Path:
    labels = (np.linalg.norm(np.indices((40, 40, 40)) - 19.5, axis=0) < 13).astype(np.uint8)
    nib.save(nib.Nifti1Image(labels, np.eye(4)), path)
    return path


def _mapped_by_hand(path: Path) -> np.ndarray:
    """The file's numbers mapped by hand, without the phantom."""
    stored = read_labels(path).labels
    wanted = np.zeros_like(stored)
    for number in np.unique(stored[stored > 0]):
        wanted[stored == number] = label_table("freesurfer")[int(number)]
    return wanted


def test_a_table_of_ones_own_names_ones_own_numbers(tmp_path):
    path, table = tmp_path / "scan.nii.gz", tmp_path / "ours.csv"
    numbers = np.zeros((12, 12, 12), np.int16)
    numbers[2:6, 2:6, 2:6], numbers[7:10, 7:10, 7:10] = 1, 900
    nib.save(nib.Nifti1Image(numbers, np.eye(4)), path)
    table.write_text("source_id,structure,note\n1,liver,ours\n900,spleen,\n")
    scene = Labelmap(file=str(path), labels=str(table))(Streams(1).generator)
    assert {scene.structures[id].name for id in np.unique(scene.labels) if id} == {"liver", "spleen"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source_id,structure\n1,livre\n", r"line 2: .*did you mean 'liver'"),
        ("source_id,structure\n1,liver\nx,spleen\n", "line 3 has no whole number"),
        ("number,name\n1,liver\n", "line 2 has no whole number in 'source_id'"),
        ("source_id,structure\n", "found no row"),
        (None, "cannot be read"),
    ],
)
def test_a_broken_table_is_told_where(tmp_path, text, said):
    table = tmp_path / "ours.csv"
    if text is not None:
        table.write_text(text)
    (tmp_path / "scan.nii.gz").touch()
    with pytest.raises(RecipeError, match=said):
        Labelmap(file=str(tmp_path / "scan.nii.gz"), labels=str(table))
