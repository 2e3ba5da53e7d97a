"""A chest CT of 512 x 512 x 200 voxels from patient to image: seconds by stage and peak memory of its process.

    python benchmarks/chest_ct.py        # some minutes; writes results/chest_ct.md

The recipe is recipes/chest_ct.yaml, on a patient of 1.5 mm who is 300 mm high: a helix, polychromatic, with bowtie,
crosstalk, scatter, exposure control, quantum and electronic noise.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LIMIT_BYTES, LIMIT_S = 6e9, 90
ALIKE = ("phantom.shape=[256, 200, 200]", "scan.ct.table.pitch=1.0", "scan.ct.kernel=standard", "scan.ct.mas=100")


def main() -> None:
    recipe = HERE.parent / "recipes" / "chest_ct.yaml"
    settings = [word for setting in ALIKE for word in ("--set", setting)]
    command = [sys.executable, "-m", "pipelines", "plan", str(recipe), "--json", *settings]
    plan = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rows = [f"| {stage} | {seconds:.1f} s |" for stage, seconds in plan["stages"].items()]
    lines = [
        "# A chest CT of 512 x 512 x 200 voxels, `simdata plan recipes/chest_ct.yaml`",
        "",
        "On a patient of 256 x 200 x 200 voxels of 1.5 mm; helix of pitch 1, 64 rows, 480 views a turn.",
        "",
        "| stage | measured |",
        "|---|---|",
        *rows,
        f"| whole sample, with compression (goal {LIMIT_S} s) | {plan['seconds']:.1f} s |",
        f"| peak memory of the process (goal {LIMIT_BYTES / 1e9:.0f} GB) | {plan['peak_bytes'] / 1e9:.2f} GB |",
        f"| on disk | {plan['bytes'] / 1e6:.1f} MB |",
    ]
    text = "\n".join(lines) + "\n"
    (HERE / "results" / "chest_ct.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
