"""Random questions about sizes, as trees apart from Dim.

A tree is evaluated by plain integers and by solvers for the oracles, and built as Dims for the
procedure, so that a wrong rewrite of Dim shows as well as a wrong proof.
"""

import random
from dataclasses import dataclass

from archspec.dims import Dim, Domain, Domains, Verdict, at_least, divisible, equal

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

    @property
    def names(self) -> list[str]:
        """The sizes that stand on either side once it is simplified, in order."""
        return sorted(as_dim(self.left).symbols() | as_dim(self.right).symbols())

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
    names = rng.choice(["H", "H", "HW", "HWT"])
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
