"""Arithmetic and normal forms of Dims."""

import copy
import gc
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec.dims.dim as dim_module
from archspec.dims import (
    Dim,
    DimError,
    Domains,
    Floor,
    Proven,
    Symbol,
    ceil_div,
    equal,
    parse_dim,
)

H, W, D, C = (Dim.symbol(name) for name in "HWDC")
VALUES = st.fixed_dictionaries({name: st.integers(0, 40) for name in "HWD"})

dims = st.recursive(
    st.one_of(st.sampled_from([H, W, D]), st.integers(-5, 9).map(Dim.of)),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, b: a * b, inner, st.one_of(inner, st.integers(-4, 4))),
        st.builds(lambda a, d: a // d, inner, st.integers(1, 9)),
        st.builds(lambda a, d: a % d, inner, st.integers(1, 9)),
    ),
    max_leaves=6,
)
quick = settings(derandomize=True, deadline=None, max_examples=150)


@quick
@given(dims, dims, dims, VALUES)
def test_operators_mean_what_they_do_on_integers(
    a: Dim, b: Dim, c: Dim, values: dict[str, int]
) -> None:
    x, y, z = (dim.evaluate(values) for dim in (a, b, c))
    assert (a + b).evaluate(values) == x + y
    assert (a - b).evaluate(values) == x - y
    assert (a * b).evaluate(values) == x * y
    assert (-a).evaluate(values) == -x
    assert (a**3).evaluate(values) == x**3
    assert (3 - a).evaluate(values) == 3 - x
    for d in (1, 2, 3, 4, 6, 16):
        assert (a // d).evaluate(values) == x // d
        assert (a % d).evaluate(values) == x % d
        assert ceil_div(a, d).evaluate(values) == -(-x // d)
    assert a + b is b + a
    assert a * b is b * a
    assert (a + b) + c is a + (b + c)
    assert (a * b) * c is a * (b * c)
    assert a * (b + c) is a * b + a * c
    assert a - a is Dim.of(0)
    assert z == c.evaluate(values)


def linear(low: int, high: int) -> st.SearchStrategy[Dim]:
    times = st.integers(low, high)
    return st.builds(lambda h, w, k: h * H + w * W + k, times, times, st.integers(-9, 9))


@quick
@given(linear(0, 1), linear(0, 1), st.integers(1, 6), st.integers(1, 6))
def test_nested_floors_flatten(a: Dim, x: Dim, b: int, d: int) -> None:
    assert a // b // d is a // (b * d)
    assert (a // b + x) // d is (a + x * b) // (b * d)


@quick
@given(linear(-9, 9), linear(-9, 9), st.integers(1, 6), st.integers(1, 6))
def test_nested_floors_are_proven_equal_where_they_have_two_forms(
    a: Dim, x: Dim, b: int, d: int
) -> None:
    assert equal(a // b // d, a // (b * d), Domains()) == Proven()
    assert equal((a // b + x) // d, (a + x * b) // (b * d), Domains()) == Proven()
    assert equal((x - a // b) // d, (x * b - a + b - 1) // (b * d), Domains()) == Proven()


@quick
@given(dims, st.integers(1, 6), st.integers(1, 6), st.integers(-9, 9))
def test_floors_have_one_form(a: Dim, b: int, d: int, k: int) -> None:
    assert (a * d + k) // d is a + k // d
    assert (a * b) // (b * d) is a // d
    assert (a + k * d) // d is a // d + k


@quick
@given(dims, dims, VALUES)
def test_substitution(a: Dim, b: Dim, values: dict[str, int]) -> None:
    replaced = {**values, "H": b.evaluate(values)}
    assert a.substitute({"H": b}).evaluate(values) == a.evaluate(replaced)
    assert a.substitute(values).const == a.evaluate(values)
    assert a.substitute({"unused": 3}) is a


@quick
@given(dims)
def test_text_reads_back(a: Dim) -> None:
    assert parse_dim(str(a)) is a


@quick
@given(dims, VALUES)
def test_text_is_a_python_expression(a: Dim, values: dict[str, int]) -> None:
    code = compile(str(a), "dim", "eval")
    assert eval(code, {}, dict(values)) == a.evaluate(values)


@quick
@given(dims)
def test_one_object_per_normal_form(a: Dim) -> None:
    rebuilt = Dim.of(0)
    for c, monomial in a.terms():
        product = Dim.of(c)
        for atom, power in monomial:
            base = Dim.symbol(atom.name) if isinstance(atom, Symbol) else atom.inner // atom.divisor
            product = product * base**power
        rebuilt = product + rebuilt
    assert rebuilt is a
    assert pickle.loads(pickle.dumps(a)) is a
    assert copy.deepcopy(a) is a
    assert copy.copy(a) is a


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (H // 16, "H//16"),
        (2 * (H // 16), "2*(H//16)"),
        (((H + 1) // 2 + 15) // 16, "(H + 31)//32"),
        (4 * D + 1, "4*D + 1"),
        (H % 2, "H % 2"),
        (3 * (H % 7) + 1, "3*(H % 7) + 1"),
        ((H - 1) // 2 + 1, "(H + 1)//2"),
        (-(-H // 16), "(H + 15)//16"),
        (-(H // 2), "-(H//2)"),
        (7 - H, "7 - H"),
        (W - H, "W - H"),
        (-H - W, "-H - W"),
        (H + (7 - H % 7) % 7, "7*((H + 6)//7)"),
        (H * W // 4, "H*W//4"),
        (2 * H // 3, "2*H//3"),
        (5 - 2 * (3 * H // 4), "5 - 2*(3*H//4)"),
        ((H // 2) * W, "W*(H//2)"),
        (D**2 * H - 3, "D**2*H - 3"),
        ((H // 2) ** 2, "(H//2)**2"),
        ((H - W) // 4, "(H - W)//4"),
        (Dim.of(-3), "-3"),
        (H - H, "0"),
    ],
)
def test_text(dim: Dim, text: str) -> None:
    assert str(dim) == text
    assert repr(dim) == f"Dim({text})"


def test_two_hundred_convolutions_stay_one_atom() -> None:
    size = H
    for i in range(200):
        stride = 2 if i % 40 == 39 else 1
        size = (size + 2 - 3) // stride + 1
    assert str(size) == "(H + 31)//32"
    for _ in range(200):
        size = (size + 2 - 3) // 2 + 1
    ((c, ((atom, power),)),) = size.terms()
    assert (c, power) == (1, 1)
    assert isinstance(atom, Floor)
    assert atom.divisor == 2**205


def test_exact_division_by_sizes() -> None:
    assert (3 * D) // D is Dim.of(3)
    assert (D * H) // H is D
    assert (3 * D * H) // (2 * H) is 3 * D // 2
    assert (D * H + H) // H is D + 1
    assert (H * H - W * W) // (H - W) is H + W
    assert (H * H - W * W) // (W - H) is -H - W
    assert (D * H) % H is Dim.of(0)
    assert 0 // H is Dim.of(0)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: D // H, "cannot divide `D` by `H`"),
        (lambda: (D * H + 1) % H, "must divide exactly"),
        (lambda: 3 // H, "cannot divide `3` by `H`"),
        (lambda: D // 0, "the divisor must be positive"),
        (lambda: D % -2, "the divisor must be positive"),
        (lambda: ceil_div(D, 0), "the divisor must be positive"),
        (lambda: D**-1, "negative power"),
        (lambda: D**65, "past 64"),
        (lambda: (D**40) * (D**40), "degree 80"),
        (lambda: Dim.of(2) ** 10**9, "too large"),
        (lambda: Dim.of(2**4000) * 2**4000, "bits"),
        (lambda: D * 2**4000 * 2**4000, "bits"),
        (lambda: D // 2**5000, "bits"),
        (lambda: D.evaluate({"H": 3}), "the size `D` has no value"),
        (lambda: parse_dim("H +"), "found `the end`"),
        (lambda: parse_dim("H $ 2"), "character 2"),
        (lambda: parse_dim("H 2"), "expected an operator"),
        (lambda: parse_dim("(H"), "closing parenthesis"),
        (lambda: parse_dim("2**H"), "expected a number as the power"),
        (lambda: parse_dim("(" * 5_000), "nested parentheses"),
        (lambda: parse_dim("9" * 5_000), "too long"),
        (lambda: parse_dim("1" * 200_000), "longer than"),
        (lambda: parse_dim(""), "expected a number, a name"),
    ],
)
def test_what_cannot_be_expressed(attempt: Callable[[], object], message: str) -> None:
    with pytest.raises(DimError, match=message):
        attempt()


@pytest.mark.parametrize("value", [True, 1.0, "H", None])
def test_only_integers_are_sizes(value: object) -> None:
    with pytest.raises(TypeError):
        Dim.of(value)  # type: ignore[arg-type]


def test_growth_is_bounded() -> None:
    many = sum((Dim.symbol(f"s{i}") for i in range(60)), Dim.of(1))
    with pytest.raises(DimError, match="terms"):
        _ = many * many * many

    def nest(size: Dim) -> None:
        for _ in range(1_000):
            size = (3 * size + 1) // 7

    with pytest.raises(DimError, match="nested divisions"):
        nest(H)


def test_immutable() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        H.const = 3
    with pytest.raises(TypeError):
        Dim()


def test_dims_that_nobody_holds_are_let_go() -> None:
    dim_module._floor.cache_clear()
    dim_module._add_constant.cache_clear()
    gc.collect()
    before = len(dim_module._TABLE), len(dim_module._SYMBOLS), len(dim_module._FLOORS)
    for i in range(2_000):
        _ = (Dim.symbol(f"x{i}") + 10**9 + i) // 3 + 2**70 + i
    dim_module._floor.cache_clear()
    dim_module._add_constant.cache_clear()
    gc.collect()
    after = len(dim_module._TABLE), len(dim_module._SYMBOLS), len(dim_module._FLOORS)
    assert all(b <= a + 10 for a, b in zip(before, after, strict=True))
