"""The report of a study as one HTML page without scripts, that needs nothing from anywhere."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from PIL import Image as Picture

from pipelines.learn.study import tables
from pipelines.learn.study.findings import Findings
from pipelines.learn.study.plots import Curve, curves, law, whiskers
from pipelines.learn.study.runs import scaled
from pipelines.learn.study.verdict import summary
from pipelines.page.document import card, cards, document, more, picture, section, table
from pipelines.page.svg import number
from pipelines.plain import dump_yaml
from pipelines.progress import lasting

POINTS = 60
"""Of a drawn law."""
SMOOTH = 25
"""Points of a learning curve that is drawn."""
METHOD = (
    "Every arm learns for the same number of optimiser steps; all arms of a seed start from the same weights and have "
    "the same real images. Means are over test images and seeds. Intervals of 95 % come from a bootstrap over both "
    "(Owen 2007), widened by what Student's t says of few seeds; differences are paired, image by image and seed by "
    "seed. One seed says nothing of how another training would have gone, and one comparison in twenty errs by chance."
)


def page(
    found: Findings, recipe: Mapping[str, Any], examples: Picture.Image | None, versions: Mapping[str, str]
) -> str:
    """The whole page. recipe: as it was asked for, plain."""
    parts = {
        "scores": ("Dice and clDice", _scores(found)),
        "differences": ("What synthetic data changes", _table(tables.differences("", found.verdicts))),
        "scaling": ("Over the number of synthetic images", _scaling(found)),
        "robustness": ("On degraded images", _robustness(found)),
        "curves": ("Learning curves", _curves(found)),
        "examples": ("Examples", picture(examples, "test images under some arms") if examples else ""),
        "origin": ("Method and origin", _origin(recipe, versions)),
    }
    parts = {name: (title, inside) for name, (title, inside) in parts.items() if inside}
    links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, (title, _) in parts.items())
    body = _head(found) + f"<nav>{links}</nav>\n"
    return document("Study", body + "".join(section(name, title, inside) for name, (title, inside) in parts.items()))


def _head(found: Findings) -> str:
    tiles = {
        "test images": str(len(found.images)),
        "steps an arm": number(found.study.steps),
        "seeds": str(len(found.study.seeds)),
        "trainings": str(len(found.outcomes)),
        "learning time": lasting(sum(outcome.seconds for outcome in found.outcomes.values())),
    }
    inside = "".join(f'<div class="tile"><b>{escape(v)}</b><span>{name}</span></div>' for name, v in tiles.items())
    told = "".join(f"<p{_loud(sentence)}>{escape(sentence)}</p>" for sentence in summary(found.verdicts))
    unmet = "".join(f'<p class="wrong">{escape(sentence)}</p>' for sentence in found.unmet())
    return f'<h1>What synthetic data is worth</h1>{told}{unmet}<div class="tiles">{inside}</div>'


def _loud(sentence: str) -> str:
    return ' class="wrong"' if sentence.startswith("Synthetic data loses") else ""


def plots(found: Findings) -> dict[str, str]:
    """Dice and clDice over the number of real images, and Dice over that of synthetic ones, as SVG."""
    arms = list(dict.fromkeys(setting.arm for setting in found.compared))
    ks = [str(k) for k in sorted({setting.k for setting in found.compared})]
    made = {}
    for measure, name in tables.NAMES.items():
        series = {
            arm.replace("_", " "): {str(one.k): found.mean(one, measure) for one in found.compared if one.arm == arm}
            for arm in arms
        }
        made[measure] = whiskers(ks, series, "real images", f"{name} of {', '.join(arms)}")
    return made | ({"scaling": _law(found)} if scaled(found.study) else {})


def _scores(found: Findings) -> str:
    drawn = plots(found)
    over = cards([card(name, drawn[measure]) for measure, name in tables.NAMES.items()], "cards pairs")
    return over + "".join(_table(tables.scores(found, measure)) for measure in tables.NAMES)


def _law(found: Findings) -> str:
    points = [(point.synthetic, found.mean(point)) for point in scaled(found.study)]
    fitted: Curve = ()
    if found.scaling:
        few, many = (end(count for count, _ in points) for end in (min, max))
        fitted = [(n, 1 - found.scaling.law(n)) for n in np.geomspace(few, many, POINTS).tolist()]
    return law(points, fitted, "synthetic images", "Dice over the number of synthetic images")


def _scaling(found: Findings) -> str:
    if not scaled(found.study):
        return ""
    fitted, words = found.scaling, "Too few numbers of images for a power law."
    if fitted:
        words = (
            f"1 - Dice = {fitted.law.scale:.3g} n^-b + c with b = {fitted.exponent} and c = {fitted.floor}, which more "
            f"images of this kind would leave; the means miss the law by {fitted.misfit:.4f} (root mean square)."
        )
    plot = card("Dice", _law(found))
    return f"<p>{escape(words)}</p>" + cards([plot], "cards pairs") + _table(tables.curve(found))


def _robustness(found: Findings) -> str:
    if not found.study.degrade:
        return ""
    series = {
        tables.told_setting(one): {under: found.mean(one, under=under) for under in found.conditions}
        for one in found.compared
    }
    places = [under.replace("_", " ") for under in found.conditions]
    named = {name: {under.replace("_", " "): one for under, one in of.items()} for name, of in series.items()}
    plot = card("Dice", whiskers(places, named, "", f"Dice under {', '.join(places)}"))
    compared = _table(tables.robustness(found))
    return cards([plot], "cards pairs") + _table(tables.degraded(found)) + more("All comparisons", compared)


def _curves(found: Findings) -> str:
    lines = {
        f"{run.setting.name.replace('_', ' ')} | seed {run.seed}": _thinned(outcome.curve)
        for run, outcome in found.outcomes.items()
        if not run.setting.synthetic and outcome.curve
    }
    if not lines:
        return ""
    plot = card("loss, on what each arm learns from", curves(lines, "steps", "loss over steps"))
    return cards([plot], "cards pairs")


def _thinned(curve: Curve) -> Curve:
    """Means of so many pieces."""
    pieces = np.array_split(np.asarray(curve, float), min(SMOOTH, len(curve)))
    return [(float(x), float(y)) for x, y in (piece.mean(axis=0) for piece in pieces)]


def _origin(recipe: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    made = ", ".join(f"{package} {version}" for package, version in versions.items())
    words = f"<p>{escape(METHOD)}</p><p>Made by {escape(made)}.</p>"
    return words + more("The recipe", f"<pre>{escape(dump_yaml(dict(recipe)))}</pre>")


def _table(made: tables.Table) -> str:
    title = f"<h3>{escape(made.title)}</h3>" if made.title else ""
    return title + table(made.heads, [(row, n not in made.bad) for n, row in enumerate(made.rows)])
