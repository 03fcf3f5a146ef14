"""Trials of the functions that choose by index, sample images, or are made of complex numbers."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.layers import draws as st
from tests.layers import functions_cases as c
from tests.layers.case import Case, T
from tests.layers.draws import Draw, Gen
from tests.layers.functions_cases import calls, sequence, several, tensors
from tests.layers.functions_reference import Reference, Trial

COMPLEX = st.sampled_from(("complex64", "complex64", "complex64", "float", "int"))
EITHER = st.sampled_from(("complex64", "complex64", "float", "float", "int"))


@st.composite
def gathers(draw: Draw) -> Case:
    """Along one axis of 4 or more, so that each index exists; others are longer now and then."""
    dim = draw(st.integers(0, 2))
    shape = [draw(st.integers(1, 4)) for _ in range(draw(st.integers(1, 3)))]
    index = [draw(st.integers(1, size)) for size in shape]
    if dim < len(shape):
        shape[dim], index[dim] = draw(st.integers(4, 6)), draw(st.integers(1, 7))
    if draw(st.integers(0, 2)) == 0:
        at = draw(st.integers(0, len(index) - 1))
        index[at] += draw(st.integers(0, 3))
    if len(index) > 1 and draw(st.integers(0, 7)) == 0:
        index = index[1:]
    dtype = draw(st.sampled_from((*("int",) * 5, "float", "bool")))
    return Case((T(tuple(shape), draw(c.ANY_DTYPE)), T(tuple(index), dtype)), {"dim": dim})


@st.composite
def grids(draw: Draw) -> Case:
    axes = draw(st.sampled_from((2, 2, 3)))
    image = [draw(st.integers(1, 3)) for _ in range(axes + 2)]
    grid = [image[0], *(draw(st.integers(1, 3)) for _ in range(axes)), axes]
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(grid) - 1))
        grid[at] = draw(st.integers(1, 3))
    if draw(st.integers(0, 9)) == 0:
        grid = grid[1:]
    arguments: dict[str, Any] = {"align_corners": draw(st.booleans())}
    modes = ("bilinear", "nearest", "bicubic", "cubic")
    arguments |= draw(
        c.given({"mode": st.sampled_from(modes),
                 "padding_mode": st.sampled_from(("zeros", "border", "reflection"))})
    )  # fmt: skip
    return Case((T(tuple(image), draw(c.FLOATS)), T(tuple(grid))), arguments)


@st.composite
def maps(draw: Draw) -> Case:
    axes = draw(st.sampled_from((2, 2, 3)))
    size = [draw(st.integers(1, 3)), *(draw(st.integers(2, 4)) for _ in range(axes + 1))]
    theta = [size[0], axes, axes + 1]
    if draw(st.integers(0, 3)) == 0:
        theta[draw(st.integers(0, 2))] = draw(st.integers(1, 4))
    if draw(st.integers(0, 3)) == 0:
        size[draw(st.integers(0, axes + 1))] = draw(st.sampled_from((-1, 0, 2, 3)))
    if draw(st.integers(0, 9)) == 0:
        size = size[1:]
    arguments = {"size": tuple(size), "align_corners": draw(st.booleans())}
    return Case((T(tuple(theta), draw(c.FLOATS)),), arguments)


@st.composite
def pairs(draw: Draw) -> Case:
    shape = tuple(draw(st.integers(1, 5)) for _ in range(draw(st.integers(1, 3))))
    last = draw(st.sampled_from((2, 2, 2, 2, 2, 1, 3)))
    return Case((T((*shape, last), draw(c.FLOATS)),))


def _fourier(name: str) -> Reference:
    transform: Any = getattr(torch.fft, name)

    def reference(x: tuple[Tensor, ...], a: Mapping[str, Any]) -> Any:
        return transform(*x, **{k: tuple(v) if isinstance(v, list) else v for k, v in a.items()})

    return reference


def _plain(f: Any) -> Reference:
    return lambda x, a: f(*x, **a)


def _trials() -> dict[str, Trial]:
    trials = {
        "gather": Trial(gathers(), lambda x, a: torch.gather(x[0], a["dim"], x[1])),
        "grid_sample": Trial(grids(), _plain(F.grid_sample)),
        "affine_grid": Trial(maps(), _plain(F.affine_grid)),
        "view_as_complex": Trial(pairs(), _plain(torch.view_as_complex)),
    }

    def add(names: str, cases: Gen[Case]) -> None:
        for name in names.split():
            trials[name] = Trial(cases, _plain(getattr(torch, name)))

    ordered: dict[str, Any] = {"dim": c.DIM, "descending": st.booleans()}
    add("sort argsort", calls(tensors(1, 2, c.FLOATS), **ordered))
    add(
        "topk",
        calls(
            tensors(1, 3, c.FLOATS),
            ("k",),
            k=st.integers(0, 4),
            dim=st.integers(-3, 2),
            largest=st.booleans(),
            sorted=st.just(True),
        ),
    )
    add("diff", calls(tensors(1, 3), dim=st.integers(-3, 2)))
    add("complex polar", several(ranks=(0, 3), dtypes=c.FLOATS).map(Case))
    add("real imag angle view_as_real conj", tensors(0, 4, COMPLEX).map(lambda x: Case((x,))))
    one: dict[str, Any] = {"n": st.integers(0, 5), "dim": c.DIM}
    two: dict[str, Any] = {
        "s": sequence(st.integers(0, 4), 2, 2),
        "dim": sequence(st.integers(-3, 2), 2, 2),
    }
    norm = st.sampled_from((None, "forward", "backward", "ortho", "none"))
    for name in ("fft", "ifft", "rfft", "irfft"):
        kinds = c.FLOATS if name == "rfft" else EITHER
        both = calls(tensors(1, 3, kinds), norm=norm, **one)
        trials[name] = Trial(both, _fourier(name))
        both = calls(tensors(2, 3, kinds), norm=norm, **two)
        trials[f"{name}2"] = Trial(both, _fourier(f"{name}2"))
    floats = tensors(0, 4, st.sampled_from(("float", "int", "bool"))).map(lambda x: Case((x,)))
    add("tan asin acos atan sinh cosh erfc exp2 log10 trunc isnan isinf isfinite", floats)
    return trials


TRIALS = _trials()
