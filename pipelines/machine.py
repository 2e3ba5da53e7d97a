"""What this machine has to give: memory, and room on a disk."""

import os
import shutil
from pathlib import Path

CGROUP_MEMORY = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says what a container may use: cgroups of version 2, and of version 1."""


def memory_bytes() -> int | None:
    """Memory that this machine, or the container this runs in, has; None where the system does not tell."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    here = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    allowed = [int(text) for path in CGROUP_MEMORY if path.is_file() and (text := path.read_text().strip()).isdigit()]
    return min(here, *allowed) if allowed else here


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder that is there, or is going to be."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
