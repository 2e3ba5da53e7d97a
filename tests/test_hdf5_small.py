"""The quick way to write small things to HDF5 leaves what h5py's own way leaves."""

import io

import h5py
import numpy as np
import pytest

from simdata.hdf5_small import put_array, put_attribute, put_text


@pytest.fixture
def group():
    with h5py.File(io.BytesIO(), "w") as file:
        yield file.create_group("sample")


@pytest.mark.parametrize("text", ["", "plain", "größer als 3 µm", '{"a": [1, 2]}', "x" * 100_000])
def test_text_is_as_h5py_writes_it(group, text):
    put_text(group, "truth/quick", text)
    group["truth/own"] = text
    put_attribute(group, "quick", text)
    assert group["truth/quick"].asstr()[()] == group["truth/own"].asstr()[()] == group.attrs["quick"] == text
    assert h5py.check_string_dtype(group["truth/quick"].dtype).encoding == "utf-8"


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8", ">f4", "?"])
@pytest.mark.parametrize("shape", [(0, 3), (1,), (4, 5, 2)])
def test_an_array_is_as_h5py_writes_it(group, dtype, shape):
    array = np.ascontiguousarray(np.arange(np.prod(shape)).reshape(shape).astype(dtype))
    put_array(group, "fields/quick", array)
    put_attribute(group, "quick", array)
    own = group.create_dataset("fields/own", data=array)
    for found in (group["fields/quick"], group.attrs["quick"]):
        assert found.dtype == own.dtype
        assert np.array_equal(found[()], array)


@pytest.mark.parametrize("number", [np.int64(-3), np.uint64(2**63)])
def test_a_number_is_as_h5py_writes_it(group, number):
    put_attribute(group, "quick", number)
    assert group.attrs["quick"] == number
    assert type(group.attrs["quick"]) is type(number)


def test_equal_content_has_equal_bytes():
    def written():
        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            put_text(file, "a/b", "text")
            put_attribute(put_array(file, "c", np.arange(9.0)), "unit", "HU")
        return memory.getvalue()

    assert written() == written()
