"""Structures become closed surfaces, and surfaces become structures again, each at its place and of its size."""

import numpy as np
import pytest
from trimesh import Trimesh, creation, load_mesh

from phantoms.mesh_reader import SUFFIXES
from phantoms.meshes import Meshes, voxelised
from phantoms.surfaces import surface, surface_of, surfaces
from phantoms.voxelise import fill, inside_reference
from pipelines.meshes import FORMATS, write_meshes
from pipelines.recipe import recipe
from simdata import DatasetError, Grid, RecipeError, Scene, SceneError
from simdata.structures import structure

GRID = Grid.regular((50, 44, 56), 2.0, (10.0, -6.0, 4.0))
ADRENAL_VOXEL = (12, 30, 40)


def ball(centre, radii):
    """Where an ellipsoid lies on GRID."""
    return (((GRID.points_mm() - centre) / radii) ** 2).sum(axis=-1) < 1


def thread():
    """Where a spiral as thin as a voxel lies on GRID."""
    turn = np.linspace(0, 10, 2000)
    at = GRID.index(np.stack([10 + 20 * np.cos(turn), -5 + 20 * np.sin(turn), 8 * turn - 40], axis=-1))
    mask = np.zeros(GRID.shape, bool)
    mask[tuple(np.rint(at).astype(int).T)] = True
    return mask


@pytest.fixture(scope="module")
def scene():
    """A trunk cut off by the field of view, with organs, a hollow one, a skin, a thread and one single voxel."""
    labels = np.zeros(GRID.shape, np.uint16)
    layers = {
        "skin": ball((10, -5, 3), (45, 38, 90)),
        "soft_tissue": ball((10, -5, 3), (42.5, 35.5, 87)),
        "stomach": ball((0, -20, 10), (14, 14, 20)),
        "stomach_content": ball((0, -20, 10), (10, 10, 16)),
        "kidney_cortex_left": ball((-12, 12, -20), (11, 9, 16)),
        "liver": ball((30, 0, 15), (18, 20, 25)),
        "ureter_left": thread(),
    }
    for name, mask in layers.items():
        labels[mask] = structure(name).id
    labels[ADRENAL_VOXEL] = structure("adrenal_gland_left").id
    return Scene(GRID, labels)


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def name_of(path):
    return path.name.partition(".")[0]


# --- from voxels to surfaces ----------------------------------------------------------------------------------------


def test_every_structure_is_a_closed_surface_that_faces_outward_and_holds_the_volume_of_its_voxels(scene):
    found = dict(surfaces(scene))
    assert set(found) == {scene.structures[id].name for id in np.unique(scene.labels) if id}
    for name, mesh in found.items():
        assert mesh.is_watertight, name
        assert mesh.is_winding_consistent, name
        voxels = (scene.labels == structure(name).id).sum()
        assert mesh.volume == pytest.approx(voxels * GRID.voxel_mm3, rel=0.002), name


def test_a_structure_is_asked_for_with_its_parts(scene):
    whole = surface(scene, "stomach")
    assert whole.body_count == 1
    assert whole.volume > 1.5 * dict(surfaces(scene))["stomach"].volume
    with pytest.raises(SceneError, match="no voxel of 'spleen'"):
        surface(scene, "spleen")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.55, 0.6, 0.8])
def test_even_noise_has_a_closed_surface(rng, share):
    mask = rng.random((40, 40, 40)) < share
    mesh = surface_of(mask, Grid.regular(mask.shape))
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(mask.sum(), rel=0.01)


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (-1, -1, 1)])
def test_a_surface_lies_where_its_voxels_lie_whichever_way_the_array_runs(signs):
    turn = np.array([(0.8, -0.6, 0), (0.6, 0.8, 0), (0, 0, 1)]) @ np.diag(signs) * (1.5, 2.0, 3.0)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn, (-70, 30, 12)
    mask = np.zeros((20, 18, 16), bool)
    mask[3:16, 4:8, 3:7] = mask[12:16, 4:14, 3:12] = True
    grid = Grid(mask.shape, affine)
    mesh = surface_of(mask, grid)
    assert mesh.volume == pytest.approx(mask.sum() * grid.voxel_mm3, rel=1e-3)
    assert mesh.center_mass == pytest.approx(grid.world_mm(np.argwhere(mask)).mean(axis=0), abs=0.3)


