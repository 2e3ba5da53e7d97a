"""Pictures that are exported show what they say, outlined where it lies, in words that are true."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from exports import CLASSES
from marked import MARKER
from PIL import Image as Picture

from pipelines.words.reading import contradictions, read
from simdata import Dataset
from simdata.structures import structure

NUMPY_2 = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools


@pytest.fixture(scope="module")
def sample(export_dataset):
    return Dataset(export_dataset)[1]


def drawn(path):
    with Picture.open(path) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


@NUMPY_2
def test_coco_has_masks_of_what_is_projected_and_left_is_at_the_right(exported, sample, capsys):
    from pycocotools.coco import COCO

    folder = exported("coco")
    coco = COCO(folder / "annotations.json")
    capsys.readouterr()
    assert [one["name"] for one in coco.loadCats(coco.getCatIds())] == list(CLASSES)
    picture = coco.loadImgs(coco.getImgIds())[1]
    assert picture["file_name"] == "000001_pa.png"
    assert drawn(folder / "images" / picture["file_name"]).shape == (picture["height"], picture["width"])
    shown = {coco.loadCats(one["category_id"])[0]["name"]: one for one in coco.loadAnns(coco.getAnnIds(picture["id"]))}
    for name, one in shown.items():
        mask = coco.annToMask(one)
        true = sample.images["pa"].shadow("nodule_1" if name == "nodule" else name).over((64, 48, 1))[..., 0]
        assert np.array_equal(mask, (true > 0).T[::-1])
        rows, columns = np.nonzero(mask)
        assert one["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        assert one["area"] == mask.sum()
    x, y, _, high = shown[MARKER]["bbox"]
    assert x > 32  # the patient's left
    assert y + high < 24  # the patient's head
    x, _, wide, _ = shown["liver"]["bbox"]
    assert x + wide / 2 < 28


def test_png_labels_show_the_smaller_structure(exported, sample):
    folder = exported("png")
    names = json.loads((folder / "labels.json").read_text())
    labels = drawn(folder / "labels" / "000001_pa.png")
    grey = drawn(folder / "images" / "000001_pa.png")
    assert labels.dtype == np.uint8
    assert labels.shape == (48, 64) == grey.shape
    nodule = (sample.images["pa"].shadow("nodule_1").over((64, 48, 1))[..., 0] > 0).T[::-1]
    assert np.array_equal(labels == names["nodule"], nodule)
    rows, columns = np.nonzero(labels == names[MARKER])
    assert columns.min() > 32
    assert rows.max() < 24


@NUMPY_2
def test_prompts_lie_in_their_masks_and_beside(exported):
    from pycocotools import mask as mask_of

    folder = exported("prompts", settings={"points": 4, "smallest_px": 4})
    files = sorted(folder.glob("*.json"))
    assert any("_ct_" in path.name for path in files)
    for path in files:
        tree = json.loads(path.read_text())
        assert drawn(path.with_suffix(".png")).shape == (tree["image"]["height"], tree["image"]["width"])
        for one in tree["annotations"]:
            mask = mask_of.decode(one["segmentation"])
            points, inside = np.array(one["point_coords"]), np.array(one["point_labels"])
            assert np.array_equal(mask[points[:, 1], points[:, 0]], inside)
            assert inside.sum() == 4
            assert np.array_equal(mask_of.toBbox(one["segmentation"]), one["bbox"])
            assert len(np.unique(points, axis=0)) == len(points)
    slices = [one for path in files if "_ct_" in path.name for one in json.loads(path.read_text())["annotations"]]
    left = next(one for one in slices if one["category"] == MARKER)
    assert left["bbox"][0] > 17  # 34 columns, the patient's left at the right
    assert left["bbox"][1] < 13


def test_captions_tell_who_what_and_where(exported, sample):
    folder = exported("captions")
    lines = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert len(lines) == 9
    (line,) = (one for one in lines if one["file_name"] == "images/000001_t1.png")
    subject, finding = sample.scene.subject, sample.scene.findings[0]
    whom = f"{int(subject.age_y)}-year-old {'woman' if subject.sex == 'female' else 'man'}"
    technique, _, said = line["text"].partition(": ")
    assert technique == f"T1-weighted magnetic resonance image of a {whom}"
    assert contradictions(said, sample.scene.findings, sample.scene.structures) == []
    findings = line["report"].partition("FINDINGS:")[2].partition("IMPRESSION:")[0]
    assert contradictions(findings, sample.scene.findings, sample.scene.structures) == []
    assert line["findings"][0]["axial_diameters_mm"] == pytest.approx(finding.axial_mm, abs=0.05)
    assert line["findings"][0]["volume_ml"] == pytest.approx(finding.volume_mm3 / 1000, rel=0.01)
    for one in lines:
        assert np.ptp(drawn(folder / one["file_name"])) > 100


def test_a_finding_that_an_image_does_not_show_is_not_in_its_caption(sample, tmp_path):
    from pipelines.sinks.captions import Captions

    healthy = np.where(sample.scene.labels == 30001, structure("liver").id, sample.scene.labels)
    blind = replace(sample.images["ct"], labels=healthy.astype(np.uint16))
    lines = Captions(folder=str(tmp_path)).write(1, replace(sample, images={"ct": blind}))
    assert read(lines[0]["text"] + lines[0]["report"], ["nodule"], ["liver"]) == []
    assert re.search(r": (no|nothing) ", lines[0]["text"])
