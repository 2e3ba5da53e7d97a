"""What synthetic OCT angiographs are worth on real ones: the tables and plots of docs/sim_to_real.md.

python benchmarks/sim_to_real.py ROSSA               # eyes, study, page: many hours; again, it goes on
python benchmarks/sim_to_real.py --from STUDY        # the page alone, from the folder of a study that is done
"""

import shutil
import sys
from pathlib import Path

from pipelines.app import app

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "sim_to_real.md", ROOT / "benchmarks" / "results" / "sim_to_real.md"
BEGIN, END = "<!-- tables: written by benchmarks/sim_to_real.py -->\n", "<!-- end of tables -->"
WORK, EYES = ROOT / "demo" / "sim_to_real", 200
PLOTS = ("dice.svg", "cldice.svg", "scaling.svg", "examples.png")


def study(rossa: Path) -> Path:
    """The folder of the study, which is made where it is not."""
    out, octa = WORK / "study", WORK / "octa"
    simdata("generate", ROOT / "recipes" / "retina_octa.yaml", "--count", EYES, "--workers", 2, "--out", octa)
    folders = {"training.sources.synthetic.folder": octa}
    for place in ("training.sources.real", "test"):
        folders |= {f"{place}.{name}": rossa / name for name in ("images", "labels")}
    changes = [word for place, folder in folders.items() for word in ("--set", f"{place}={folder}")]
    simdata("study", ROOT / "recipes" / "study" / "octa.yaml", "--out", out, *changes)
    return out


def simdata(*words: object) -> None:
    app([str(word) for word in words], standalone_mode=False)


def put_into_page(out: Path) -> None:
    """Tables, plots and overlays of a study between the marks of the page, and the tables into the results."""
    made = (out / "tables.md").read_text()
    pictures = []
    for name in PLOTS:
        if (out / name).is_file():
            shutil.copyfile(out / name, PAGE.with_name(f"sim_to_real_{name}"))
            pictures.append(f"![{name.partition('.')[0]}](sim_to_real_{name})")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + "\n\n".join([*pictures, made.strip()]) + "\n" + END + after)
    RESULTS.write_text(f"# Sim to real\n\n`python benchmarks/sim_to_real.py ROSSA`, two cores.\n\n{made}")


def main() -> None:
    match sys.argv[1:]:
        case ["--from", folder]:
            put_into_page(Path(folder))
        case [rossa]:
            put_into_page(study(Path(rossa).resolve()))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
