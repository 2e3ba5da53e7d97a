"""Vessels survive every format, and a broken file is one error with the place."""

import re
from base64 import b64encode
from contextlib import suppress
from dataclasses import fields
from io import BytesIO

import h5py
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


def the_same_or_told(content, vessels, ending):
    """False if the file is refused with its name; else nothing in it may be lost."""
    with suppress(SceneError):
        assert_same(decode(content, f"tree{ending}"), vessels)
        return True
    with pytest.raises(SceneError, match=rf"^tree\{ending}"):
        decode(content, f"tree{ending}")
    return False


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_cut_anywhere_is_told(ending):
    content = encode(net(2, 9), f"tree{ending}")
    line_ends = [at + 1 for at, byte in enumerate(content) if byte == ord("\n")]
    for size in sorted(
        {*range(0, len(content), 41), *line_ends, *range(len(content) - 40, len(content))} - {len(content)}
    ):
        if the_same_or_told(content[:size], net(2, 9), ending):
            assert content[size:].isspace()


@pytest.mark.parametrize("ending", sorted({*ENDINGS} - {".h5"}))
def test_a_line_too_few_or_too_many_is_told_or_told_nothing(ending):
    vessels = net(7, 9)
    lines = (vtp.encode_ascii(vessels) if ending == ".vtp" else encode(vessels, f"x{ending}")).splitlines(keepends=True)
    refused = 0
    for at in range(len(lines)):
        for changed in (lines[:at] + lines[at + 1 :], lines[: at + 1] + lines[at:]):
            refused += not the_same_or_told(b"".join(changed), vessels, ending)
    assert refused > len(lines)


def test_a_table_that_is_no_longer_ours_keeps_its_vessels():
    """As the readers of the published format see it: without our columns, roots are rows from a point to itself."""
    vessels = vessel_tree(np.array([(0, 0, 0), (0, 0, 3), (9, 9, 9)]), np.array([-1, 0, -1]), np.array([3, 1.5, 6]))
    cut = [b",".join(row.split(b",")[:3]) for row in encode(vessels, "x.csv").splitlines()]
    read = decode(b"\n".join(cut) + b"\n", "x.csv")
    assert read.points_mm.tolist() == vessels.points_mm.tolist()
    assert read.parent.tolist() == vessels.parent.tolist()
    assert read.radius_mm.tolist() == vessels.radius_mm.tolist()


