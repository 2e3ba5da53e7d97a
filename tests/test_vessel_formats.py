"""Vessels survive every format, and a broken file is one error with the place."""

import re
from base64 import b64encode
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdata import SceneError, Vessels, vessel_tree
from vascular.formats import MODULES, decode, encode, load, save, vtp

ENDINGS = sorted(MODULES)


def net(seed, n=40):
    rng = np.random.default_rng(seed)
    parent = np.array([-1, *(rng.integers(max(-1, i - 6), i) for i in range(1, n))])
    shuffled = rng.permutation(n)
    parent = np.where(parent < 0, -1, shuffled[parent])[np.argsort(shuffled)]

    def some(count, scale):
        return np.where(rng.random(count) < 0.2, np.nan, scale * rng.lognormal(0, 3, count))

    links = rng.integers(0, n, (5, 2))
    links = links[links[:, 0] != links[:, 1]]
    return vessel_tree(
        rng.normal(scale=50, size=(n, 3)), parent, rng.lognormal(-3, 2, n), rng.integers(0, 5, n),
        some(n, -1), some(n, 10), some(n, 0.01), some(n, 1), links, some(len(links), 1), some(len(links), 0.1),
    )  # fmt: skip


def line():
    return vessel_tree(np.array([(0, 0, 0), (0, 0, 1), (0, 1, 2)]), np.array([-1, 0, 1]), np.array([3, 2, 1]))


def assert_same(a, b):
    for column in fields(Vessels):
        one, other = getattr(a, column.name), getattr(b, column.name)
        assert one.dtype == other.dtype, column.name
        assert np.array_equal(one, other, equal_nan=True), column.name


@pytest.mark.parametrize("ending", ENDINGS)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60))
def test_nothing_is_lost_on_the_way_out_and_back(ending, seed, n):
    vessels = net(seed, n)
    assert_same(decode(encode(vessels, f"tree{ending}"), f"tree{ending}"), vessels)


def test_ascii_vtp_loses_nothing_either():
    assert_same(vtp.decode(vtp.encode_ascii(net(3)), "tree.vtp"), net(3))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_is_saved_and_loaded(ending, tmp_path):
    save(net(1), tmp_path / f"tree{ending}")
    assert_same(load(tmp_path / f"tree{ending}"), net(1))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.98])
def test_a_truncated_file_is_told(ending, share):
    content = encode(net(2), f"tree{ending}")
    cut = content[: int(share * len(content))]
    if ending == ".csv" and share > 0:
        cut = cut[: cut.rfind(b"\n") + 1] + content[len(cut) :][:9].replace(b"\n", b" ")
    with pytest.raises(SceneError, match=rf"^tree\{ending}"):
        decode(cut, f"tree{ending}")


