"""`simdata parts`: what a recipe can be made of."""

from pipelines.options import Json, Plugins, allowed, say


def parts(plugins: Plugins = [], json: Json = False) -> None:  # noqa: B006
    """List every installed part by kind."""
    from pipelines.catalogue import installed_parts, kind_of

    found = [(kind_of(part), path, _first_line(part)) for path, part in installed_parts(allowed(plugins)).items()]
    widths = [max(map(len, column)) for column in list(zip(*found, strict=True))[:2]]
    lines = [f"{kind:<{widths[0]}} {path:<{widths[1]}} {about}" for kind, path, about in sorted(found)]
    say("\n".join(lines), {path: {"kind": kind, "about": about} for kind, path, about in found}, False, json)


def _first_line(part: type) -> str:
    """What its docstring begins with; nothing of what a dataclass without one gets by itself."""
    written = part.__doc__ or ""
    return "" if written.startswith(f"{part.__name__}(") else written.partition("\n")[0]
