"""VTP, the polygonal data of VTK: ParaView, 3D Slicer and SimVascular show it; lines from parent to point, then links.

Point data: every column of Vessels, so that a tube filter finds radius_mm. Cell data: radius, flow and haematocrit of
the line, and `link`. Written with raw appended data; read as ascii, inline base64 or appended, raw or base64, plain or
with zlib. VTK file formats, https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html.
"""

import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simdata.vessels import PER_POINT, ROOT, Vessels
from vascular.formats import xml
from vascular.formats.rows import PHYSICS, Place, broken, check_count, forest, vessels_of

NAMES = {"f": "Float", "i": "Int", "u": "UInt"}
RADII = ("radius_mm", "Radius", "radius", "MaximumInscribedSphereRadius")
"""Names of the radius in files of simdata, svv, SimVascular and VMTK."""
POLYLINES = "Lines"
PARTS = ("PointData", "CellData", "Points", POLYLINES)
OF_CELL = ("link", "flow_mm3_s", "haematocrit")
"""Arrays of our lines that the points do not have."""


def encode(vessels: Vessels) -> bytes:
    """The vessels as VTP with raw appended data, little endian."""
    return _file(vessels, _Appended())


def encode_ascii(vessels: Vessels) -> bytes:
    """The vessels as VTP that an editor shows."""
    return _file(vessels, _Ascii())


def decode(content: bytes, name: str) -> Vessels:
    """The vessels of a VTP file of ours, or of lines with a radius. Raises SceneError with the place."""
    head, raw, text = _split(content, name)
    root = xml.root(head, name, "VTKFile")
    pieces = root.findall("PolyData/Piece")
    if len(pieces) != 1:
        raise broken(name, f"type '{root.get('type')}'", f"{len(pieces)} pieces of <PolyData>", "one")
    big = root.get("byte_order") == "BigEndian"
    source = _Source(name, raw, text, big, root.get("header_type", "UInt32"), bool(root.get("compressor")))
    section = {part.tag: {a.get("Name", ""): a for a in part.iter("DataArray")} for part in pieces[0]}
    arrays = {part: {key: source.array(array) for key, array in section.get(part, {}).items()} for part in PARTS}
    point_data, cell_data = arrays["PointData"], arrays["CellData"]
    points = next(iter(arrays["Points"].values()), np.zeros(0))
    if len(points) % len("xyz"):
        raise broken(name, "<Points>", f"{len(points)} numbers", "three for each point")
    n = len(points) // len("xyz")
    upper, lower, cell = _edges(arrays[POLYLINES], n, name)
    count = len(arrays[POLYLINES]["offsets"])
    check_count(pieces[0].get("NumberOfPoints"), n, "points", name, "<Piece>")
    check_count(pieces[0].get("NumberOfLines"), count, "lines", name, "<Piece>")

    radius = next((point_data[key] for key in RADII if key in point_data), None)
    if radius is None:
        raise broken(name, "<PointData>", f"no radius among {', '.join(point_data) or 'nothing'}", RADII[0])
    columns = {"points_mm": points.reshape(-1, 3), "radius_mm": radius}
    place: Place = lambda row: f"point {row}"  # noqa: E731
    if "parent" not in point_data:
        columns["parent"], _, columns["links"], _ = forest(upper, lower, n, name, lambda k: f"line {cell[k]}")
        known = {key: point_data[key] for key in ("kind", *PHYSICS) if key in point_data}
        return vessels_of(name, place, columns | known)

    for key in (
        *(key for key in PER_POINT if key not in point_data),
        *(key for key in OF_CELL if key not in cell_data),
    ):
        raise broken(name, "<Piece> with 'parent'", f"no array '{key}'", "all of ours, or no 'parent',")
    for key in (key for key in OF_CELL if len(cell_data[key]) != count):
        raise broken(name, f"array '{key}'", f"{len(cell_data[key])} values for {count} lines", "one for each")
    is_link = cell_data["link"][cell] > 0
    columns |= {key: point_data[key] for key in PER_POINT} | {"links": np.c_[upper, lower][is_link]}
    columns |= {f"link_{key}": cell_data[key][cell][is_link] for key in ("flow_mm3_s", "haematocrit")}
    made = vessels_of(name, place, columns)
    _check_lines(upper[~is_link], lower[~is_link], made.parent, name)
    return made


