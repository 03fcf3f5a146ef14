"""The decision procedure against brute force, isl and an SMT solver; single questions.

`python -m tests.dims` prints how many questions were asked, and what was answered.
"""

from collections.abc import Callable
from typing import Any

import pytest

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
    at_least,
    divisible,
    equal,
)
from archspec.dims.search import Searched, search
from tests.dims.agreement import Agreement, agreement

# --- random questions ------------------------------------------------------------------------


def require(found: Agreement) -> None:
    assert found.faults == [], f"{found.faults[:5]}\n{found}"
    assert found.share("proven") > 0.15, str(found)
    assert found.share("refuted") > 0.15, str(found)
    assert found.share("unknown") < 0.02, str(found)
    for kind in ("equal", "divisible", "at_least"):
        assert sum(n for (k, _), n in found.verdicts.items() if k == kind) > found.total / 5


def test_agrees_with_all_oracles() -> None:
    found = agreement(seed=1, count=1_000, z3_every=20)
    require(found)
    assert found.asked["isl"] > 600
    assert found.asked["z3"] > 40


@pytest.mark.exhaustive
def test_agrees_with_all_oracles_at_length() -> None:
    found = agreement(seed=0, count=10_000, z3_every=5)
    require(found)
    assert found.asked["brute force"] > 9_800
    assert found.asked["isl"] > 6_000


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
    assert agreement(seed=1, count=300, z3_every=0).faults


def test_a_box_too_small_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_module, "period", lambda dim, name, modulus=1: 1)
    clear_caches()
    try:
        faults = agreement(seed=1, count=300, z3_every=0).faults
    finally:
        clear_caches()
    assert any(fault.startswith("isl") for fault in faults)
    assert any(fault.startswith("brute force") for fault in faults)


def test_a_counterexample_that_is_not_the_smallest_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = search

    def second(axes: Any, fails: Callable[[dict[str, int]], bool], *rest: int) -> Searched:
        first = right(axes, fails, *rest)
        again = right(axes, lambda values: fails(values) and values != first.found, *rest)
        return again if again.found is not None else first

    monkeypatch.setattr(decide_module, "search", second)
    clear_caches()
    try:
        faults = agreement(seed=1, count=300, z3_every=0).faults
    finally:
        clear_caches()
    assert any(fault.startswith("isl") for fault in faults)
    assert any(fault.startswith("brute force") for fault in faults)


def clear_caches() -> None:
    """Cached verdicts of the sound procedure would hide a planted mistake, and the other way."""
    decide_module._zero.cache_clear()
    decide_module._multiple.cache_clear()
    decide_module._nonnegative.cache_clear()


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
