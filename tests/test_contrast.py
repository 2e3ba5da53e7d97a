"""Contrast agent enhances what it should, when it should."""

import pkgutil
from importlib import import_module

import numpy as np
import pytest

from phantoms import contrast, lesions
from phantoms.contrast import FIELD, ContrastAgent, table
from simdata import Finding, Grid, Scene, Streams, Structure, structure
from simdata.structures import FIRST_FINDING_ID, structures
from simdata.tissues import tissues

NAMES = ("aorta", "inferior_vena_cava", "liver", "spleen", "kidney_cortex_left", "vertebrae_L3", "skeletal_muscle")


def strip():
    """One voxel of each structure, and one of fat."""
    labels = np.array([structure(name).id for name in (*NAMES, "visceral_fat")], np.uint16).reshape(-1, 1, 1)
    return Scene(Grid.regular(labels.shape, 2.0), labels)


def iodine(phase, dose=1.0, seed=1):
    grown = ContrastAgent(phase=phase, dose=dose)(strip(), Streams(seed).generator)
    return dict(zip((*NAMES, "visceral_fat"), grown.fields[FIELD].ravel().tolist(), strict=True))


def test_arteries_come_first_then_the_liver():
    arterial, portal, delayed = (iodine(phase) for phase in ("arterial", "portal", "delayed"))
    assert arterial["aorta"] > 1.5 * portal["aorta"] > 1.5 * delayed["aorta"] * 0.9
    assert portal["liver"] > 2 * arterial["liver"]
    assert arterial["inferior_vena_cava"] < 0.3 * portal["inferior_vena_cava"]
    assert portal["visceral_fat"] == 0


def test_a_finer_structure_takes_the_row_of_its_tissue_or_parent():
    portal = iodine("portal")
    assert portal["kidney_cortex_left"] / portal["liver"] == pytest.approx(
        table("portal")["kidney_cortex"] / table("portal")["liver"]
    )


def test_dose_scales_and_people_differ():
    assert iodine("portal", 0.5)["liver"] == pytest.approx(iodine("portal", 1.0)["liver"] / 2, rel=1e-5)
    assert iodine("portal", 0.0)["aorta"] == 0
    found = [iodine("portal", seed=seed)["aorta"] for seed in range(40)]
    assert 0.05 < np.std(found) / np.mean(found) < 0.2


def test_a_wall_takes_its_own_row_and_not_its_organs():
    patient = strip()
    tissue = patient.tissue.copy()
    tissue[0] = tissues()["connective"]
    walled = Scene(patient.grid, patient.labels, tissue)
    field = ContrastAgent(phase="arterial")(walled, Streams(1).generator).fields[FIELD]
    assert field[0, 0, 0] < 0.1 * iodine("arterial")["aorta"]


def test_every_row_names_a_structure_a_tissue_or_a_kind_of_lesion():
    kinds = set()
    for module in pkgutil.iter_modules(lesions.__path__, "phantoms.lesions."):
        kind = getattr(import_module(module.name), "KIND", None)
        kinds |= {kind.name.replace(" ", "_")} if kind else set()
    assert len(kinds) > 25
    for phase in ("arterial", "portal", "delayed"):
        for name in table(phase):
            kind, _, tissue = name.partition("/")
            assert kind in kinds if tissue or kind in kinds else kind in tissues() or structure(kind)
            assert not tissue or tissue in tissues()


def test_a_tumour_takes_the_row_of_its_tissue_and_blood_in_an_aorta_that_of_the_aorta(monkeypatch):
    def patient_with(kind: str, host: str, tissue: str) -> float:
        parent = structure(host)
        own = Structure(FIRST_FINDING_ID, "one_1", parent.id, tissue, "", "", "One", (1, 1, 1))
        labels = np.full((8, 8, 8), FIRST_FINDING_ID, np.uint16)
        found = Finding(kind, host, own.id, (0, 0, 0), (8, 8, 8), 512.0, "one")
        scene = Scene(Grid.regular((8, 8, 8), 1.0), labels, structures={**structures(), own.id: own}, findings=(found,))
        return float(ContrastAgent(phase="arterial")(scene, Streams(1).generator).fields[FIELD][0, 0, 0])

    amounts = table("arterial")
    person = patient_with("nodule", "liver", "tumour") / amounts["tumour"]
    assert 0.6 < person < 1.6
    assert patient_with("aneurysm", "aorta", "blood") == pytest.approx(person * amounts["aorta"])
    monkeypatch.setattr(contrast, "table", lambda phase: {**amounts, "haemangioma": 5.0})
    assert patient_with("haemangioma", "liver", "tumour") == pytest.approx(person * 5.0)
