"""The two files of a page: itself, and its figures as JSON beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.durable import write_whole
from simdata.errors import DatasetError

ENDING = ".html"


def check_page_name(out: Path) -> None:
    """Raises DatasetError if `out` is no name for a page, or lies in a folder that is not there."""
    if out.suffix != ENDING:
        raise DatasetError(f"{out}: a name that ends in {ENDING} would do")
    if not out.absolute().parent.is_dir():
        raise DatasetError(f"{out}: there is no folder {out.absolute().parent}; one that is there would do")


def write_page(out: Path, html: str, figures: Mapping[str, Any]) -> None:
    """Writes the page and its figures. Raises DatasetError if the disk refuses."""
    write_whole(out, html.encode())
    write_whole(out.with_suffix(".json"), (json.dumps(figures, indent=1) + "\n").encode())
