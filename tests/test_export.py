"""Exports read by the tools they are for, except those on torch; and what may go wrong on the way."""

import json
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import h5py
import nibabel
import numpy as np
import pytest
from exports import CLASSES, lies_where_it_did, lps_to_ras, numbered
from marked import MARKER, MARKER_MM

from pipelines.build import describe
from pipelines.export import FORMS, export, setting
from pipelines.sinks.classes import chosen, label_sets, lineage, occurring, relabel
from pipelines.sinks.coco import Coco
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.nifti import Nifti
from pipelines.sinks.nnunet import NnUNet
from pipelines.sinks.ome_zarr import OmeZarr
from pipelines.sinks.prompts import Prompts
from pipelines.sinks.scans import MODALITIES
from render.mr_gradient_echo import SpoiledGradientEcho
from render.mr_mprage import MPRAGE
from simdata import Dataset, Grid, Image, Scanner, Scene
from simdata.errors import DatasetError, RecipeError
from simdata.structures import structure

NUMPY_2 = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools


@pytest.fixture(scope="module")
def sample(export_dataset):
    return Dataset(export_dataset)[1]


def tool(*command):
    """What a consumer's program says; it must be content."""
    program = Path(sys.executable).with_name(str(command[0]))
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


# What labels tell apart


def test_a_voxel_belongs_to_the_nearest_name_that_was_chosen(sample):
    scene = sample.scene
    assert lineage(30001, scene)[:3] == ("nodule", "finding", "liver")
    liver, nodule = scene.mask("liver"), scene.labels == 30001
    assert nodule.any()
    assert np.array_equal(relabel(scene.labels, scene, ["liver"]) == 1, liver)
    for names in (["liver", "nodule"], ["nodule", "liver"], ["finding", "liver"]):
        numbers = relabel(scene.labels, scene, names)
        assert np.array_equal(numbers == 1 + names.index("liver"), liver & ~nodule)
        assert np.array_equal(numbers == 2 - names.index("liver"), nodule)
    assert relabel(scene.labels, scene, ()) is scene.labels
    assert relabel(scene.labels, scene, [f"name_{n}" for n in range(300)]).dtype == np.uint16


def test_choices_of_labels_are_sets_names_or_what_occurs(export_dataset):
    dataset = Dataset(export_dataset)
    assert chosen("all", dataset, NnUNet) == CLASSES
    assert chosen("all", dataset, Nifti) == ()
    assert len(chosen("totalsegmentator", dataset, Nifti)) == 117
    assert label_sets()["totalsegmentator"][4] == label_sets()["organs"][4] == "liver"
    assert chosen("nodule, liver", dataset, Nifti) == ("nodule", "liver")
    assert chosen("organs,finding", dataset, Nifti) == (*label_sets()["organs"], "finding")
    with pytest.raises(RecipeError, match="--labels livver: nothing is called so; did you mean 'liver'"):
        chosen("nodule,livver", dataset, Nifti)


def test_what_occurs_in_a_picture_is_what_it_was_asked_to_cast(sample):
    cast = {name: sample.images["pa"].shadow(name) for name in ("liver", "nodule_1")}
    fewer = replace(sample, images={"pa": replace(sample.images["pa"], shadows=cast)})
    assert occurring([fewer], Coco.shows) == ("liver", "nodule")
    assert occurring([fewer], Prompts.shows) == CLASSES


# What may go wrong


