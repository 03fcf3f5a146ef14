"""The decision procedure against brute force and an SMT solver, on expressions apart from Dim.

A random tree is evaluated by plain integers for the oracle, and built as Dims for the procedure, so
a wrong rewrite of Dim shows here as well as a wrong proof.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest
import z3  # type: ignore[import-untyped]

import archspec.dims.decide as decide_module
import archspec.dims.dim as dim_module
from archspec.dims import (
    Dim,
    DimError,
    Domain,
    Domains,
    Proven,
    Refuted,
    Unknown,
    Verdict,
    at_least,
    divisible,
    equal,
)

# --- random questions ------------------------------------------------------------------------

Tree = tuple[object, ...]


def random_tree(rng: random.Random, names: str, depth: int) -> Tree:
    if depth == 0 or rng.random() < 0.15:
        return ("var", rng.choice(names)) if rng.random() < 0.75 else ("num", rng.randint(-3, 6))
    pick = rng.random()
    inner = random_tree(rng, names, depth - 1)
    if pick < 0.40:
        return ("//", inner, rng.choice([2, 2, 2, 3, 4]))
    if pick < 0.48:
        return ("%", inner, rng.choice([2, 3, 4]))
    if pick < 0.60:
        return ("*", inner, ("num", rng.choice([-1, 2, 2, 3, 4])))
    if pick < 0.68:
        return ("*", inner, ("var", rng.choice(names)))
    return (
        rng.choice("+-"),
        inner,
        random_tree(rng, names, depth - 1)
        if rng.random() < 0.4
        else ("num", rng.choice([1, 1, 2, 3])),
    )


def as_dim(tree: Tree) -> Dim:
    match tree:
        case ("var", str(name)):
            return Dim.symbol(name)
        case ("num", int(value)):
            return Dim.of(value)
        case ("//", tuple(inner), int(d)):
            return as_dim(inner) // d
        case ("%", tuple(inner), int(d)):
            return as_dim(inner) % d
        case ("*", tuple(a), tuple(b)):
            return as_dim(a) * as_dim(b)
        case ("+", tuple(a), tuple(b)):
            return as_dim(a) + as_dim(b)
        case ("-", tuple(a), tuple(b)):
            return as_dim(a) - as_dim(b)
    raise AssertionError(tree)


def as_int(tree: Tree, values: dict[str, int]) -> int:
    match tree:
        case ("var", str(name)):
            return values[name]
        case ("num", int(value)):
            return value
        case ("//", tuple(inner), int(d)):
            return as_int(inner, values) // d
        case ("%", tuple(inner), int(d)):
            return as_int(inner, values) % d
        case ("*", tuple(a), tuple(b)):
            return as_int(a, values) * as_int(b, values)
        case ("+", tuple(a), tuple(b)):
            return as_int(a, values) + as_int(b, values)
        case ("-", tuple(a), tuple(b)):
            return as_int(a, values) - as_int(b, values)
    raise AssertionError(tree)


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


def rewritten(rng: random.Random, tree: Tree) -> Tree:
    """A tree of the same value, often; so that true equalities come up."""
    match tree:
        case ("//", tuple(inner), 4):
            return ("//", ("//", rewritten(rng, inner), 2), 2)
        case ("//", tuple(inner), int(d)):
            times = rng.choice([1, 2, 3])
            return ("//", ("*", rewritten(rng, inner), ("num", times)), d * times)
        case ("%", tuple(inner), int(d)):
            return ("-", rewritten(rng, inner), ("*", ("//", inner, d), ("num", d)))
        case ("+", tuple(a), tuple(b)):
            return ("+", rewritten(rng, b), rewritten(rng, a))
        case ("var", str()) if rng.random() < 0.5:
            d = rng.choice([2, 3])
            if d == 2:
                return ("+", ("//", tree, 2), ("//", ("+", tree, ("num", 1)), 2))
            return ("+", ("*", ("//", tree, 3), ("num", 3)), ("%", tree, 3))
    return tree


def random_domain(rng: random.Random) -> Domain:
    modulus = rng.choice([1, 1, 1, 2, 4, 6])
    residues = frozenset(rng.sample(range(modulus), rng.randint(1, min(2, modulus))))
    lower = rng.choice([1, 1, 1, 0, 3, 7])
    upper = rng.choice([None, None, None, lower + rng.randint(0, 20)])
    return Domain(lower, upper, modulus, residues)


@dataclass(frozen=True)
class Question:
    kind: str
    left: Tree
    right: Tree
    domains: Domains

    def ask(self) -> Verdict:
        procedure = {"equal": equal, "divisible": divisible, "at_least": at_least}[self.kind]
        return procedure(as_dim(self.left), as_dim(self.right), self.domains)

    def holds(self, values: dict[str, int]) -> bool:
        left, right = as_int(self.left, values), as_int(self.right, values)
        match self.kind:
            case "equal":
                return left == right
            case "divisible":
                return right != 0 and left % right == 0
        return left >= right


def random_question(rng: random.Random) -> Question:
    names = rng.choice(["H", "H", "HW"])
    kind = rng.choice(["equal", "equal", "divisible", "at_least"])
    left = random_tree(rng, names, 3)
    right = random_tree(rng, names, 2)
    if kind == "equal" and rng.random() < 0.6:
        right = rewritten(rng, left)
    elif kind == "divisible":
        right = ("num", rng.choice([2, 3, 4, 6, 8]))
        if rng.random() < 0.4:
            left = ("*", left, ("num", rng.choice([2, 4])))
    elif kind == "at_least" and rng.random() < 0.5:
        right = ("-", rewritten(rng, left), ("num", rng.randint(-1, 3)))
    return Question(kind, left, right, Domains.of({n: random_domain(rng) for n in names}))


# --- the oracle ------------------------------------------------------------------------------


def ordered_points(names: list[str], domains: Domains, limit: int) -> Iterator[dict[str, int]]:
    """All points up to `limit` in the documented order."""
    values = [[v for v in range(limit + 1) if v in domains[n]] for n in names]
    points = product(*values)
    for point in sorted(points, key=lambda p: (max(p, default=0), sum(p), p)):
        yield dict(zip(names, point, strict=True))


def brute_force(question: Question, names: list[str], limit: int) -> dict[str, int] | None:
    unused = dict.fromkeys("HW", 1)
    for values in ordered_points(names, question.domains, limit):
        if not question.holds({**unused, **values}):
            return values
    return None


def fault(question: Question) -> str | None:
    """What is wrong with the verdict on `question`, or None."""
    verdict = question.ask()
    names = sorted(as_dim(question.left).symbols() | as_dim(question.right).symbols())
    limit = 60 if len(names) < 2 else 26
    match verdict:
        case Proven():
            found = brute_force(question, names, limit)
            return None if found is None else f"proven, but fails at {found}"
        case Refuted(counterexample):
            if sorted(counterexample) != names:
                return f"the counterexample {counterexample} is not about {names}"
            if counterexample not in question.domains:
                return f"the counterexample {counterexample} is not allowed"
            if not verdict.smallest:
                full = {**dict.fromkeys("HW", 1), **counterexample}
                return "it is none" if question.holds(full) else None
            smallest = brute_force(question, names, max(counterexample.values(), default=0))
            if smallest != counterexample:
                return f"refuted by {counterexample}, the smallest is {smallest}"
            return None
        case Unknown():
            return None


def run(seed: int, count: int) -> tuple[dict[type, int], list[str]]:
    rng = random.Random(seed)
    tally: dict[type, int] = {}
    faults = []
    for _ in range(count):
        question = random_question(rng)
        found = fault(question)
        if found:
            faults.append(f"{question}: {found}")
        kind = type(question.ask())
        tally[kind] = tally.get(kind, 0) + 1
    return tally, faults


def check(seed: int, count: int) -> None:
    tally, faults = run(seed, count)
    assert faults == []
    assert tally[Proven] > count * 0.15
    assert tally[Refuted] > count * 0.15
    assert tally.get(Unknown, 0) < count * 0.02


def test_agrees_with_brute_force() -> None:
    check(seed=1, count=1_000)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(100, 110))
def test_agrees_with_brute_force_at_length(seed: int) -> None:
    check(seed, count=1_000)


# --- the SMT solver --------------------------------------------------------------------------


def z3_counterexample_exists(question: Question) -> bool | None:
    left, right = as_z3(question.left), as_z3(question.right)
    solver = z3.Solver()
    solver.set("timeout", 2_000)
    for name in "HW":
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


def test_agrees_with_an_smt_solver() -> None:
    rng = random.Random(7)
    compared = 0
    for _ in range(150):
        question = random_question(rng)
        # multiplied sizes send the solver away for good
        if len(as_dim(question.left).symbols() | as_dim(question.right).symbols()) > 1:
            continue
        if max(as_dim(question.left).degree("H"), as_dim(question.right).degree("H")) > 1:
            continue
        if any(question.domains[name].empty for name in question.domains):
            continue
        exists = z3_counterexample_exists(question)
        verdict = question.ask()
        if exists is None or isinstance(verdict, Unknown):
            continue
        compared += 1
        assert isinstance(verdict, Refuted) == exists, question
    assert compared > 60


# --- the harness catches planted mistakes ----------------------------------------------------


def wrong_flattening(right: Callable[[Dim, int], Dim]) -> Callable[[Dim, int], Dim]:
    """floor((floor(p/b) + k)/d) flattened as if k did not grow by b."""

    def floor(p: Dim, d: int) -> Dim:
        terms = p.terms()
        if len(terms) == 2 and terms[0][0] == 1 and len(terms[0][1]) == 1 and not terms[1][1]:
            atom, power = terms[0][1][0]
            if isinstance(atom, dim_module.Floor) and power == 1:
                return right(atom.inner + terms[1][0], atom.divisor * d)
        return right(p, d)

    return floor


def wrong_whole_part(right: Callable[[Dim, int], Dim]) -> Callable[[Dim, int], Dim]:
    """floor((2*Q + 1)/2) taken to be Q + 1."""
    return lambda p, d: right(p + 1, d) if d == 2 and len(p.terms()) > 2 else right(p, d)


@pytest.mark.parametrize("plant", [wrong_flattening, wrong_whole_part])
def test_a_wrong_rewrite_is_caught(
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[Callable[[Dim, int], Dim]], Callable[[Dim, int], Dim]],
) -> None:
    monkeypatch.setattr(dim_module, "_floor", plant(dim_module._floor))
    _, faults = run(seed=1, count=300)
    assert faults


def test_a_box_too_small_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    # a cached verdict of the sound procedure would hide it
    decide_module._zero.cache_clear()
    monkeypatch.setattr(decide_module, "period", lambda dim, name, modulus=1: 1)
    try:
        _, faults = run(seed=1, count=300)
    finally:
        decide_module._zero.cache_clear()
        decide_module._multiple.cache_clear()
        decide_module._nonnegative.cache_clear()
    assert faults


# --- single questions ------------------------------------------------------------------------

H, W, T = Dim.symbol("H"), Dim.symbol("W"), Dim.symbol("T")
ANY = Domains()


def test_order_of_counterexamples() -> None:
    # (1, 5) has the smaller sum, (3, 3) the smaller maximum
    assert equal((H - 1) * (W - 1) // 4, 0, ANY) == Refuted({"H": 3, "W": 3})
    # equal maxima: the smaller sum, then the smaller H
    assert equal(H, W, ANY) == Refuted({"H": 1, "W": 2})
    # a size that cancels has its smallest value, and counts in the order
    big = ANY.with_lower("T", 9)
    assert equal(H + T, W + T, big) == Refuted({"H": 1, "T": 9, "W": 2})


def test_bounds_far_away_are_found_exactly() -> None:
    assert at_least(131072, T, ANY) == Refuted({"T": 131073})
    assert at_least(131072, T, ANY.with_upper("T", 131072)) == Proven()
    assert at_least(10**12, H * H, ANY) == Refuted({"H": 10**6 + 1})
    odd = ANY.with_residue("H", 2, 1)
    assert at_least(100_000, 3 * (H // 2), odd) == Refuted({"H": 66_669})


def test_empty_domains_prove_everything() -> None:
    none = ANY.with_lower("H", 5).with_upper("H", 4)
    assert equal(H, 7, none) == Proven()
    assert divisible(H, 7, none) == Proven()
    assert at_least(H, 7, none) == Proven()
    assert at_least(W, 7, none) == Refuted({"W": 1})
    assert equal(H + W, H + W + 1, none) == Proven()


def test_symbolic_divisors() -> None:
    heads = Dim.symbol("heads")
    assert divisible(H * heads, heads, ANY) == Proven()
    assert divisible(H, heads, ANY) == Refuted({"H": 1, "heads": 2})
    assert divisible(H, heads, ANY.with_value("heads", 8)) == Refuted({"H": 1, "heads": 8})
    assert divisible(H * heads, heads, ANY.replace("heads", Domain(lower=0))) == Refuted(
        {"H": 1, "heads": 0}
    )
    assert isinstance(divisible(H, 0, ANY), Refuted)


def test_too_many_classes_are_unknown() -> None:
    third = (H // 64) * (W // 64) * (T // 64)
    almost = ((H + 32) // 64 + H // 64 - H // 32) * third
    verdict = equal(almost, 0, ANY)
    assert isinstance(verdict, Unknown)
    assert "262,144 cases" in verdict.reason


def test_products_past_the_limits_are_unknown() -> None:
    power = H**40
    assert isinstance(equal(power * W, power, ANY), Refuted)
    with pytest.raises(DimError, match="degree 80"):
        _ = power * power
