"""A whole 256^3 chest CT sample: seconds by stage and peak memory of its process. Written to results/chest_ct.md."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LIMIT_BYTES = 2e9


def main() -> None:
    recipe = HERE.parent / "recipes" / "chest_ct.yaml"
    command = [sys.executable, "-m", "pipelines", "plan", str(recipe), "--json"]
    plan = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rows = [f"| {stage} | {seconds:.2f} s |" for stage, seconds in plan["stages"].items()]
    lines = [
        "# One 256^3 chest CT sample, `simdata plan recipes/chest_ct.yaml`",
        "",
        "| stage | measured |",
        "|---|---|",
        *rows,
        f"| whole sample, with compression | {plan['seconds']:.2f} s |",
        f"| peak memory of the process (limit {LIMIT_BYTES / 1e9:.0f} GB) | {plan['peak_bytes'] / 1e9:.2f} GB |",
        f"| on disk | {plan['bytes'] / 1e6:.1f} MB |",
    ]
    text = "\n".join(lines) + "\n"
    (HERE / "results" / "chest_ct.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
