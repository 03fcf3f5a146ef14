"""Domains of sizes: their members, intersections and contradictions."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.dims import DimError, Domain, Domains


@st.composite
def any_domain(draw: st.DrawFn) -> Domain:
    modulus = draw(st.integers(1, 12))
    residues = draw(st.frozensets(st.integers(0, modulus - 1), max_size=modulus))
    lower = draw(st.integers(0, 9))
    upper = draw(st.none() | st.integers(0, 40))
    return Domain(lower, upper, modulus, residues)


quick = settings(derandomize=True, deadline=None, max_examples=200)


@quick
@given(any_domain(), any_domain())
def test_intersection_has_the_common_members(a: Domain, b: Domain) -> None:
    both = a.intersect(b)
    for value in range(300):
        assert (value in both) == (value in a and value in b)


@quick
@given(any_domain())
def test_members_come_in_order(domain: Domain) -> None:
    expected = [value for value in range(200) if value in domain]
    assert list(islice(domain, 5)) == expected[:5]
    assert domain.empty == (not expected)
    assert domain.smallest == (expected[0] if expected else None)


def test_conditions_meet() -> None:
    domains = Domains().with_residue("H", 4, 0).with_residue("H", 6, 2).with_lower("H", 10)
    assert domains["H"] == Domain(10, None, 12, frozenset({8}))
    assert domains.values("H", 3) == (20, 32, 44)
    assert {"H": 20, "W": 1} in domains
    assert {"H": 21} not in domains
    assert {"W": 0} not in domains
    assert list(domains) == ["H"]
    assert domains["W"] == Domain()


def test_order_of_conditions_does_not_matter() -> None:
    a = Domains().with_upper("W", 9).with_residue("H", 2, 1)
    b = Domains().with_residue("H", 2, 1).with_upper("W", 9)
    assert a == b
    assert hash(a) == hash(b)


def test_a_lower_bound_of_zero_stays() -> None:
    zero = Domains().replace("T", Domain(lower=0))
    assert zero.with_upper("T", 5)["T"].smallest == 0
    assert zero.with_residue("T", 4, 0)["T"].smallest == 0


@pytest.mark.parametrize(
    "domains",
    [
        Domains().with_residue("H", 4, 0).with_residue("H", 2, 1),
        Domains().with_lower("H", 5).with_upper("H", 4),
        Domains().with_residue("H", 16, 0).with_upper("H", 15),
        Domains().with_residue("H", 4, 7),
    ],
)
def test_contradictions(domains: Domains) -> None:
    assert domains.contradiction == "H"
    with pytest.raises(DimError, match="no value of `H`"):
        domains.smallest(frozenset({"H"}))


def test_no_contradiction() -> None:
    assert Domains().with_residue("H", 16, 0).with_upper("H", 16).contradiction is None


def test_residues_take_the_smallest_modulus() -> None:
    assert Domains().with_residues("H", 4, frozenset({1, 3}))["H"] == Domain(
        1, None, 2, frozenset({1})
    )
    assert Domains().with_residues("H", 6, frozenset(range(6)))["H"] == Domain()


def test_conditions_as_text() -> None:
    assert Domain(1, 512, 16).conditions("H") == ("H % 16 == 0", "H <= 512")
    assert Domain(3, None, 5, frozenset({4, 1})).conditions("H") == ("H % 5 in [1, 4]", "H >= 3")
    assert Domain(7, 7).conditions("H") == ("H == 7",)
    assert Domain().conditions("H") == ()


def test_bad_modulus() -> None:
    with pytest.raises(DimError, match="must be positive"):
        Domains().with_residue("H", 0, 0)


def test_too_many_residues() -> None:
    odd = frozenset(range(0, 509, 2))
    domains = Domains().with_residues("H", 509, odd)
    with pytest.raises(DimError, match="residues"):
        domains.with_residues("H", 521, frozenset(range(0, 521, 2))).with_residues(
            "H", 503, frozenset({1, 2, 4})
        )