@dataclass(frozen=True)
class _Source:
    """Where the numbers of a file are. appended: what follows the underscore, base64 if `appended_text`."""

    name: str
    appended: bytes
    appended_text: bool
    big_endian: bool
    header: str
    compressed: bool

    def array(self, element: xml.Element) -> np.ndarray:
        """The numbers of a <DataArray>, of little-endian or native type."""
        what, format = element.get("Name", "points"), element.get("format", "ascii")
        dtype = self._dtype(element.get("type", ""), what)
        if format == "ascii":
            try:
                return np.array((element.text or "").split(), dtype)
            except ValueError as reason:
                raise broken(self.name, f"array '{what}'", str(reason), "numbers") from reason
        inline = format != "appended"
        try:
            offset = 0 if inline else int(element.get("offset", "0"))
            block = (element.text or "").strip().encode() if inline else self.appended[offset:]
            return np.frombuffer(self._payload(self._bytes(block) if inline or self.appended_text else block), dtype)
        except (ValueError, IndexError, zlib.error) as reason:
            raise broken(self.name, f"array '{what}'", f"a block cut short ({reason})", "a whole file") from reason

    def _bytes(self, letters: bytes) -> bytes:
        """Base64 to bytes: header and numbers in one, or, if compressed, one after the other."""
        word = self._dtype(self.header, "header")
        first = int(np.frombuffer(b64decode(letters[: _letters(word.itemsize)]), word, 1)[0])
        if not self.compressed:
            return b64decode(letters[: _letters(word.itemsize + first)])
        head = b64decode(letters[: _letters((3 + first) * word.itemsize)])
        size = int(np.frombuffer(head, word, first, 3 * word.itemsize).astype(int).sum())
        return head + b64decode(letters[_letters(len(head)) :][: _letters(size)])

    def _payload(self, block: bytes) -> bytes:
        word = self._dtype(self.header, "header")
        if not self.compressed:
            size = int(np.frombuffer(block, word, 1)[0])
            payload = block[word.itemsize : word.itemsize + size]
            if len(payload) != size:
                raise ValueError(f"{len(payload)} of {size} bytes")
            return payload
        count = int(np.frombuffer(block, word, 1)[0])
        sizes = np.frombuffer(block, word, count, 3 * word.itemsize).astype(int)
        starts = (3 + count) * word.itemsize + np.concatenate([[0], np.cumsum(sizes)])
        return b"".join(zlib.decompress(block[a:b]) for a, b in pairwise(starts.tolist()))

    def _dtype(self, name: str, what: str) -> np.dtype:
        try:
            return np.dtype(name.lower()).newbyteorder(">" if self.big_endian else "<")
        except (TypeError, ValueError) as reason:
            raise broken(self.name, f"array '{what}'", f"type '{name}'", "Float32, Int32 and the like") from reason


class _Ascii:
    """Arrays as text within the file; those with a NaN, which VTK does not read as text, in base64."""

    tail = b""

    def data(self, name: str, array: np.ndarray) -> str:
        floats = array.dtype.kind == "f"
        if floats and np.isnan(array).any():
            payload = array.astype(array.dtype.newbyteorder("<")).tobytes()
            letters = b64encode(np.uint64(len(payload)).tobytes() + payload).decode()
            return _array_tag(name, array, 'format="binary"') + f"{letters}</DataArray>"
        words = " ".join(f"{v:.9g}" if floats else str(v) for v in array.ravel().tolist())
        return _array_tag(name, array, 'format="ascii"') + f"{words}</DataArray>"


