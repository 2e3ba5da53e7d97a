"""VTP, the polygonal data of VTK: ParaView, 3D Slicer and SimVascular show it; lines from parent to point, then links.

Point data: every column of Vessels, so that a tube filter finds radius_mm. Cell data: radius, flow and haematocrit of
the line, and `link`. Written with raw appended data; read as ascii, inline base64 or appended, raw or base64, plain or
with zlib. VTK file formats, https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html.
"""

import re
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simdata.vessels import PER_POINT, Vessels
from vascular.formats import xml
from vascular.formats.rows import PHYSICS, broken, forest, vessels_of

NAMES = {"f": "Float", "i": "Int", "u": "UInt"}
RADII = ("radius_mm", "Radius", "radius", "MaximumInscribedSphereRadius")
"""Names of the radius in files of simdata, svv, SimVascular and VMTK."""
POLYLINES = "Lines"


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
    piece = root.find("PolyData/Piece")
    if piece is None:
        raise broken(name, f"type '{root.get('type')}'", "no <PolyData> with a <Piece>", "poly data")
    big = root.get("byte_order") == "BigEndian"
    source = _Source(name, raw, text, big, root.get("header_type", "UInt32"), bool(root.get("compressor")))
    section = {part.tag: {a.get("Name", ""): a for a in part.iter("DataArray")} for part in piece}
    points = next(iter(section.get("Points", {}).values()), None)
    if points is None or POLYLINES not in section:
        raise broken(name, "<Piece>", "no Points or no Lines", "both")
    point_data = {key: source.array(array) for key, array in section.get("PointData", {}).items()}
    columns: dict[str, np.ndarray] = {"points_mm": source.array(points).reshape(-1, 3)}
    connectivity, offsets = (source.array(section[POLYLINES][key]).astype(int) for key in ("connectivity", "offsets"))
    upper, lower, cell = _edges(connectivity, offsets, len(columns["points_mm"]), name)

    if "parent" in point_data:
        columns |= {key: point_data[key] for key in PER_POINT if key in point_data}
        cell_data = {key: source.array(array) for key, array in section.get("CellData", {}).items()}
        is_link = cell_data.get("link", np.zeros(len(offsets)))[cell] > 0
        columns["links"] = np.c_[upper, lower][is_link]
        columns |= {f"link_{key}": cell_data[key][cell][is_link] for key in ("flow_mm3_s", "haematocrit")}
    else:
        columns["parent"], _, columns["links"], _ = forest(upper, lower, len(columns["points_mm"]))
        columns |= {key: point_data[key] for key in ("kind", *PHYSICS) if key in point_data}
    radius = next((point_data[key] for key in RADII if key in point_data), None)
    if radius is None:
        raise broken(name, "<PointData>", f"no radius among {', '.join(point_data) or 'nothing'}", RADII[0])
    columns["radius_mm"] = radius.reshape(-1)
    return vessels_of(name, lambda row: f"point {row}", columns)


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
        block = (element.text or "").strip().encode() if inline else self.appended[int(element.get("offset", "0")) :]
        try:
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
        except TypeError as reason:
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


def _edges(
    connectivity: np.ndarray, offsets: np.ndarray, n: int, name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both ends of each piece of each line, and the line's number."""
    if len(offsets) and offsets[-1] != len(connectivity):
        raise broken(name, "<Lines>", f"{len(connectivity)} ends for offset {offsets[-1]}", "as many")
    for at in np.flatnonzero((connectivity < 0) | (connectivity >= n))[:1]:
        raise broken(name, f"<Lines>, entry {at}", f"point {connectivity[at]}", f"0 to {n - 1}")
    line = np.repeat(np.arange(len(offsets)), np.diff(offsets, prepend=0))
    inside = line[1:] == line[:-1]
    return connectivity[:-1][inside], connectivity[1:][inside], line[1:][inside]