def test_a_form_that_is_not_there_is_told_with_the_nearest(export_dataset, tmp_path):
    with pytest.raises(RecipeError, match="--to dicon: did you mean 'dicom'"):
        export(export_dataset, "dicon", tmp_path / "x")
    with pytest.raises(RecipeError, match="NnUNet has no 'datset_id'; did you mean 'dataset_id'"):
        export(export_dataset, "nnunet", tmp_path / "x", settings={"datset_id": 2})
    with pytest.raises(RecipeError, match="no '=' found"):
        setting("dataset_id")
    with pytest.raises(RecipeError, match=r"title is '\.\./up'; letters"):
        export(export_dataset, "nnunet", tmp_path / "x", settings={"title": "../up"})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("form", "images", "said"),
    [
        ("nnunet", ["pa"], "image 'pa' is a picture of one plane"),
        ("nnunet", ["ctt"], "no image is called 'ctt'; did you mean 'ct'"),
        ("coco", ["ct"], "image 'ct' is a volume"),
        ("fastmri", ["ct"], "'ct' is no magnetic resonance image"),
    ],
)
def test_a_sample_without_what_the_form_needs_leaves_nothing_behind(form, images, said, export_dataset, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(DatasetError, match=rf"sample 0: {said}"):
        export(export_dataset, form, tmp_path / "out", images=images)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not list((tmp_path / "out").iterdir())


def test_an_export_that_breaks_half_way_leaves_nothing_behind(export_dataset, tmp_path, monkeypatch):
    writes = []

    def full(self, name, content):
        writes.append(name)
        if len(writes) > 5:
            raise OSError(28, "No space left on device")
        (Path(self.folder) / name).write_bytes(content)

    monkeypatch.setattr(FolderSink, "put", full)
    with pytest.raises(DatasetError, match="No space left on device"):
        export(export_dataset, "nifti", tmp_path / "out")
    assert len(writes) == 6
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_and_a_file_in_the_way_are_refused(export_dataset, tmp_path):
    (tmp_path / "out.part").mkdir()
    with pytest.raises(DatasetError, match=r"out.part: another export is writing here, or was cut off"):
        export(export_dataset, "nifti", tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="holds files already"):
        export(export_dataset, "nifti", tmp_path / "file")
    assert (tmp_path / "out.part").exists()


def test_a_missing_package_is_told_before_anything_is_read(export_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.export.find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r"pydicom is not installed; pip install 'simdata\[export\]' would do"):
        export(export_dataset, "dicom", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_images_on_different_voxels_are_no_channels_of_one(sample, tmp_path):
    shifted = replace(sample.images["t1"], grid=Grid.regular(sample.scene.grid.shape, 4.0))
    odd = replace(sample, images=MappingProxyType({"ct": sample.images["ct"], "t1": shifted}))
    with pytest.raises(DatasetError, match="images 'ct' and 't1' lie on different voxels; --images ct would do"):
        NnUNet(folder=str(tmp_path), labels=CLASSES).write(1, odd)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_writes_the_same_bytes_again(form, exported, export_dataset, tmp_path):
    first, second = exported(form), tmp_path / "again"
    export(export_dataset, form, second)
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert len(names) >= 3 or form == "webdataset"
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


# Volumes


def test_nifti_numbers_chosen_labels(exported, sample):
    folder = exported("nifti", labels="liver,nodule", images=["ct"])
    labels = nibabel.load(folder / "000001_labels.nii.gz")
    lies_where_it_did(
        np.asarray(labels.dataobj), labels.affine, numbered(sample, ["liver", "nodule"]), sample.scene.grid
    )
    assert json.loads((folder / "labels.json").read_text()) == {"liver": 1, "nodule": 2}
    assert not list(folder.glob("*t1*"))


def test_the_bids_validator_finds_no_error_in_raw_data_or_labels(exported, sample):
    folder = exported("bids")
    for place in (folder, folder / "derivatives" / "simdata"):
        code, said = tool("bids-validator-deno", place, "--format", "json")
        issues = json.loads(said)["issues"]["issues"]
        assert [issue for issue in issues if issue["severity"] == "error"] == []
        assert code == 0
    stem = "sub-000001/anat/sub-000001_acq-t1"
    image = nibabel.load(folder / f"{stem}_T1w.nii.gz")
    labels = nibabel.load(folder / "derivatives/simdata" / f"{stem}_desc-truth_dseg.nii.gz")
    lies_where_it_did(np.asarray(image.dataobj), image.affine, sample.images["t1"].array, sample.scene.grid)
    lies_where_it_did(np.asarray(labels.dataobj), labels.affine, sample.scene.labels, sample.scene.grid)
    table = (folder / "derivatives/simdata" / f"{stem}_desc-truth_dseg.tsv").read_text()
    assert f"{structure(MARKER).id}\t{MARKER}\t#" in table
    sidecar = json.loads((folder / f"{stem}_T1w.json").read_text())
    assert (sidecar["EchoTime"], sidecar["RepetitionTimeExcitation"]) == (0.012, 0.55)
    (folder / "sub-000001/anat/sub-000001_acq-t1_T3w.nii.gz").touch()
    assert tool("bids-validator-deno", folder)[0] != 0


def test_a_dicom_series_lies_where_it_did_and_is_synthetic(exported, sample):
    import pydicom

    folder = exported("dicom") / "000001"
    for name, meaning in (("ct", _rescaled), ("t1", _real_world)):
        slices = [pydicom.dcmread(path) for path in sorted((folder / name).iterdir())]
        array = np.stack([meaning(one).T for one in slices], axis=2)
        affine = lps_to_ras(_affine(slices))
        atol = 0 if name == "ct" else sample.images["t1"].array.max() / 8000
        lies_where_it_did(array, affine, sample.images[name].array, sample.scene.grid, atol)
        assert {one.SyntheticData for one in slices} == {"YES"}
        assert len({one.SOPInstanceUID for one in slices}) == len(slices)
        assert slices[0].StudyInstanceUID.startswith("2.25.")
        assert np.allclose([float(x) for x in slices[0].ImageOrientationPatient], [1, 0, 0, 0, 1, 0])
    assert slices[0].PatientSex == {"female": "F", "male": "M"}[sample.scene.subject.sex]


def test_a_dicom_segmentation_names_its_segments_and_lies_on_its_series(exported, sample):
    from highdicom.seg import segread

    folder = exported("dicom") / "000001"
    labels = segread(folder / "ct_structures.dcm")
    volume = labels.get_volume(combine_segments=True)
    order = [labels.get_segment_description(n) for n in labels.segment_numbers]
    assert [one.segment_label for one in order] == ["liver", MARKER, "visceral_fat", "nodule_1"]
    assert order[1].segmented_property_type.value == structure(MARKER).snomed
    side = order[1].SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0]
    assert (side.CodeValue, side.CodeMeaning) == ("7771000", "Left")
    assert order[3].segmented_property_category.value == "49755003"
    lies_where_it_did(volume.array, lps_to_ras(volume.affine), numbered(sample), sample.scene.grid)
    slices = {ref.ReferencedSOPInstanceUID for ref in labels.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert len(slices) == sample.scene.grid.shape[2]


def test_dcm2niix_makes_of_dicom_what_it_was_made_of(exported, sample, tmp_path):
    folder = exported("dicom", images=["ct"]) / "000001" / "ct"
    code, said = tool("dcm2niix", "-f", "ct", "-o", tmp_path, folder)
    assert code == 0, said
    (path,) = tmp_path.glob("ct*.nii")
    read = nibabel.load(path)
    lies_where_it_did(np.asarray(read.dataobj), read.affine, sample.images["ct"].array, sample.scene.grid)


def test_dciodvfy_finds_no_error_in_any_dicom_object(exported, sample, tmp_path):
    from pipelines.sinks.dicom import Dicom

    folder = exported("dicom") / "000001"
    kinds = {
        "ct/0001.dcm": "CTImage",
        "t1/0020.dcm": "MRImage",
        "pa.dcm": "DXImageForPresentation",
        "ct_structures.dcm": "Segmentation",
        "t1_structures.dcm": "Segmentation",
    }
    for name, kind in kinds.items():
        assert kind in found_sound(folder / name)

    Dicom(folder=str(tmp_path)).write(1, of_breast_and_heart(sample))
    assert "MammographyImageForPresentation" in found_sound(tmp_path / "000001" / "mg.dcm")
    assert "XAImage" in found_sound(tmp_path / "000001" / "run.dcm")


def of_breast_and_heart(sample):
    """The picture of a sample as if a mammogram of the left breast, and as a run of frames in floats."""
    pa = sample.images["pa"]
    run = replace(pa, array=np.stack([pa.array - 100.0, pa.array + 0.5]).astype(np.float32), shadows={})
    stand = {
        "source_to_detector_mm": 1100.0,
        "patient_to_detector_mm": 350.0,
        "primary_deg": -30.0,
        "secondary_deg": 20.0,
    }
    scans = [
        {
            "kind": "render.mammography.Mammography",
            "name": "mg",
            "kvp": 29.0,
            "stand": {"source_to_detector_mm": 650.0},
        },
        {"kind": "render.angiography.Angiography", "name": "run", "kvp": 75.0, "frames_per_s": 4.0, "stand": stand},
    ]
    recipe = {"phantom": {"kind": "phantoms.breast.breast.Breast", "side": "left", "view": "MLO"}, "scan": scans}
    return replace(sample, images={"mg": pa, "run": run}, recipe=recipe)


def found_sound(path):
    """What dciodvfy calls the object, once it has found no error in it."""
    program = shutil.which("dciodvfy") or shutil.which("dciodvfy", path=Path(sys.executable).parent)
    if program is None:
        pytest.skip("no dciodvfy here; Debian has it as dicom3tools")
    done = subprocess.run([program, "-new", path], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    errors = [line for line in lines if line.startswith(("Error", "Abort"))]
    assert [line for line in errors if "(0008,001c)" not in line] == []  # Synthetic Data is younger than dciodvfy
    return lines


def test_a_mammogram_and_a_run_say_how_they_were_taken(sample, tmp_path):
    import pydicom

    from pipelines.sinks.dicom import Dicom

    Dicom(folder=str(tmp_path)).write(1, of_breast_and_heart(sample))
    breast, run = (pydicom.dcmread(tmp_path / "000001" / f"{name}.dcm") for name in ("mg", "run"))
    assert (breast.ImageLaterality, breast.ViewCodeSequence[0].CodeMeaning) == ("L", "medio-lateral oblique")
    assert list(breast.PatientOrientation) == ["L", "F"]
    assert np.array_equal(breast.pixel_array, sample.images["pa"].array[..., 0].T[::-1])
    assert (run.NumberOfFrames, float(run.FrameTime), float(run.PositionerPrimaryAngle)) == (2, 250, -30)
    assert run.pixel_array.shape == (2, 48, 64)
    assert (run.pixel_array.min(), run.pixel_array.max()) == (0, 4095)


def by_gradient_echoes(sample):
    """The magnetic resonance image of a sample as if by an inversion and gradient echoes, and by those alone."""
    parts = {"mprage": MPRAGE(), "flash": SpoiledGradientEcho(), "pd": SpoiledGradientEcho(flip_degrees=4.0)}
    recipe = {**sample.recipe, "scan": [{**describe(part), "name": name} for name, part in parts.items()]}
    return replace(sample, images=dict.fromkeys(parts, sample.images["t1"]), recipe=recipe)


def test_every_sequence_of_magnetic_resonance_is_told_as_others_call_it(sample, tmp_path):
    import pydicom

    from pipelines.sinks.bids import Bids
    from pipelines.sinks.dicom import Dicom

    made = by_gradient_echoes(sample)
    Dicom(folder=str(tmp_path)).write(1, made)
    one, other = (pydicom.dcmread(tmp_path / "000001" / name / "0001.dcm") for name in ("mprage", "flash"))
    assert (list(one.ScanningSequence), one.SequenceVariant, float(one.InversionTime)) == (["GR", "IR"], "MP", 900)
    assert (other.ScanningSequence, other.SequenceVariant, float(other.FlipAngle)) == ("GR", "SP", 25)
    Bids(folder=str(tmp_path)).write(1, made)
    anat = tmp_path / "sub-000001" / "anat"
    assert sorted(path.name.split("_")[-1] for path in anat.glob("*.json")) == ["PDw.json", "T1w.json", "T1w.json"]
    told = json.loads((anat / "sub-000001_acq-mprage_T1w.json").read_text())
    assert (told["PulseSequenceType"], told["InversionTime"], told["RepetitionTimePreparation"]) == ("MPRAGE", 0.9, 2.3)
    for name in ("mprage", "flash"):
        assert "MRImage" in found_sound(tmp_path / "000001" / name / "0001.dcm")


def test_every_scanner_that_ships_has_its_word_or_is_known_to_have_none():
    from pipelines.catalogue import installed_parts

    scanners = {path for path, part in installed_parts(()).items() if issubclass(part, Scanner)}
    without = {"render.fundus.Fundus", "render.octa.OCTA", "render.oct_scan.OCT"}
    assert set(MODALITIES) == scanners - without


def test_ome_zarr_is_valid_and_lies_where_it_did(exported, sample):
    import ome_zarr_models.v05
    import zarr

    folder = exported("zarr") / "000001_ct.ome.zarr"
    group = zarr.open_group(folder, mode="r")
    lies_where_it_did(group["0"][:].T, _zarr_affine(group, 0), sample.images["ct"].array, sample.scene.grid)
    labels = group["labels/structures"]
    lies_where_it_did(labels["0"][:].T, _zarr_affine(labels, 0), sample.scene.labels, sample.scene.grid)
    names = {one["label-value"]: one["name"] for one in labels.attrs["ome"]["image-label"]["properties"]}
    assert names[structure(MARKER).id] == MARKER
    ome_zarr_models.v05.Image.from_zarr(group)
    ome_zarr_models.v05.ImageLabel.from_zarr(labels)


def test_the_levels_of_a_pyramid_keep_places_and_means(sample, tmp_path):
    import zarr

    grid = Grid.regular((130, 40, 66), (1.0, 2.0, 3.0), (5.0, 6.0, 7.0))
    ramp = grid.points_mm().sum(axis=-1).astype(np.float32)
    scene = Scene(grid, np.full(grid.shape, structure("liver").id, np.uint16))
    OmeZarr(folder=str(tmp_path)).write(0, replace(sample, scene=scene, images={"ramp": Image(ramp, "mm", grid)}))
    group = zarr.open_group(tmp_path / "000000_ramp.ome.zarr", mode="r")
    assert sorted(group.array_keys()) == ["0", "1", "2"]
    for level in (0, 1, 2):
        array, affine = group[str(level)][:].T, _zarr_affine(group, level)
        index = np.indices(array.shape)[:, :-1, :-1, :-1].reshape(3, -1)
        place = affine[:3, :3] @ index + affine[:3, 3:]
        np.testing.assert_allclose(array[:-1, :-1, :-1].ravel(), place.sum(axis=0), atol=1e-3)


def test_askew_voxels_are_refused_where_a_form_cannot_say_them(sample, tmp_path):
    turn = np.eye(4)
    turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    grid = Grid(sample.scene.grid.shape, turn @ sample.scene.grid.affine)
    askew = replace(
        sample, scene=replace(sample.scene, grid=grid), images={"ct": replace(sample.images["ct"], grid=grid)}
    )
    with pytest.raises(DatasetError, match="askew"):
        OmeZarr(folder=str(tmp_path)).write(1, askew)
    import pydicom

    from pipelines.sinks.dicom import Dicom

    Dicom(folder=str(tmp_path)).write(1, askew)
    slices = [pydicom.dcmread(path) for path in sorted((tmp_path / "000001" / "ct").iterdir())]
    array = np.stack([_rescaled(one).T for one in slices], axis=2)
    lies_where_it_did(array, lps_to_ras(_affine(slices)), sample.images["ct"].array, grid)


def test_fastmri_files_say_where_their_kspace_comes_from(exported, sample):
    folder = exported("fastmri")
    with h5py.File(folder / "000001_t1.h5") as file:
        assert "Fourier transform of each slice of the magnitude image" in file.attrs["kspace_source"]
        assert file.attrs["acquisition"] == "AXT1"
        image = np.abs(
            np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(file["kspace"][()], axes=(1, 2)), norm="ortho"), axes=(1, 2))
        )
        np.testing.assert_allclose(image, file["reconstruction_esc"][()], atol=1e-5)
        assert file.attrs["max"] == pytest.approx(sample.images["t1"].array.max())


def test_webdataset_gives_samples_back(exported, sample):
    import webdataset

    folder = exported("webdataset", settings={"samples_per_tar": 2})
    tars = sorted(str(path) for path in folder.glob("*.tar"))
    assert [Path(name).name for name in tars] == ["000000.tar", "000002.tar"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = {one["__key__"]: one for one in webdataset.WebDataset(tars, shardshuffle=False)}
    assert sorted(read) == ["000000", "000001", "000002"]
    import gzip

    ct = nibabel.Nifti1Image.from_bytes(gzip.decompress(read["000001"]["ct.nii.gz"]))
    lies_where_it_did(np.asarray(ct.dataobj), ct.affine, sample.images["ct"].array, sample.scene.grid)
    assert json.loads(read["000001"]["json"])["findings"][0]["kind"] == "nodule"


def test_mlcroissant_reads_the_table_of_patients(exported, export_dataset, sample):
    folder = exported("croissant", settings={"licence": "CC0-1.0", "url": "https://a.org"})
    code, said = tool("mlcroissant", "validate", "--jsonld", folder / "croissant.json")
    assert code == 0, said
    script = (
        "import mlcroissant, sys, json\n"
        "records = mlcroissant.Dataset(jsonld=sys.argv[1]).records('samples')\n"
        "plain = lambda value: value.decode() if isinstance(value, bytes) else value\n"
        "print(json.dumps([{name: plain(value) for name, value in one.items()} for one in records]))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", script, folder / "croissant.json"]
    read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [one["samples/index"] for one in read] == [0, 1, 2]
    assert read[1]["samples/sha256"] == Dataset(export_dataset).receipts[1].sha256
    assert read[1]["samples/age_y"] == pytest.approx(sample.scene.subject.age_y)
    assert (folder / read[1]["samples/ct"]).exists()
    (folder / "croissant.json").write_text(
        (folder / "croissant.json").read_text().replace('"column": "sex"', '"colum": "sex"')
    )
    assert tool("mlcroissant", "validate", "--jsonld", folder / "croissant.json")[0] != 0


def test_the_marker_is_where_the_patient_says(sample):
    place = sample.scene.grid.world_mm(np.argwhere(sample.scene.mask(MARKER))).mean(axis=0)
    assert np.allclose(place, MARKER_MM)


def _rescaled(one):
    return one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept)


def _real_world(one):
    mapping = one.RealWorldValueMappingSequence[0]
    return one.pixel_array * mapping.RealWorldValueSlope + mapping.RealWorldValueIntercept


def _affine(slices):
    """Columns, rows and slices to LPS+ mm. PS3.3 C.7.6.2.1.1."""
    first, last = (np.array(one.ImagePositionPatient, float) for one in (slices[0], slices[-1]))
    along = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    high, wide = (float(mm) for mm in slices[0].PixelSpacing)
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([along[0] * wide, along[1] * high, (last - first) / (len(slices) - 1)])
    affine[:3, 3] = first
    return affine


def _zarr_affine(group, level):
    """Index (x, y, z) to mm, of scale and translation along z, y, x."""
    scale, shift = group.attrs["ome"]["multiscales"][0]["datasets"][level]["coordinateTransformations"]
    affine = np.diag([*scale["scale"][::-1], 1.0])
    affine[:3, 3] = shift["translation"][::-1]
    return affine