class _Appended:
    """Arrays as bytes behind the file's elements."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.size = 0

    def data(self, name: str, array: np.ndarray) -> str:
        payload = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        tag = _array_tag(name, array, f'format="appended" offset="{self.size}"') + "</DataArray>"
        self.blocks += [np.uint64(len(payload)).tobytes(), payload]
        self.size += 8 + len(payload)
        return tag

    @property
    def tail(self) -> bytes:
        return b'<AppendedData encoding="raw">\n_' + b"".join(self.blocks) + b"\n</AppendedData>\n"


def _file(vessels: Vessels, form: _Ascii | _Appended) -> bytes:
    own, above = vessels.segments, vessels.parent[vessels.segments]
    cells = np.concatenate([np.c_[above, own], vessels.links]).astype(np.int32)
    of_cell = {
        "radius_mm": np.concatenate([vessels.radius_mm[own], vessels.link_radius_mm]),
        "flow_mm3_s": np.concatenate([vessels.flow_mm3_s[own], vessels.link_flow_mm3_s]),
        "haematocrit": np.concatenate([vessels.haematocrit[own], vessels.link_haematocrit]),
        "kind": np.concatenate([vessels.kind[own], vessels.kind[vessels.links[:, 0]]]),
        "link": np.repeat(np.array([0, 1], np.uint8), [len(own), len(vessels.links)]),
    }
    ends = (2 * np.arange(1, len(cells) + 1)).astype(np.int32)
    lines = [
        '<?xml version="1.0"?>',
        '<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
        f'<PolyData><Piece NumberOfPoints="{len(vessels)}" NumberOfVerts="0" NumberOfLines="{len(cells)}" '
        'NumberOfStrips="0" NumberOfPolys="0">',
        '<PointData Scalars="radius_mm">',
        *(form.data(name, getattr(vessels, name)) for name in PER_POINT),
        '</PointData><CellData Scalars="kind">',
        *(form.data(name, array) for name, array in of_cell.items()),
        f"</CellData><Points>{form.data('points', vessels.points_mm)}</Points>",
        f"<Lines>{form.data('connectivity', cells.ravel())}{form.data('offsets', ends)}</Lines>",
        "</Piece></PolyData>\n",
    ]
    return "\n".join(lines).encode() + form.tail + b"</VTKFile>\n"


def _array_tag(name: str, array: np.ndarray, more: str) -> str:
    type = f"{NAMES[array.dtype.kind]}{8 * array.dtype.itemsize}"
    parts = array.shape[1] if array.ndim == 2 else 1
    return f'<DataArray type="{type}" Name="{name}" NumberOfComponents="{parts}" {more}>'


def _split(content: bytes, name: str) -> tuple[bytes, bytes, bool]:
    """The elements as XML, the appended data, and whether that is base64."""
    found = re.search(rb"<AppendedData\s+encoding\s*=\s*[\"'](\w+)[\"']\s*>\s*_", content)
    if not found:
        return content, b"", False
    end = content.rfind(b"</AppendedData>")
    if end < found.end():
        raise broken(name, "<AppendedData>", "the end of the file", "a whole file")
    head = content[: found.start()] + content[end + len(b"</AppendedData>") :]
    return head, content[found.end() : end], found[1] == b"base64"


def _letters(size: int) -> int:
    """How many letters of base64 hold so many bytes."""
    return 4 * -(-size // 3)


def _edges(lines: Mapping[str, np.ndarray], n: int, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both ends of each piece of each line, and the line's number."""
    for key in (key for key in ("connectivity", "offsets") if key not in lines):
        raise broken(name, "<Lines>", f"no array '{key}'", "connectivity and offsets")
    connectivity, offsets = lines["connectivity"].astype(int), lines["offsets"].astype(int)
    lengths = np.diff(offsets, prepend=0)
    if lengths.sum() != len(connectivity):
        raise broken(name, "<Lines>", f"{len(connectivity)} ends for offset {lengths.sum()}", "as many")
    for at in np.flatnonzero(lengths < 0)[:1]:
        raise broken(name, f"<Lines>, offset {at}", f"{offsets[at]} after {offsets[at - 1]}", "offsets that ascend")
    for at in np.flatnonzero((connectivity < 0) | (connectivity >= n))[:1]:
        raise broken(name, f"<Lines>, entry {at}", f"point {connectivity[at]}", f"0 to {n - 1}")
    line = np.repeat(np.arange(len(offsets)), lengths)
    inside = line[1:] == line[:-1]
    return connectivity[:-1][inside], connectivity[1:][inside], line[1:][inside]


def _check_lines(upper: np.ndarray, lower: np.ndarray, parent: np.ndarray, name: str) -> None:
    """Raises SceneError unless lines lead from the parent to every point that has one, and from nowhere else."""
    if not np.array_equal(np.sort(lower), np.flatnonzero(parent != ROOT)):
        found = f"lines to {len(np.unique(lower))} of the {np.count_nonzero(parent != ROOT)} points with a parent"
        raise broken(name, "<Lines>", found, "one to each; without 'parent' the lines alone tell what is joined; this")
    for at in np.flatnonzero(parent[lower] != upper)[:1]:
        found = f"a line to point {lower[at]} from {upper[at]}, not from its parent {parent[lower[at]]}"
        raise broken(name, "<Lines>", found, "the same in both")
