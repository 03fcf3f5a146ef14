"""Inferred conditions against trying every size."""

import random
from dataclasses import dataclass
from typing import Literal

from archspec.dims import Dim, Domains, satisfying_residues


@dataclass(frozen=True)
class Claim:
    kind: Literal["equal", "divisible", "at_least"]
    left: Dim
    right: Dim


def random_chain(rng: random.Random, size: Dim) -> Dim:
    """Halvings and doublings that may lead back to the size."""
    for _ in range(rng.randint(1, 3)):
        kernel, stride, padding = rng.choice([(2, 2, 0), (3, 2, 1), (3, 1, 1), (3, 3, 0)])
        size = (size + 2 * padding - kernel) // stride + 1
        if rng.random() < 0.6:
            size = size * stride
    return size


def random_claim(rng: random.Random) -> Claim:
    size = Dim.symbol("H")
    if rng.random() < 0.4:
        divisor = Dim.of(rng.choice([2, 3, 4, 6]))
        return Claim("divisible", random_chain(rng, size) * rng.choice([1, 1, 2]), divisor)
    return Claim("equal", random_chain(rng, size), random_chain(rng, size))


def holds(claim: Claim, size: int) -> bool:
    left, right = (dim.evaluate({"H": size}) for dim in (claim.left, claim.right))
    return left == right if claim.kind == "equal" else left % right == 0


def test_residues_against_trying_every_size() -> None:
    rng = random.Random(3)
    kinds = set()
    for _ in range(80):
        claims = [random_claim(rng) for _ in range(rng.randint(1, 2))]
        found = satisfying_residues(claims, "H", Domains())
        assert found is not None
        # what is linear in a class and holds at two sizes of it holds for all
        period = 864  # of three strides and a divisor
        good = {
            size % period
            for size in range(period, 2 * period)
            if all(
                holds(c, k) for c in claims for k in range(size % period or period, 2600, period)
            )
        }
        assert {size % period for size in range(period, 2 * period) if size in found} == good, (
            claims
        )
        smaller = [m for m in range(1, found.modulus) if found.modulus % m == 0]
        assert not any(
            len({r % m for r in found.residues}) * (found.modulus // m) == len(found.residues)
            for m in smaller
        )
        kinds.add((found.empty, found.modulus > 1))
    assert len(kinds) == 3
