"""What a verdict is held against: brute force, Presburger arithmetic by isl, an SMT solver."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Final

import islpy as isl
import z3  # type: ignore[import-untyped]

from archspec.dims import Domain, Proven, Refuted, Unknown, Verdict
from tests.dims.questions import Question, Tree

Values = dict[str, int]

#: Points that brute force tries for one question.
MOST_POINTS: Final = 20_000
#: How far it looks where everything seems to hold, by the number of sizes.
FAR: Final = {0: 1, 1: 200, 2: 40, 3: 14}
#: Milliseconds that the SMT solver may take.
PATIENCE: Final = 300


# --- brute force -------------------------------------------------------------------------------


def ordered_points(question: Question, names: list[str], limit: int) -> Iterator[Values]:
    """All allowed points up to `limit` by their largest value, their sum, then value by value."""
    values = [[v for v in range(limit + 1) if v in question.domains[n]] for n in names]
    for largest in range(limit + 1) if names else [0]:
        upto = [[v for v in column if v <= largest] for column in values]
        shell = (p for p in product(*upto) if largest == max(p, default=0))
        for point in sorted(shell, key=lambda p: (sum(p), p)):
            yield dict(zip(names, point, strict=True))


def by_trying(question: Question, names: list[str], limit: int) -> Values | None:
    """The first point up to `limit` at which it fails."""
    unused = dict.fromkeys("HTW", 1)
    points = ordered_points(question, names, limit)
    return next((p for p in points if not question.holds({**unused, **p})), None)


def tried_fault(question: Question, verdict: Verdict) -> str | None:
    """What brute force finds wrong with a verdict; it looks at `MOST_POINTS` at most."""
    names = question.names
    match verdict:
        case Proven():
            found = by_trying(question, names, FAR[len(names)])
            return None if found is None else f"proven, but fails at {found}"
        case Refuted(counterexample):
            if sorted(counterexample) != names:
                return f"the counterexample {counterexample} is not about {names}"
            if counterexample not in question.domains:
                return f"the counterexample {counterexample} is not allowed"
            if question.holds({**dict.fromkeys("HTW", 1), **counterexample}):
                return f"it holds at {counterexample}"
            largest = max(counterexample.values(), default=0)
            if not verdict.smallest or prod(largest + 1 for _ in names) > MOST_POINTS:
                return None
            smallest = by_trying(question, names, largest)
            if smallest != counterexample:
                return f"refuted by {counterexample}, the smallest is {smallest}"
            return None
        case Unknown():
            return None


# --- Presburger arithmetic ---------------------------------------------------------------------


class NotAffine(Exception):
    """Sizes are multiplied with each other: no question for Presburger arithmetic."""


def _affine(tree: Tree, space: isl.LocalSpace) -> isl.Aff:
    match tree:
        case ("var", str(name)):
            position = space.find_dim_by_name(isl.dim_type.set, name)
            return isl.Aff.var_on_domain(space, isl.dim_type.set, position)
        case ("num", int(value)):
            return isl.Aff.val_on_domain(space.get_space(), isl.Val(value))
        case ("//", tuple(inner), int(d)):
            return _affine(inner, space).scale_down_val(isl.Val(d)).floor()
        case ("%", tuple(inner), int(d)):
            return _affine(inner, space).mod_val(isl.Val(d))
        case ("*", tuple(a), tuple(b)):
            left, right = _affine(a, space), _affine(b, space)
            if not (left.is_cst() or right.is_cst()):
                raise NotAffine
            return left.mul(right)
        case ("+", tuple(a), tuple(b)):
            return _affine(a, space).add(_affine(b, space))
        case ("-", tuple(a), tuple(b)):
            return _affine(a, space).sub(_affine(b, space))
    raise AssertionError(tree)


def _failing(question: Question, names: list[str]) -> isl.Set:
    """All counterexamples, however large; raises `NotAffine`."""
    space = isl.Space.set_alloc(isl.DEFAULT_CONTEXT, 0, len(names))
    for position, name in enumerate(names):
        space = space.set_dim_name(isl.dim_type.set, position, name)
    local = isl.LocalSpace.from_space(space)
    left = _affine(_known(question.left, names), local)
    right = _affine(_known(question.right, names), local)
    match question.kind:
        case "equal":
            fails = left.ne_set(right)
        case "divisible":
            _, divisor = question.right
            assert isinstance(divisor, int)
            fails = left.mod_val(isl.Val(divisor)).ne_set(isl.Aff.zero_on_domain(local))
        case _:
            fails = left.lt_set(right)
    allowed = [_allowed(name, question.domains[name]) for name in names]
    return fails.intersect(_points(names, " and ".join(allowed) or "true"))


def _points(names: list[str], condition: str) -> isl.Set:
    return isl.Set(f"{{ [{', '.join(names)}] : {condition} }}")


def _smaller(names: list[str], point: Mapping[str, int]) -> isl.Set:
    """The points before `point`: by largest value, then sum, then value by value."""
    largest, total = max(point.values(), default=0), sum(point.values())
    bound = " and ".join(f"{name} <= {largest}" for name in names)
    sizes = " + ".join(names)
    ways = [" and ".join(f"{name} < {largest}" for name in names), f"{bound} and {sizes} < {total}"]
    for i, name in enumerate(names):
        same = " and ".join(f"{n} = {point[n]}" for n in names[:i]) or "true"
        ways.append(f"{bound} and {sizes} = {total} and {same} and {name} < {point[name]}")
    return _points(names, " or ".join(f"({way})" for way in ways))


def _known(tree: Tree, names: list[str]) -> Tree:
    """The tree with 1 for every size that cancels."""
    match tree:
        case ("var", str(name)) if name not in names:
            return ("num", 1)
        case (str(op), tuple(a), tuple(b)):
            return (op, _known(a, names), _known(b, names))
        case (str(op), tuple(a), int(d)):
            return (op, _known(a, names), d)
        case _:
            return tree


def _allowed(name: str, domain: Domain) -> str:
    options = " or ".join(f"{name} mod {domain.modulus} = {r}" for r in sorted(domain.residues))
    upper = "" if domain.upper is None else f" and {name} <= {domain.upper}"
    return f"{name} >= {domain.lower}{upper} and ({options})"


def isl_fault(question: Question, verdict: Verdict) -> str | None:
    """What is wrong with a verdict; raises `NotAffine`.

    Sets are only asked whether they are empty: of some that are not, `lexmin` finds no point.
    """
    names = question.names
    fails = _failing(question, names)
    match verdict:
        case Proven():
            return None if fails.is_empty() else f"proven, but isl finds {fails.sample_point()}"
        case Refuted(counterexample, smallest):
            here = " and ".join(f"{n} = {v}" for n, v in counterexample.items()) or "true"
            if fails.intersect(_points(names, here)).is_empty():
                return f"it holds at {counterexample}"
            before = fails.intersect(_smaller(names, counterexample)) if names else None
            if smallest and before is not None and not before.is_empty():
                return f"refuted by {counterexample}, isl finds {before.sample_point()}"
            return None
        case Unknown():
            return None


# --- an SMT solver -----------------------------------------------------------------------------


def as_z3(tree: Tree) -> z3.ArithRef:
    match tree:
        case ("var", str(name)):
            return z3.Int(name)
        case ("num", int(value)):
            return z3.IntVal(value)
        case ("//", tuple(inner), int(d)):
            return as_z3(inner) / d
        case ("%", tuple(inner), int(d)):
            return as_z3(inner) % d
        case ("*", tuple(a), tuple(b)):
            return as_z3(a) * as_z3(b)
        case ("+", tuple(a), tuple(b)):
            return as_z3(a) + as_z3(b)
        case ("-", tuple(a), tuple(b)):
            return as_z3(a) - as_z3(b)
    raise AssertionError(tree)


def by_z3(question: Question) -> bool | None:
    """Whether there is a counterexample; None where the solver gives up."""
    left, right = as_z3(question.left), as_z3(question.right)
    solver = z3.Solver()
    solver.set("timeout", PATIENCE)
    for name in question.names:  # what cancels may have any value, or none
        domain, x = question.domains[name], z3.Int(name)
        solver.add(x >= domain.lower)
        if domain.upper is not None:
            solver.add(x <= domain.upper)
        solver.add(z3.Or([x % domain.modulus == r for r in domain.residues]))
    match question.kind:
        case "equal":
            solver.add(left != right)
        case "divisible":
            solver.add(left % right != 0)
        case _:
            solver.add(left < right)
    result = solver.check()
    return None if result == z3.unknown else bool(result == z3.sat)


def z3_fault(question: Question, verdict: Verdict) -> str | None:
    """What is wrong with a verdict; None where the solver agrees, or gives up."""
    exists = by_z3(question)
    if exists is None or isinstance(verdict, Unknown):
        return None
    if exists == isinstance(verdict, Refuted):
        return None
    return f"{verdict}, but z3 says {'sat' if exists else 'unsat'}"
