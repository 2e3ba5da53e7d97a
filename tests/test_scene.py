from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdata import Grid, Motion, Scene, SceneError, structure
from simdata.scene import present_ids
from simdata.tissues import tissues

LIVER, FAT = structure("liver").id, structure("visceral_fat").id


def scene(shape=(6, 7, 8)):
    labels = np.full(shape, FAT, np.uint16)
    labels[2:4, 2:5, 2:5] = LIVER
    return Scene(Grid.regular(shape, 2.0), labels)


def test_tissue_follows_from_the_structures():
    patient = scene()
    assert patient.tissue_names() == ["adipose", "liver"]
    assert (patient.tissue[patient.labels == LIVER] == tissues()["liver"]).all()


def test_field_is_the_table_gathered_by_tissue():
    density = scene().field({"liver": 1.06, "adipose": 0.95})
    assert density.dtype == np.float32
    assert density[2, 2, 2] == np.float32(1.06)
    assert density[0, 0, 0] == np.float32(0.95)


def test_field_refuses_a_table_without_a_tissue_that_occurs():
    with pytest.raises(SceneError, match="no value for adipose"):
        scene().field({"liver": 1.0})


def test_paint_gives_a_new_patient_and_leaves_the_old_one():
    before = scene()
    mask = np.zeros(before.grid.shape, bool)
    mask[0, 0, 0] = True
    after = before.paint(mask, structure("spleen"))
    assert after.labels[0, 0, 0] == structure("spleen").id
    assert after.tissue[0, 0, 0] == tissues()["spleen"]
    assert before.labels[0, 0, 0] == FAT


def test_what_is_painted_has_the_density_of_its_own_tissue():
    thin = np.full((6, 7, 8), 0.6, np.float32)
    mask = np.zeros((6, 7, 8), bool)
    mask[2:4] = True
    fields = {"density": thin, "iodine_mg_ml": thin}
    after = replace(scene(), fields=MappingProxyType(fields)).paint(mask, structure("spleen"))
    assert (after.fields["density"][mask] == 1).all()
    assert (after.fields["density"][~mask] == np.float32(0.6)).all()
    assert (after.fields["iodine_mg_ml"] == thin).all()


def test_paint_names_the_nearest_tissue():
    with pytest.raises(SceneError, match="did you mean 'blood'"):
        scene().paint(np.ones((6, 7, 8), bool), structure("spleen"), tissue="bloood")


def test_mask_holds_a_structure_and_its_parts():
    patient = scene()
    renal = replace(
        patient, labels=np.where(patient.labels == LIVER, structure("kidney_cortex_left").id, FAT).astype(np.uint16)
    )
    assert renal.mask("kidney_left").sum() == (patient.labels == LIVER).sum()
    with pytest.raises(SceneError, match="did you mean 'kidney_left'"):
        renal.mask("kidny_left")


def test_a_label_without_a_structure_is_refused():
    with pytest.raises(SceneError, match=r"labels \[999\] have no entry"):
        Scene(Grid.regular((2, 2, 2)), np.full((2, 2, 2), 999, np.uint16))


def test_arrays_off_the_grid_are_refused():
    with pytest.raises(SceneError, match="not the same"):
        Scene(Grid.regular((2, 2, 3)), np.ones((2, 2, 2), np.uint16))


@given(st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_resampling_onto_turned_axes_keeps_every_voxel(order, flips):
    patient = scene()
    turned_labels = np.transpose(patient.labels, order)
    affine = patient.grid.affine[:, [*order, 3]].copy()
    for axis, flip in enumerate(flips):
        if flip:
            affine[:, 3] += affine[:, axis] * (turned_labels.shape[axis] - 1)
            affine[:, axis] *= -1
            turned_labels = np.flip(turned_labels, axis)
    turned = patient.resample(Grid(turned_labels.shape, affine))
    assert np.array_equal(turned.labels, turned_labels)


def test_crop_keeps_the_block_and_refuses_to_leave_the_grid():
    patient = scene()
    block = patient.crop((2, 2, 2), (2, 3, 3))
    assert (block.labels == LIVER).all()
    assert np.allclose(block.grid.affine[:3, 3], patient.grid.world_mm(np.array([2.0, 2, 2])))
    with pytest.raises(SceneError, match="reaches out"):
        patient.crop((5, 0, 0), (3, 1, 1))


@dataclass(frozen=True)
class Drift(Motion):
    """Moves the whole patient by one voxel a second towards the head."""

    step_mm: float = 2.0

    def displacement(self, grid, t_s):
        pull = np.zeros((3, *grid.shape), np.float32)
        pull[2] = -self.step_mm * t_s
        return pull


def test_at_moves_the_patient_and_rest_leaves_it():
    patient = replace(scene(), motion=Drift())
    assert np.array_equal(patient.at(1.0).labels[:, :, 1:], patient.labels[:, :, :-1])
    assert np.array_equal(patient.at(0.0).labels, patient.labels)


def test_a_still_patient_is_itself_at_any_time():
    patient = scene()
    assert patient.at(3.0) is patient


def test_moving_to_the_cpu_what_lies_there_moves_nothing():
    patient = scene()
    assert patient.to("cpu") is patient


def test_present_ids_are_the_values_that_occur():
    assert present_ids(np.array([[[3, 1], [1, 7]]], np.uint16)) == [1, 3, 7]


def test_a_voxel_of_two_tissues_has_its_share_of_both():
    patient = scene()
    column = {name: float(id) for name, id in tissues().items()}
    second, share = np.zeros_like(patient.tissue), np.zeros_like(patient.tissue)
    second[2, 2, 2], share[2, 2, 2] = tissues()["blood"], 51
    mixed = replace(patient, second=second, share=share)
    own = patient.field(column)
    expected = own[2, 2, 2] + (tissues()["blood"] - own[2, 2, 2]) / 5
    assert mixed.field(column)[2, 2, 2] == pytest.approx(expected)
    assert (mixed.field(column) == own).sum() == own.size - 1
    assert "blood" in mixed.tissue_names()
    where = np.zeros(patient.grid.shape, bool)
    where[2, 2, 2] = True
    assert not mixed.paint(where, structure("spleen")).share.any()
    assert mixed.crop((2, 2, 2), (1, 1, 1)).share.tolist() == [[[51]]]