SWC = b"# a line\n1 10 0 0 0 3 -1\n2 10 0 0 1 2 1\n3 10 0 1 2 1 2\n"
BROKEN_SWC = [
    (b" 0 0 1 2 1", b" 0 0 1 -2 1", "line 3: found a radius of -2 mm"),
    (b"1 2 1 2\n", b"1 2 1 7\n", "line 4: found parent 7, which is not there"),
    (b"0 0 3 -1", b"0 0 3 3", "line [234]: found a circle"),
    (b" 0 0 1 2 1", b" 0 0 one 2 1", "line 3: found 'one'; a number"),
    (b"3 10", b"2 10", "line 4: found id 2 again"),
    (b"0 1 2 1 2", b"0 1 2", "line 4: found 5 numbers"),
    (b" 0 0 1 2 1", b" 0 0 nan 2 1", r"line 3: found a place at \[0.0, 0.0, nan\] mm"),
    (b" 0 0 1 2 1", b" 0 0 1 nan 1", "line 3: found a radius of nan mm"),
    (b" 0 0 1 2 1", b" 0 0 1 inf 1", "line 3: found a radius of inf mm"),
    (b" 0 0 1 2 1", b" 0 0 1 1e-60 1", "line 3: found a radius of 1e-60 mm"),
    (b" 0 0 1 2 1", b" 0 0 1e60 2 1", "line 3: found points_mm .*single precision"),
    (b"# a line", b"#count 4 0 0", "line 1: found 3 points where the file tells of 4"),
    (b"# a line", b"#count 3 1 0", "line 1: found 0 links where the file tells of 1"),
    (b"# a line", b"#point 9 1 1 1 1", "line 1: found id 9, which is not there"),
    (b"# a line", b"#point 2 1 1 1 1\n#point 2 1 1 1 1", "line 2: found id 2 again"),
    (b"1 10 0", b"-1 10 0", "line 2: found id -1; an id of 0 or more"),
    (b"1 2\n", b"1 2", "line 4: found the end of the file within it"),
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
    (b",0.01", b",nan", "line [23]: found a radius of nan mm"),
    (b"[0 0 0]", b"[0 nan 0]", r"line 2: found a place at \[0.0, nan, 0.0\] mm"),
    (b'"[0.5 1. 0]","[0.5 0.5 0]"', b'"[0.5 0.5 0]","[0 0 0]"', "line 3: found a vessel that is there already"),
    (b"node1,node2,radius", b"node1,node2,parent", "line 1: found no column 'radius'"),
    (b"0.005\n", b"0.005", "line 3: found the end of the file within it"),
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
    (".graphml", rb'parse.nodes="3"', b'parse.nodes="4"', "<graph>: found 3 <node> where the file tells of 4"),
    (".graphml", rb'parse.edges="2"', b'parse.edges="3"', "<graph>: found 2 <edge> where the file tells of 3"),
    (".graphml", rb'n_x">0<', b'n_x">nan<', r"node 'n0': found a place at \[nan, 0.0, 0.0\] mm"),
    (".graphml", rb'n_x">0<', b'n_x"><', "node 'n0': found no x"),
    (".graphml", rb'id="n_y"', b'id="n_w"', "<node>: found data of the unknown key 'n_y'"),
    (".graphml", rb'n_kind">artery<', b'n_kind">arteri<', "node 'n0': found kind 'arteri'"),
    (".graphml", rb'e_link">false<', b'e_link">maybe<', "edge n0 - n1: found link 'maybe'"),
    (".graphml", rb'source="n1" target="n2"', b'source="n0" target="n1"', "edge n0 - n1: found a vessel that is there"),
    (".gxl", rb'"nodes"><int>3<', b'"nodes"><int>2<', "<graph>: found 3 <node> where the file tells of 2"),
    (".gxl", rb"<float>0</float></tup>", b"</tup>", "node 'n0': found position of 2 words"),
    (".gxl", rb"<float>0</float></tup>", b"<float>nan</float></tup>", "node 'n0': found a place at"),
    (".gxl", rb'radius"><float>2<', b'radius"><float>two<', "edge n0 - n1, radius: found 'two'; a number"),
    (".gxl", rb'id="n1"', b'id="n0"', "node 'n0': found its id twice"),
    (".gxl", rb'from="n1"', b'from="n9"', "edge n9 - n2: found no node 'n9'"),
    (".gxl", rb'from="n0"', b'from="n2"', "node 'n[12]': found a circle"),
    (".gxl", rb'radius_mm"><float>2<', b'radius_mm"><float>-2<', "node 'n1': found a radius of -2 mm"),
    (".vtp", rb"-1 0 1<", b"-1 0 7<", "point 2: found parent 7"),
    (".vtp", rb"-1 0 1<", b"2 0 1<", "point 0: found a circle"),
    (".vtp", rb">3 2 1<", b">3 -2 1<", "point 1: found a radius of -2 mm"),
    (".vtp", rb">0 1 1 2<", b">0 1 1 5<", "<Lines>, entry 3: found point 5"),
    (".vtp", rb">3 2 1<", b">3 two 1<", "array 'radius_mm': found .*two"),
    (".vtp", rb">3 2 1<", b">3 nan 1<", "point 1: found a radius of nan mm"),
    (".vtp", rb">3 2 1<", b">3 2<", "radius_mm: found 2 values for 3 places"),
    (".vtp", rb">0 0 0 0 0 1 0 1 2<", b">0 0 0 0 0 1 0 1<", "<Points>: found 8 numbers"),
    (".vtp", rb">0 1 1 2<", b">0 1 0 2<", "<Lines>: found a line to point 2 from 0, not from its parent 1"),
    (".vtp", rb">0 1 1 2<", b">0 1 0 1<", "<Lines>: found lines to 1 of the 2 points with a parent"),
    (".vtp", rb">2 4<", b">2<", "<Lines>: found 4 ends for offset 2"),
    (".vtp", rb'NumberOfPoints="3"', b'NumberOfPoints="4"', "<Piece>: found 3 points where the file tells of 4"),
    (".vtp", rb'NumberOfLines="2"', b'NumberOfLines="1"', "<Piece>: found 2 lines where the file tells of 1"),
    (".vtp", rb'"Float32" Name="radius_mm"', b'"Flat32" Name="radius_mm"', "array 'radius_mm': found type 'Flat32'"),
    (".vtp", rb'Name="pressure_mmhg"', b'Name="pressure"', "<Piece> with 'parent': found no array 'pressure_mmhg'"),
    (".vtp", rb"</Piece>", b"</Piece><Piece></Piece>", "type 'PolyData': found 2 pieces"),
]


@pytest.mark.parametrize(("ending", "old", "new", "said"), BROKEN_TEXT)
def test_a_broken_graph_is_told_with_its_place(ending, old, new, said):
    content = vtp.encode_ascii(line()) if ending == ".vtp" else encode(line(), f"x{ending}")
    changed, count = re.subn(old, new, content, count=1)
    assert count == 1
    with pytest.raises(SceneError, match=f"^x{ending}, {said}"):
        decode(changed, f"x{ending}")


def broken_hdf5(change):
    memory = BytesIO(encode(line(), "x.h5"))
    with h5py.File(memory, "r+") as file:
        change(file["vessels"])
    return memory.getvalue()


def put(key, values):
    def change(group):
        del group[key]
        group[key] = values

    return change


BROKEN_HDF5 = [
    (put("parent", [-1, 0, 7]), "row 2: found parent 7, which is not there"),
    (put("parent", [-1, 0, 0.5]), "row 2: found parent 0.5; a whole number"),
    (put("parent", [2, 0, 1]), "row 0: found a circle"),
    (put("radius_mm", [1.0, -2.0, 1.0]), "row 1: found a radius of -2 mm"),
    (put("radius_mm", [1.0, 2.0]), "radius_mm: found 2 values for 3 places"),
    (put("points_mm", np.zeros((3, 2))), r"points_mm: found shape \(3, 2\)"),
    (put("kind", [0, 300, 0]), "row 1: found kind 300; a whole number"),
    (put("kind", [0, 9, 0]), "Vessels: point 1 has kind 9"),
    (put("links", [[0, 5]]), "link_flow_mm3_s: found 0 values for 1 places"),
    (put("oxygen_mmhg", [b"a", b"b", b"c"]), "dataset 'oxygen_mmhg': found type"),
    (lambda group: group.pop("link_haematocrit"), "group 'vessels': found no dataset 'link_haematocrit'"),
    (
        lambda group: group.attrs.__setitem__("kinds", ["vein", "artery"]),
        "group 'vessels': found the kinds vein, artery",
    ),
]


@pytest.mark.parametrize(("change", "said"), BROKEN_HDF5)
def test_a_broken_hdf5_is_told_with_its_place(change, said):
    with pytest.raises(SceneError, match=f"^x.h5(, |: ){said}"):
        decode(broken_hdf5(change), "x.h5")


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
