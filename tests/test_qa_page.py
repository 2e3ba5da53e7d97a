"""The page of the phantoms of quality control runs as it is written."""

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "qa.md"


def test_its_blocks_run(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), {})
    *inserts, head = capsys.readouterr().out.splitlines()
    assert len(inserts) == 5
    assert head == "197.6 mm through the middle, 2695.3 ml in all"
    for line in inserts:
        found, nominal = (float(number) for number in re.findall(r"-?\d+", line))
        assert abs(found - nominal) < 8, line
