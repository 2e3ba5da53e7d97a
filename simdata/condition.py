"""A condition on samples, as one says it: `age > 60 and lesion`, `scan.ct.kvp in (80, 100) and not spleen`.

Comparisons, `and`, `or`, `not`, brackets, numbers, texts and the names of facts; nothing is called and nothing is run.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from simdata.errors import DatasetError, did_you_mean
from simdata.facts import Facts, Known

LONGEST = 2000
"""Characters of a condition."""
Term = Callable[[Facts], Any]
"""Facts of a sample to the value of a part of the condition; None where it is not known."""

COMPARISONS: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda value, options: value in options,
    ast.NotIn: lambda value, options: value not in options,
}
WOULD_DO = 'a condition such as "age > 60 and lesion" or "scan.ct.kvp in (80, 100) and sex == \'female\'" would do'


def condition(text: str, known: Known) -> Callable[[Facts], bool]:
    """The condition that `text` says: facts of a sample to whether it holds.

    A name is a value (age, scan.ct.kvp), a kind of finding (its number; "lesion" is any), or a structure (whether it
    is there). What is not known of a sample meets no comparison and is not true. Raises DatasetError for what is no
    condition, and for a name that no sample of the dataset knows.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval") if len(text) <= LONGEST else None
        holds = _term(tree.body, text, known) if tree else None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as reason:
        raise _no_condition(text, getattr(reason, "msg", None) or str(reason)) from reason
    if holds is None:
        raise _no_condition(f"{text[:60]} ...", f"it is longer than {LONGEST} characters")
    return lambda facts: bool(holds(facts))


def _term(node: ast.expr, text: str, known: Known) -> Term:
    match node:
        case ast.BoolOp(op=op, values=values):
            terms = [_term(value, text, known) for value in values]
            together = all if isinstance(op, ast.And) else any
            return lambda facts: together(term(facts) for term in terms)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            term = _term(operand, text, known)
            return lambda facts: not term(facts)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            terms = [_term(value, text, known) for value in (left, *rights)]
            return partial(_compare, [COMPARISONS.get(type(op)) or _refuse(node, text) for op in ops], terms, text)
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return _fact(ast.unparse(node), known, text)
        case ast.Tuple() | ast.List() | ast.Set() | ast.Constant() | ast.UnaryOp(op=ast.USub()):
            value = ast.literal_eval(node)
            return lambda facts: value
    return _refuse(node, text)


def _compare(operators: list[Callable[[Any, Any], bool]], terms: list[Term], text: str, facts: Facts) -> bool:
    values = [term(facts) for term in terms]
    if any(value is None for value in values):
        return False
    try:
        return all(holds(a, b) for holds, a, b in zip(operators, values, values[1:], strict=False))
    except TypeError as reason:
        raise _no_condition(text, str(reason)) from reason


def _fact(name: str, known: Known, text: str) -> Term:
    if name in known.values:
        return lambda facts: facts.values.get(name)
    if name in known.kinds:
        return lambda facts: facts.findings.get(name, 0)
    if name in known.structures:
        return lambda facts: name in facts.structures
    if name in ("sex", "age", "height", "weight", "bmi"):
        raise _no_condition(text, f"the {name} of no patient is known")
    names = known.values | known.kinds | known.structures
    raise DatasetError(f"the condition '{text}': no sample has '{name}'; {_near(name, names)}")


def _near(name: str, names: frozenset[str]) -> str:
    """The nearest name; all would be hundreds, so a few where none is near."""
    hint = did_you_mean(name, names)
    if hint.startswith("did"):
        return hint
    return "age, sex, lesion, a kind of finding, a structure or a drawn value such as scan.ct.kvp would do"


def _refuse(node: ast.expr, text: str) -> Any:
    raise _no_condition(text, f"'{ast.unparse(node)}' is no part of a condition")


def _no_condition(text: str, found: str) -> DatasetError:
    return DatasetError(f"the condition '{text}': {found}; {WOULD_DO}")
