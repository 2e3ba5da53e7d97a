"""An HTML page that needs nothing from anywhere: its style inside, light or dark as the reader's screen is."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from PIL import Image as Picture

from pipelines.sheet import png

PALETTE = 256
"""Colours of a picture in a page: enough for grey levels and labels, at a third of the bytes."""


def document(title: str, body: str, script: str = "") -> str:
    """The whole page. body and script are HTML; whatever a recipe or a dataset says must be escaped in them."""
    style = (files("pipelines.page") / "style.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>\n{style}</style></head>\n<body>\n{body}\n{script}</body></html>\n"
    )


def drawing(svg: str) -> str:
    """A plot as a file of its own: with the style of a page inside."""
    style = (files("pipelines.page") / "style.css").read_text(encoding="utf-8")
    head, rest = svg.split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>\n{style}</style>{rest}\n'


def table(heads: Iterable[str], rows: Iterable[tuple[Sequence[str], bool | None]]) -> str:
    """A table of text; a row whose second value is False is marked."""
    body = ((tuple(escape(cell) for cell in cells), good is False) for cells, good in rows)
    return table_of_html(heads, body)


def table_of_html(heads: Iterable[str], rows: Iterable[tuple[Sequence[str], bool]]) -> str:
    """A table whose cells are HTML already; a row whose second value is True is marked."""
    head = "".join(f"<th>{escape(word)}</th>" for word in heads)
    body = "\n".join(_row(cells, bad) for cells, bad in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>\n'


def section(name: str, title: str, *parts: str) -> str:
    """A part of the page that a link can name."""
    return f'<section id="{name}">\n<h2>{escape(title)}</h2>\n{"".join(parts)}\n</section>\n'


def card(title: str, *parts: str, note: str = "") -> str:
    """A plot with its title, one of several beside each other."""
    aside = f' <span class="soft">{escape(note)}</span>' if note else ""
    return f'<figure class="card"><figcaption>{escape(title)}{aside}</figcaption>{"".join(parts)}</figure>\n'


def cards(inside: Iterable[str], kind: str = "cards") -> str:
    """Cards beside each other, as many as the page is wide; kind "cards pairs": wide ones, two."""
    return f'<div class="{kind}">\n{"".join(inside)}</div>\n'


def more(summary: str, inside: str) -> str:
    """What a reader opens if it is wanted."""
    return f"<details><summary>{escape(summary)}</summary>\n{inside}</details>\n"


def picture(page: Picture.Image, alt: str) -> str:
    """A picture inside the page, as a PNG of 256 colours."""
    few = page.quantize(PALETTE, dither=Picture.Dither.NONE) if page.mode == "RGB" else page
    url = "data:image/png;base64," + base64.b64encode(png(few)).decode()
    return f'<img alt="{escape(alt)}" width="{page.width}" height="{page.height}" src="{url}">'


def _row(cells: Sequence[str], bad: bool) -> str:
    kind = ' class="bad"' if bad else ""
    return f"<tr{kind}>{''.join(map(_cell, cells))}</tr>"


def _cell(inside: str) -> str:
    number = inside[:1].isdigit() or (inside[:1] == "-" and inside[1:2].isdigit())
    return f'<td class="n">{inside}</td>' if number else f"<td>{inside}</td>"