def test_the_surface_of_a_ball_is_smooth():
    grid = Grid.regular((40, 40, 40), 1.0)
    mesh = surface_of(np.linalg.norm(grid.points_mm(), axis=-1) < 15, grid)
    outward = mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 15).max() < 0.25
    assert (outward * mesh.vertex_normals).sum(axis=1).min() > np.cos(np.radians(15))


# --- from surfaces to voxels ----------------------------------------------------------------------------------------


def shifted(mesh, *by):
    return mesh.copy().apply_translation(by)


SHAPES = {
    "box on voxel centres": shifted(creation.box((10, 8, 6)), 12, 9, 8),
    "box between voxel centres": shifted(creation.box((9, 7, 5)), 12, 9, 8),
    "ball": shifted(creation.icosphere(3, 6.7), 11.3, 9.1, 10.2),
    "ball on voxel centres": shifted(creation.icosphere(2, 6), 11, 10, 9),
    "ring": shifted(creation.torus(6, 2.2), 11.5, 10.1, 9.7),
    "reaching out of the grid": shifted(creation.icosphere(3, 9), 1, 19, 4),
    "outside the grid": shifted(creation.icosphere(1, 3), -20, 5, 5),
    "two in one": shifted(creation.icosphere(2, 5), 8, 9, 9) + shifted(creation.icosphere(2, 5), 13, 10, 9),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_voxels_are_filled_as_the_reference_fills_them(shape):
    mesh = SHAPES[shape]
    labels = np.zeros((24, 22, 20), np.uint16)
    count = fill(labels, 7, mesh.vertices, mesh.faces)
    wanted = inside_reference(mesh.vertices, mesh.faces, labels.shape)
    assert np.array_equal(labels, 7 * wanted)
    assert count == wanted.sum()


def test_crumpled_surfaces_on_the_voxel_lattice_are_filled_as_the_reference_fills_them(rng):
    ball = creation.icosphere(2, 8)
    for _ in range(5):
        vertices = np.rint(ball.vertices + rng.normal(0, 2, ball.vertices.shape)) + 10
        labels = np.zeros((21, 21, 21), np.uint16)
        fill(labels, 1, vertices, ball.faces)
        assert np.array_equal(labels, inside_reference(vertices, ball.faces, labels.shape))


def test_a_box_holds_exactly_its_voxels():
    grid = Grid.regular((30, 20, 10), (1.0, 2.0, 3.0))
    labels = voxelised({"liver": creation.box((10, 12, 18))}, grid)
    assert (labels > 0).sum() == 10 * 6 * 6
    assert labels[10:20, 7:13, 2:8].all()


@pytest.mark.parametrize(
    ("mesh", "volume"),
    [
        (creation.icosphere(4, 20), 4 / 3 * np.pi * 20**3),
        (creation.torus(15, 6, major_sections=64, minor_sections=48), 2 * np.pi**2 * 15 * 6**2),
    ],
    ids=["ball", "ring"],
)
def test_volumes_are_those_of_the_formula(mesh, volume):
    grid = Grid.regular((90, 90, 90), 0.5, (0.1, 0.2, 0.05))
    assert (voxelised({"liver": mesh}, grid) > 0).sum() * grid.voxel_mm3 == pytest.approx(volume, rel=0.01)


def test_a_cavity_stays_empty_and_overlapping_parts_stay_full():
    grid = Grid.regular((40, 40, 40), 1.0)
    hollow = creation.icosphere(3, 15) + Trimesh(*_inward(creation.icosphere(3, 8)))
    assert not voxelised({"liver": hollow}, grid)[18:22, 18:22, 18:22].any()
    two = shifted(creation.icosphere(3, 9), -4, 0, 0) + shifted(creation.icosphere(3, 9), 4, 0, 0)
    assert voxelised({"liver": two}, grid)[18:22, 18:22, 18:22].all()


def _inward(mesh):
    return mesh.vertices, mesh.faces[:, ::-1]


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_a_patient_survives_the_way_through_files(scene, tmp_path, rng, format):
    paths = write_meshes(scene, tmp_path / "meshes", format)
    assert sorted(paths) == sorted((tmp_path / "meshes").iterdir())
    again = Meshes(folder=str(tmp_path / "meshes"), voxel_mm=2.0)(rng).resample(GRID)
    for name in map(name_of, paths):
        assert dice(again.mask(name), scene.mask(name)) > 0.95, name
    assert (again.labels == scene.labels).mean() > 0.985


def test_a_file_tells_3d_slicer_which_way_is_left(scene, tmp_path):
    for format in FORMATS:
        path = next(p for p in write_meshes(scene, tmp_path, format) if name_of(p) == "liver")
        assert b"SPACE=RAS" in path.read_bytes()[:300]
        assert load_mesh(path).center_mass[0] == pytest.approx(30, abs=1)


def test_what_cannot_be_written_is_one_clear_error(scene, tmp_path):
    with pytest.raises(RecipeError, match="mesh format 'plyy': did you mean 'ply'"):
        write_meshes(scene, tmp_path / "new", "plyy")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="a path that can be written would do"):
        write_meshes(scene, tmp_path / "file", "stl")