SWC = b"# a line\n1 10 0 0 0 3 -1\n2 10 0 0 1 2 1\n3 10 0 1 2 1 2\n"
BROKEN_SWC = [
    (b"0 0 1 2 1", b"0 0 1 -2 1", "line 3: found a radius of -2 mm"),
    (b"1 2 1 2\n", b"1 2 1 7\n", "line 4: found parent 7, which is not there"),
    (b"0 0 3 -1", b"0 0 3 3", "line [234]: found a circle"),
    (b"0 0 1 2 1", b"0 0 one 2 1", "line 3: found 'one'; a number"),
    (b"3 10", b"2 10", "line 4: found id 2 again"),
    (b"0 1 2 1 2", b"0 1 2", "line 4: found 5 numbers"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN_SWC)
def test_a_broken_swc_is_told_with_its_line(old, new, said):
    assert len(decode(SWC, "tree.swc")) == 3
    with pytest.raises(SceneError, match=f"^tree.swc, {said}"):
        decode(SWC.replace(old, new), "tree.swc")


CSV = b'node1,node2,radius\n"[0.5 0.5 0]","[0 0 0]",0.01\n"[0.5 1. 0]","[0.5 0.5 0]",0.005\n'
BROKEN_CSV = [
    (b",0.005", b",-0.005", "line 3: found a radius of -0.015 mm"),
    (b"[0 0 0]", b"[0.5 1. 0]", "line [23]: found a circle"),
    (b"[0 0 0]", b"[0 0]", "line 2: found node2 with 2 numbers"),
    (b",0.01", b"", "line 2: found a row that is cut short"),
    (b"radius", b"diameter", "line 1: found no column 'radius'"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN_CSV)
def test_a_broken_table_is_told_with_its_line(old, new, said):
    read = decode(CSV, "graph.csv")
    assert read.points_mm.tolist() == [[0, 0, 0], [1.5, 1.5, 0], [1.5, 3, 0]]
    assert read.parent.tolist() == [-1, 0, 1]
    assert np.allclose(read.radius_mm, [0.03, 0.03, 0.015])
    with pytest.raises(SceneError, match=f"^graph.csv, {said}"):
        decode(CSV.replace(old, new, 1), "graph.csv")


BROKEN_TEXT = [
    (".graphml", rb'source="n1"', b'source="n9"', "edge n9 - n2: found no node 'n9'"),
    (".graphml", rb'source="n0"', b'source="n2"', "node 'n[12]': found a circle"),
    (".graphml", rb'radius_mm">2<', b'radius_mm">-2<', "node 'n1': found a radius of -2 mm"),
    (".graphml", rb'id="n1"', b'id="n0"', "node 'n0': found its id twice"),
    (".gxl", rb'from="n1"', b'from="n9"', "edge n9 - n2: found no node 'n9'"),
    (".gxl", rb'from="n0"', b'from="n2"', "node 'n[12]': found a circle"),
    (".gxl", rb'radius_mm"><float>2<', b'radius_mm"><float>-2<', "node 'n1': found a radius of -2 mm"),
    (".vtp", rb"-1 0 1<", b"-1 0 7<", "point 2: found parent 7"),
    (".vtp", rb"-1 0 1<", b"2 0 1<", "point 0: found a circle"),
    (".vtp", rb">3 2 1<", b">3 -2 1<", "point 1: found a radius of -2 mm"),
    (".vtp", rb">0 1 1 2<", b">0 1 1 5<", "<Lines>, entry 3: found point 5"),
    (".vtp", rb">3 2 1<", b">3 two 1<", "array 'radius_mm': found .*two"),
]


@pytest.mark.parametrize(("ending", "old", "new", "said"), BROKEN_TEXT)
def test_a_broken_graph_is_told_with_its_place(ending, old, new, said):
    content = vtp.encode_ascii(line()) if ending == ".vtp" else encode(line(), f"x{ending}")
    changed, count = re.subn(old, new, content, count=1)
    assert count == 1
    with pytest.raises(SceneError, match=f"^x{ending}, {said}"):
        decode(changed, f"x{ending}")


def test_lines_of_another_program_become_a_tree():
    """A polyline with MaximumInscribedSphereRadius, as VMTK writes it, inline in base64."""
    points = np.array([(0, 0, 0), (1, 0, 0), (2, 0, 0), (1, 1, 0)], np.float32)

    def data(array, name, parts=1):
        letters = b64encode(np.uint32(array.nbytes).tobytes() + array.tobytes()).decode()
        kind = {"f": "Float32", "i": "Int32"}[array.dtype.kind]
        return (
            f'<DataArray type="{kind}" Name="{name}" NumberOfComponents="{parts}" format="binary">{letters}</DataArray>'
        )

    radius = data(np.array([3, 2, 1, 1], np.float32), "MaximumInscribedSphereRadius")
    lines = data(np.array([0, 1, 2, 1, 3], np.int32), "connectivity") + data(np.array([3, 5], np.int32), "offsets")
    text = (
        '<VTKFile type="PolyData" byte_order="LittleEndian"><PolyData><Piece>'
        f"<PointData>{radius}</PointData><Points>{data(points, 'Points', 3)}</Points><Lines>{lines}</Lines>"
        "</Piece></PolyData></VTKFile>"
    )
    read = decode(text.encode(), "centreline.vtp")
    assert read.parent.tolist() == [-1, 0, 1, 1]
    assert read.radius_mm.tolist() == [3, 2, 1, 1]


def test_a_tree_of_vascusynth_is_read():
    place = '<attr name=" position"><tup><float>{0}.5</float><float>1</float><float>2</float></tup></attr>'
    node = '<node id="n{0}">' + place + "</node>"
    own = '<attr name=" flow"><float>7</float></attr><attr name=" radius"><float>.4</float></attr>'
    edge = f'<edge id="e1" to="n1" from="n0">{own}</edge>'
    read = decode(f'<gxl><graph id="g">{node.format(0)}{node.format(1)}{edge}</graph></gxl>'.encode(), "tree.gxl")
    assert read.parent.tolist() == [-1, 0]
    assert np.allclose(read.radius_mm, 0.4)
    assert read.flow_mm3_s[1] == 7


def test_networkx_reads_the_graph():
    networkx = pytest.importorskip("networkx")
    graph = networkx.parse_graphml(encode(net(4), "x.graphml").decode())
    assert graph.number_of_nodes() == len(net(4))
    assert graph.nodes["n3"]["radius_mm"] == pytest.approx(float(net(4).radius_mm[3]))


@pytest.mark.parametrize("write", [vtp.encode, vtp.encode_ascii])
def test_pyvista_reads_and_writes_what_we_read(write, tmp_path):
    pyvista = pytest.importorskip("pyvista")
    path = tmp_path / "tree.vtp"
    path.write_bytes(write(net(5)))
    mesh = pyvista.read(path)
    assert mesh.n_lines == len(net(5).segments) + len(net(5).links)
    assert np.array_equal(mesh.point_data["radius_mm"], net(5).radius_mm)
    for binary in (True, False):
        mesh.save(path, binary=binary)
        assert_same(load(path), net(5))


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(SceneError, match=r"ends in '.vtk'; did you mean"):
        save(line(), tmp_path / "tree.vtk")
    with pytest.raises(SceneError, match="No such file"):
        load(tmp_path / "none.swc")
