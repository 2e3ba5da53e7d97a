"""Every error a user can meet: it says where, what was found and what would do."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 20
"""That a message lists: what is longer nobody reads."""


class SimdataError(Exception):
    """The root of all errors that simdata raises on purpose."""


class RecipeError(SimdataError):
    """A recipe, a part or a parameter that cannot be built."""


class SceneError(SimdataError):
    """A patient that contradicts itself, or a file that cannot become one."""


class DatasetError(SimdataError):
    """A dataset folder that cannot be written, read or trusted."""


class BackendError(SimdataError):
    """A device that was asked for and is not there."""


def did_you_mean(word: object, options: Iterable[str]) -> str:
    """What would do instead of `word`: the nearest option, or all of them, the first where they are many."""
    names = sorted(options)
    near = get_close_matches(str(word), names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    if not names:
        return "nothing is available here"
    some = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"choose from: {', '.join(names[:MOST_NAMES])}{some}"


def noted(error: BaseException) -> str:
    """What was noted of an error on its way, such as the stage of the run, for the end of its message."""
    notes = ", ".join(getattr(error, "__notes__", ()))
    return f" ({notes})" if notes else ""