@pytest.fixture
def folder(tmp_path):
    """A user's folder: a liver to the right (x = 40 mm) with a vessel through it, in mm, RAS."""
    shifted(creation.icosphere(3, 25), 40, 0, 0).export(tmp_path / "liver.stl")
    shifted(creation.cylinder(4, 70), 40, 0, 0).export(tmp_path / "portal_vein_and_splenic_vein.off")
    return tmp_path


def patient(folder, **fields):
    return Meshes(folder=str(folder), **fields)(np.random.default_rng(0))


def test_smaller_meshes_lie_on_larger_ones_and_each_at_its_place(folder):
    made = patient(folder, voxel_mm=1.0, margin_mm=3.0)
    liver, vein = made.mask("liver"), made.mask("portal_vein_and_splenic_vein")
    assert made.grid.world_mm(np.argwhere(liver)).mean(axis=0) == pytest.approx((40, 0, 0), abs=0.2)
    assert vein.sum() == pytest.approx(np.pi * 4**2 * 70, rel=0.05)
    assert liver.sum() == pytest.approx(4 / 3 * np.pi * 25**3 - np.pi * 4**2 * 50, rel=0.01)
    assert made.grid.shape == (56, 56, 76)
    assert made.source["files"] == "2"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_read(tmp_path, suffix):
    shifted(creation.box((10, 6, 4)), 7, 0, 0).export(tmp_path / f"spleen{suffix}")
    made = patient(tmp_path, voxel_mm=1.0)
    assert (made.labels > 0).sum() == 240
    assert made.grid.world_mm(np.argwhere(made.labels)).mean(axis=0) == pytest.approx((7, 0, 0))


def test_a_file_of_3d_slicer_lies_where_its_head_says(tmp_path):
    box = shifted(creation.box((10, 6, 4)), 7, 3, 0)
    text = box.export(file_type="obj")
    for head, place in {"SPACE=LPS": (-7, -3, 0), "SPACE=RAS": (7, 3, 0)}.items():
        (tmp_path / "spleen.obj").write_text(f"# {head}\n{text}")
        made = patient(tmp_path, voxel_mm=1.0)
        assert made.grid.world_mm(np.argwhere(made.labels)).mean(axis=0) == pytest.approx(place)
    (tmp_path / "spleen.obj").write_text(text)
    made = patient(tmp_path, voxel_mm=1.0, space="lps")
    assert made.grid.world_mm(np.argwhere(made.labels)).mean(axis=0) == pytest.approx((-7, -3, 0))


def test_the_gaps_between_meshes_can_be_filled(tmp_path):
    for name, x in {"spleen": -30, "liver": 30}.items():
        shifted(creation.box((10, 10, 10)), x, 0, 0).export(tmp_path / f"{name}.ply")
    made = patient(tmp_path, voxel_mm=2.0, background="soft_tissue")
    assert made.mask("soft_tissue").sum() * 8 == 50 * 10 * 10
    assert made.mask("liver").sum() * 8 == 10 * 10 * 10


def test_a_recipe_makes_new_anatomies_of_the_meshes(folder):
    tree = {"kind": "phantoms.meshes.Meshes", "folder": str(folder), "voxel_mm": 2, "space": "ras"}
    bent = recipe({"phantom": tree | {"deformation": {"amplitude_mm": 8}}}).draw(0).phantom
    made = [bent(np.random.default_rng(seed)).labels for seed in (1, 1, 2)]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])
    assert all((labels == structure("liver").id).any() for labels in made)


# --- bad input ------------------------------------------------------------------------------------------------------


def _open(folder):
    whole = creation.icosphere(2, 25)
    Trimesh(whole.vertices, whole.faces[1:], process=False).export(folder / "liver.stl")


