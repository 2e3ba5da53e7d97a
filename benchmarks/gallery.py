"""Runs every example of docs/examples, and writes docs/gallery.md with what they draw: `make gallery`.

python benchmarks/gallery.py              # all of them, some minutes
python benchmarks/gallery.py octa fundus  # these alone; the page is written whole
"""

import ast
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image as Picture

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLES = DOCS / "examples"
TITLES = {
    "chest_ct": "Chest CT",
    "chest_xray": "Chest radiograph",
    "liver_vessels": "Vessels of a liver",
    "angiogram": "Coronary angiogram",
    "hip_metal": "Metal",
    "breathing": "Breathing",
    "brain_mr": "Head",
    "mammogram": "Mammogram",
    "octa": "OCT angiography",
    "oct": "OCT",
    "fundus": "Fundus photograph",
    "acr_phantom": "Quality control",
    "own_labels": "Your own label maps",
    "own_meshes": "Your own meshes",
}
WIDEST_PX, COLOURS = 900, 128
INTRODUCTION = """# Gallery

Every picture is what the code below it draws, whole: copy it into a file and run it. `make gallery` draws them again.
"""


def drawn(name: str) -> None:
    """The example's picture, small enough for a page."""
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, str(EXAMPLES / f"{name}.py")], cwd=folder, check=True)
        picture = Picture.open(Path(folder) / f"{name}.png").convert("RGB")
    picture.thumbnail((WIDEST_PX, 2 * WIDEST_PX))
    (DOCS / "gallery").mkdir(exist_ok=True)
    picture.quantize(COLOURS, dither=Picture.Dither.NONE).save(DOCS / "gallery" / f"{name}.png", optimize=True)


def page() -> str:
    """The gallery: of every example its first line, its picture and its code."""
    return "\n".join([INTRODUCTION, *(_entry(name) for name in TITLES)])


def _entry(name: str) -> str:
    code = (EXAMPLES / f"{name}.py").read_text()
    said = (ast.get_docstring(ast.parse(code)) or "").splitlines()[0]
    body = code.partition('"""\n')[2].strip()
    return f"## {TITLES[name]}\n\n{said}\n\n![{said}](gallery/{name}.png)\n\n```python\n{body}\n```\n"


if __name__ == "__main__":
    for name in sys.argv[1:] or TITLES:
        print(name, flush=True)
        drawn(name)
    (DOCS / "gallery.md").write_text(page())