def _torn(folder):
    whole = creation.icosphere(2, 25)
    faces = np.vstack([whole.faces[:1, ::-1], whole.faces[1:]])
    Trimesh(whole.vertices, faces, process=False).export(folder / "liver.ply")


def _cut_short(folder, suffix):
    path = folder / f"liver{suffix}"
    creation.icosphere(2, 25).export(path)
    path.write_bytes(path.read_bytes()[:3000])


def _in_metres(folder):
    creation.icosphere(2, 0.12).export(folder / "liver.stl")


BAD = {
    "an empty folder": (lambda f: None, r"found no mesh in it; files ending in \.stl, \.obj"),
    "an unknown name": (lambda f: creation.box((9, 9, 9)).export(f / "livr.stl"), "'livr'; did you mean 'liver'"),
    "an empty file": (lambda f: (f / "liver.stl").write_bytes(b""), r"liver\.stl: the file is empty \(0 bytes\)"),
    "no STL": (lambda f: (f / "liver.stl").write_bytes(b"\x07" * 400), r"liver\.stl: found no triangle"),
    "no PLY": (lambda f: (f / "liver.ply").write_bytes(b"ply\nformat x\n"), r"liver\.ply: not a whole PLY file"),
    "half an STL": (lambda f: _cut_short(f, ".stl"), r"liver\.stl: (not a whole STL file|found no triangle)"),
    "half a PLY": (lambda f: _cut_short(f, ".ply"), r"liver\.ply: not a whole PLY file"),
    "half an OBJ": (lambda f: _cut_short(f, ".obj"), r"liver\.obj: "),
    "half an OFF": (lambda f: _cut_short(f, ".off"), r"liver\.off: "),
    "half a GLB": (lambda f: _cut_short(f, ".glb"), r"liver\.glb: not a whole GLB file"),
    "no triangles": (lambda f: (f / "liver.obj").write_text("v 0 0 0\n"), r"liver\.obj: .*a (surface|whole copy)"),
    "a hole": (_open, r"liver\.stl: found 3 open edges of 480.*fill_holes"),
    "a flipped triangle": (_torn, r"liver\.ply: found 3 edges of 480 whose triangles face opposite ways"),
    "metres": (_in_metres, r"0\.24 mm long.* a scale of 1000 would do for files in metres"),
    "micrometres": (
        lambda f: creation.box((1e5, 9, 9)).export(f / "liver.stl"),
        r"1e\+05 mm long.* 0\.001 for micrometres",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_folder_that_is_no_patient_is_one_clear_error(tmp_path, what):
    make, message = BAD[what]
    make(tmp_path)
    with pytest.raises(SceneError, match=message):
        patient(tmp_path)


def test_more_voxels_than_fit_are_refused(folder):
    with pytest.raises(SceneError, match=r"voxels of 0\.05 mm would be .* more than 1073741824; a voxel_mm of 0\.0"):
        patient(folder, voxel_mm=0.05)


def test_every_faulty_file_is_told_in_one_error(tmp_path):
    _open(tmp_path)
    (tmp_path / "spleen.stl").write_bytes(b"")
    with pytest.raises(SceneError, match=r"liver\.stl: found 3 open edges.*\n.*spleen\.stl: the file is empty"):
        patient(tmp_path)


def test_two_files_for_one_structure_are_refused(folder):
    creation.box((9, 9, 9)).export(folder / "liver.ply")
    with pytest.raises(SceneError, match=r"liver\.stl: found liver\.ply beside it"):
        patient(folder)


def test_a_mesh_that_is_thinner_than_the_voxels_is_told(folder):
    shifted(creation.box((30, 0.1, 0.1)), 40, 20.05, 5.1).export(folder / "spleen.stl")
    with pytest.raises(SceneError, match="spleen: so thin that no voxel of 2 mm has its centre inside"):
        patient(folder, voxel_mm=2.0)


def test_a_wrong_field_ends_a_run_before_it_starts(folder, tmp_path):
    with pytest.raises(RecipeError, match="nosuch: cannot be listed"):
        recipe({"phantom": {"kind": "phantoms.meshes.Meshes", "folder": str(tmp_path / "nosuch")}})
    with pytest.raises(RecipeError, match=r"Meshes\.background: .*'fatt'"):
        Meshes(folder=str(folder), background="fatt")
