"""For each tensor function: how its calls are generated, and what torch itself computes."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.layers import draws as st
from tests.layers import functions_cases as c
from tests.layers.case import Case, T
from tests.layers.draws import Draw, Gen
from tests.layers.functions_cases import calls, sequence, several, shapes, sources, tensors

Arguments = Mapping[str, Any]
Reference = Callable[[tuple[Tensor, ...], dict[str, Any]], Any]

DTYPES = {
    "float": torch.float32,
    "int": torch.int64,
    "bool": torch.bool,
    "float16": torch.float16,
    "int8": torch.int8,
    "int32": torch.int32,
    "complex64": torch.complex64,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """Generated calls of a function, and its reference."""

    cases: Gen[Case]
    reference: Reference


def _operator(op: Callable[[Any, Any], Any]) -> Reference:
    def reference(x: tuple[Tensor, ...], a: dict[str, Any]) -> Any:
        if "other" in a:
            pair = (a["other"], x[0]) if a.get("reflected") else (x[0], a["other"])
            if len(x) > 1:
                raise TypeError("a tensor and a number")
            return op(*pair)
        if len(x) < 2:
            raise TypeError("one operand")
        return reduce(op, x)

    return reference


def _plain(f: Callable[..., Any]) -> Reference:
    return lambda x, a: f(*x, **a)


def _lists(f: Callable[..., Any]) -> Reference:
    """For functions that take tuples where specs have lists."""
    return lambda x, a: f(*x, **{k: tuple(v) if isinstance(v, list) else v for k, v in a.items()})


def _reduced(f: Callable[..., Any]) -> Reference:
    """torch takes `keepdim` without `dim` in some functions only: all axes are named here."""

    def reference(x: tuple[Tensor, ...], a: dict[str, Any]) -> Any:
        if a.get("dim") is None and "keepdim" in a:
            a = {**a, "dim": tuple(range(x[0].dim()))}
        return _lists(f)(x, a)

    return reference


def _joined(f: Callable[..., Any]) -> Reference:
    return lambda x, a: f(x, **a)


def _combined(reduction: Callable[..., Any], pair: Callable[..., Any]) -> Reference:
    def reference(x: tuple[Tensor, ...], a: dict[str, Any]) -> Any:
        if len(x) == 1:
            return _reduced(reduction)(x, a)
        if a.get("dim") is not None or a.get("keepdim"):
            raise TypeError("axes of several tensors")
        return pair(x)

    return reference


def _mean(x: tuple[Tensor, ...]) -> Tensor:
    if not x[0].is_floating_point():
        raise TypeError("the mean of ints")
    return sum(x[1:], x[0]) / len(x)


def _rearrange(x: tuple[Tensor, ...], a: dict[str, Any]) -> Tensor:
    """An independent reading of the pattern: reshape, permute, reshape."""
    sizes = {k: v for k, v in a.items() if k != "pattern"}
    left, right = (_groups(side) for side in _two(a["pattern"]))
    dots = [f".{i}" for i in range(x[0].dim() - len(left) + (["..."] in left))]
    left = [g for group in left for g in ([[d] for d in dots] if group == ["..."] else [group])]
    flat = [
        [n for m in group for n in (dots if m == "..." else [m])]
        for group in right
        if group != ["..."]
    ]
    if ["..."] in right:
        at = right.index(["..."])
        flat[at:at] = [[d] for d in dots]
    names = [n for group in left for n in group]
    if len(left) != x[0].dim() or len(set(names)) != len(names) or set(sizes) - set(names):
        raise ValueError("does not fit")
    if sorted(names) != sorted(n for group in flat for n in group):
        raise ValueError("other names")
    for group, size in zip(left, x[0].shape, strict=True):
        known = prod(sizes[n] for n in group if n in sizes)
        open_names = [n for n in group if n not in sizes]
        if len(open_names) > 1 or size % known or (not open_names and size != known):
            raise ValueError("does not fit")
        for name in open_names:
            sizes[name] = size // known
    split = x[0].reshape([sizes[n] for n in names])
    order = [names.index(n) for group in flat for n in group]
    return split.permute(order).reshape([prod(sizes[n] for n in group) for group in flat])


def _two(pattern: str) -> tuple[str, str]:
    left, right = pattern.split("->")
    return left, right


def _groups(side: str) -> list[list[str]]:
    groups: list[list[str]] = []
    inside = False
    for token in side.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(" and not inside:
            groups.append([])
            inside = True
        elif token == ")" and inside:
            inside = False
        elif token in ("(", ")") or not (token.isidentifier() or token in ("1", "...")):
            raise ValueError("malformed")
        elif token == "1":
            groups.append([])
        elif inside:
            groups[-1].append(token)
        else:
            groups.append([token])
    if inside:
        raise ValueError("malformed")
    return groups


def _crop(x: tuple[Tensor, ...], a: dict[str, Any]) -> Tensor:
    have, wanted = x[0].shape[2:], x[1].shape[2:]
    if (
        x[0].dim() != x[1].dim()
        or x[0].dim() < 3
        or any(h < w for h, w in zip(have, wanted, strict=True))
    ):
        raise ValueError("too small")
    starts = [(h - w) // 2 for h, w in zip(have, wanted, strict=True)]
    middle: Any = (..., *(slice(s, s + w) for s, w in zip(starts, wanted, strict=True)))
    return x[0][middle]


def _pad_to(x: tuple[Tensor, ...], a: dict[str, Any]) -> Tensor:
    have, wanted = x[0].shape[2:], x[1].shape[2:]
    if (
        x[0].dim() != x[1].dim()
        or x[0].dim() < 3
        or any(h > w for h, w in zip(have, wanted, strict=True))
    ):
        raise ValueError("too large")
    out = torch.zeros((*x[0].shape[:2], *wanted), dtype=x[0].dtype, device=x[0].device)
    starts = [(w - h) // 2 for h, w in zip(have, wanted, strict=True)]
    middle: Any = (..., *(slice(s, s + h) for s, h in zip(starts, have, strict=True)))
    out[middle] = x[0]
    return out


def _arange(x: tuple[Tensor, ...], a: dict[str, Any]) -> Tensor:
    bounds = [a[name] for name in ("start", "end", "step") if name in a]
    if "step" in a and "end" not in a and "start" in a:
        bounds = [0, *bounds]
    if "start" not in a and "end" in a:
        bounds = [0, *bounds]
    if not {"start", "end"} & a.keys():
        raise TypeError("no end")
    return torch.arange(*bounds, dtype=DTYPES[a.get("dtype", "int")])


def _new(f: Callable[..., Tensor]) -> Reference:
    def reference(x: tuple[Tensor, ...], a: dict[str, Any]) -> Tensor:
        keywords = dict(a)
        if "dtype" in keywords:
            keywords["dtype"] = DTYPES[keywords["dtype"]]
        return f(**keywords)

    return reference


def _sdpa(x: tuple[Tensor, ...], a: dict[str, Any]) -> Tensor:
    # evaluation: the dropout applies in training only
    if not 0 <= a.get("dropout_p", 0) <= 1:
        raise ValueError("no probability")
    attend: Callable[..., Tensor] = F.scaled_dot_product_attention
    return attend(*x, **{**a, "dropout_p": 0.0})


def _method(name: str, argument: str) -> Reference:
    return lambda x, a: getattr(x[0], name)(tuple(a[argument]))


def _split(x: tuple[Tensor, ...], a: dict[str, Any]) -> Any:
    how = a["split_size_or_sections"]
    return torch.split(x[0], list(how) if isinstance(how, tuple) else how, a.get("dim", 0))


def _norm(x: tuple[Tensor, ...], a: dict[str, Any]) -> Tensor:
    keywords = {("ord" if k == "p" else k): v for k, v in a.items()}
    return _lists(torch.linalg.vector_norm)(x, keywords)  # type: ignore[no-any-return]


def _trials() -> dict[str, Trial]:
    trials: dict[str, Trial] = {}

    def add(
        names: str,
        cases: Callable[[str], Any] | Gen[Case],
        reference: Callable[[str], Reference] | None = None,
    ) -> None:
        """The same kind of cases for all of `names`; torch's function of that name by default."""
        for name in names.split():
            trials[name] = Trial(
                cases(name) if callable(cases) else cases,
                reference(name)
                if reference
                else _plain(getattr(torch, name, None) or getattr(F, name)),
            )

    operators = {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "floor_divide": operator.floordiv,
        "remainder": operator.mod,
        "pow": operator.pow,
        "eq": operator.eq,
        "ne": operator.ne,
        "lt": operator.lt,
        "le": operator.le,
        "gt": operator.gt,
        "ge": operator.ge,
    }
    add(
        " ".join(operators),
        lambda n: c.operators(n in ("add", "mul")),
        lambda n: _operator(operators[n]),
    )
    pairs = several(2, 3).map(Case)
    add("maximum minimum", pairs, lambda n: lambda x, a: reduce(getattr(torch, n), x))
    add(
        "logical_and logical_or", several(dtypes=st.sampled_from(("bool", "bool", "int"))).map(Case)
    )
    add("matmul", c.matrices())
    vectors = st.lists(st.integers(1, 12), min_size=1, max_size=1).map(tuple)
    vector = st.builds(T, st.one_of(*[vectors] * 5, shapes(0, 2)), c.FLOATS)
    add("outer", st.tuples(vector, vector).map(Case))
    one = tensors(0, 4, c.SOME_WRONG).map(lambda x: Case((x,)))
    floats = one
    add(
        "neg abs sign square floor ceil round exp expm1 log log1p log2 sqrt rsqrt reciprocal"
        " sin cos erf sigmoid tanh detach zeros_like ones_like",
        one,
    )
    bools = tensors(0, 4, st.sampled_from(("bool", "bool", "float", "int")))
    add("logical_not", bools.map(lambda x: Case((x,))))
    add("contiguous", one, lambda n: lambda x, a: x[0].contiguous())
    bound = st.sampled_from((None, 0, 1, -0.5, 2.0))
    add("clamp", calls(tensors(0, 3), min=bound, max=bound))
    add(
        "to",
        calls(tensors(0, 3), ("dtype",), dtype=st.sampled_from((*DTYPES, "float31", 3, None))),
        lambda n: lambda x, a: x[0].to(DTYPES[a["dtype"]]),
    )
    add("where", _wheres(), lambda n: lambda x, a: torch.where(*x, *a.values()))
    add("masked_fill", _masks(), lambda n: lambda x, a: x[0].masked_fill(x[1], a["value"]))

    reduced: dict[str, Any] = {"dim": c.AXES, "keepdim": st.booleans()}
    add("sum amax amin", calls(tensors(0, 3), **reduced), lambda n: _reduced(getattr(torch, n)))
    boolean = tensors(0, 3, st.sampled_from(("bool", "bool", "bool", "int")))
    add("any all", calls(boolean, **reduced), lambda n: _reduced(getattr(torch, n)))
    some = st.one_of(tensors(0, 3, c.FLOATS), several(2, 3))
    extrema = {"max": torch.maximum, "min": torch.minimum}
    add(
        "max min",
        calls(some, **reduced),
        lambda n: _combined(getattr(torch, f"a{n}"), lambda x: reduce(extrema[n], x)),
    )
    add("mean", calls(some, **reduced), lambda n: _combined(torch.mean, _mean))
    add(
        "logsumexp",
        calls(tensors(1, 4, c.FLOATS), ("dim",), **reduced),
        lambda n: _lists(torch.logsumexp),
    )
    add(
        "var std",
        calls(tensors(0, 3, c.FLOATS), **reduced, correction=st.integers(0, 1)),
        lambda n: _reduced(getattr(torch, n)),
    )
    p = st.sampled_from((1, 2, 3.0))
    add("norm", calls(tensors(0, 3, c.FLOATS), **reduced, p=p), lambda n: _norm)
    add("normalize", calls(tensors(0, 3, c.FLOATS), dim=c.DIM, p=p, eps=st.just(0.1)))
    add("cosine_similarity", calls(several(dtypes=c.FLOATS), dim=c.DIM, eps=st.just(0.1)))
    add("argmax argmin", calls(tensors(0, 3), ("dim",), dim=c.DIM, keepdim=st.booleans()))
    add("softmax log_softmax", calls(tensors(0, 4, c.FLOATS), ("dim",), dim=c.DIM))
    add("cumsum cumprod", calls(tensors(0, 3), ("dim",), dim=c.DIM))

    add("concat", _concats(), lambda n: lambda x, a: torch.cat(x, a.get("dim", 1)))
    add("stack", calls(several(1, 3), dim=c.DIM), lambda n: _joined(torch.stack))
    add("chunk", calls(tensors(0, 3), ("chunks",), chunks=st.integers(0, 3), dim=c.DIM))
    add("split", c.splits(), lambda n: _split)
    add("unbind", calls(tensors(0, 3), dim=c.DIM))
    small = st.integers(0, 3)
    add(
        "unfold",
        calls(
            tensors(1, 3),
            ("dimension", "size", "step"),
            dimension=st.integers(-3, 1),
            size=st.integers(0, 3),
            step=st.integers(0, 3).map(lambda n: n or 1) | small,
        ),
        lambda n: lambda x, a: x[0].unfold(**a),
    )
    images = shapes(2, 3).flatmap(
        lambda s: st.sampled_from((4, 8, 3)).map(lambda ch: T((*s[:-2], ch, *s[-2:])))
    )
    add("pixel_shuffle", calls(images, ("upscale_factor",), upscale_factor=small))
    even = st.lists(st.sampled_from((2, 4, 4, 6, 3)), min_size=2, max_size=4).map(tuple)
    add(
        "pixel_unshuffle",
        calls(even.map(T), ("downscale_factor",), downscale_factor=st.integers(0, 2)),
    )

    add("flatten", calls(tensors(0, 4), start_dim=c.DIM, end_dim=c.DIM))
    add("reshape view", c.reshapes("shape"), lambda n: _method("reshape", "shape"))
    add(
        "unflatten",
        c.unflattens(),
        lambda n: lambda x, a: torch.unflatten(x[0], a["dim"], tuple(a["sizes"])),
    )
    add("permute", c.permutes(), lambda n: _method("permute", "dims"))
    add("transpose", calls(tensors(1, 4), ("dim0", "dim1"), dim0=c.DIM, dim1=c.DIM))
    ones = st.lists(st.sampled_from((1, 1, 2)), min_size=1, max_size=3).map(lambda s: T(tuple(s)))
    add(
        "squeeze",
        calls(
            ones, ("dim",), dim=st.one_of(st.integers(-3, 2), sequence(st.integers(-3, 2), 1, 2))
        ),
        lambda n: _lists(torch.squeeze),
    )
    add("unsqueeze", calls(tensors(0, 2), ("dim",), dim=c.DIM))
    add("expand", c.expands(), lambda n: _method("expand", "size"))
    add(
        "expand_as",
        several(ranks=(0, 3)).map(lambda x: Case(x[::-1])),
        lambda n: lambda x, a: x[0].expand_as(x[1]),
    )
    add(
        "repeat",
        calls(tensors(0, 3), ("repeats",), repeats=sequence(st.integers(0, 3), 0, 4)),
        lambda n: _method("repeat", "repeats"),
    )
    add(
        "repeat_interleave",
        calls(
            tensors(0, 4),
            ("repeats", "dim"),
            repeats=st.sampled_from((-1, 0, 1, 2, 2, 3)),
            dim=c.DIM,
        ),
    )
    add("rearrange", c.patterns(), lambda n: _rearrange)
    add("einsum", c.einsums(), lambda n: lambda x, a: torch.einsum(a["equation"], *x))
    add("scaled_dot_product_attention", c.attention(), lambda n: _sdpa)

    add("index", c.indices(), lambda n: lambda x, a: x[0][a["items"]])
    add(
        "narrow",
        calls(
            tensors(1, 3),
            ("dim", "start", "length"),
            dim=st.sampled_from((-3, -2, -1, -1, 0, 0, 1, 2)),
            start=st.sampled_from((-3, -2, -1, 0, 0, 0, 1, 2)),
            length=st.sampled_from((-1, 0, 1, 1, 1, 2, 2, 3)),
        ),
    )
    add("index_select", c.selections(), lambda n: lambda x, a: x[0].index_select(a["dim"], x[1]))
    axes = st.one_of(c.DIM, sequence(st.integers(-3, 2), 1, 2))
    add(
        "flip",
        calls(tensors(1, 3), ("dims",), dims=axes),
        lambda n: (
            lambda x, a: torch.flip(
                x[0], a["dims"] if isinstance(a["dims"], list | tuple) else [a["dims"]]
            )
        ),
    )
    add(
        "roll",
        calls(tensors(1, 3), ("shifts", "dims"), shifts=axes, dims=axes),
        lambda n: _lists(torch.roll),
    )

    bounds = st.integers(-2, 7)
    add(
        "arange",
        sources(
            (),
            start=bounds,
            end=bounds,
            step=st.integers(-1, 3),
            dtype=st.sampled_from(("int", "float")),
        ),
        lambda n: _arange,
    )
    sizes = sequence(st.integers(0, 3), 0, 3)
    dtype = st.sampled_from(tuple(DTYPES))
    add(
        "zeros ones", sources(("size",), size=sizes, dtype=dtype), lambda n: _new(getattr(torch, n))
    )
    add(
        "full",
        sources(
            ("size", "fill_value"), size=sizes, fill_value=st.sampled_from((1, 0.5)), dtype=dtype
        ),
        lambda n: _new(torch.full),
    )
    add("eye", sources(("n",), n=st.integers(-300, 400)), lambda n: _new(torch.eye))
    ends = st.sampled_from((-1, 0, 0.5, 2, 3.5, 7))
    add(
        "linspace",
        sources(("start", "end", "steps"), start=ends, end=ends, steps=st.integers(-20, 40)),
        lambda n: _new(torch.linspace),
    )
    diagonal = st.one_of(*[st.integers(-2, 2)] * 3, st.sampled_from((0.5, None, "1")))
    add("tril triu", calls(tensors(0, 4), diagonal=diagonal))
    add(
        "one_hot",
        calls(
            tensors(0, 4, st.sampled_from(("int", "int", "int", "float"))),
            ("num_classes",),
            num_classes=st.sampled_from((4, 5, 8, 0, -1)),
        ),
    )

    add(
        "relu relu6 silu mish selu hardswish hardsigmoid logsigmoid softsign tanhshrink",
        floats,
        lambda n: _plain(getattr(F, n)),
    )
    x = tensors(0, 4, c.SOME_WRONG)
    value = st.sampled_from((-1, 0, 0.5, 2.0))
    add("gelu", calls(x, approximate=st.sampled_from(("none", "tanh", "sigmoid"))))
    add("elu celu", calls(x, alpha=value), lambda n: _plain(getattr(F, n)))
    add("leaky_relu", calls(x, negative_slope=value))
    add("hardtanh", calls(x, min_val=value, max_val=value), lambda n: _plain(F.hardtanh))
    add("softplus", calls(x, beta=st.sampled_from((1, 2.0)), threshold=st.just(5.0)))
    add("softshrink hardshrink", calls(x, lambd=value), lambda n: _plain(getattr(F, n)))
    add(
        "threshold",
        calls(x, ("threshold", "value"), threshold=value, value=value),
        lambda n: _plain(F.threshold),
    )
    pairs_of = st.lists(st.sampled_from((2, 4, 4, 6, 3)), min_size=1, max_size=4)
    halved = pairs_of.flatmap(lambda s: c.FLOATS.map(lambda dtype: T(tuple(s), dtype)))
    add("glu", calls(st.one_of(halved, halved, x), dim=st.integers(-3, 2)))
    add("interpolate", c.interpolations())
    add("pad", c.pads(), lambda n: _plain(F.pad))
    add("crop", c.fits(), lambda n: _crop)
    add("pad_to", c.fits().map(lambda case: Case(case.tensors[::-1])), lambda n: _pad_to)
    return trials


@st.composite
def _wheres(draw: Draw) -> Case:
    first, *rest = draw(several(2, 3, dtypes=c.ANY_DTYPE))
    condition = T(first.sizes, draw(st.sampled_from(("bool", "bool", "bool", "float"))))
    arguments = {} if len(rest) == 2 else {"other": draw(c.NUMBERS)}
    return Case((condition, *rest), arguments)


@st.composite
def _masks(draw: Draw) -> Case:
    x, mask = draw(several())
    dtype = draw(st.sampled_from(("bool", "bool", "bool", "int")))
    return Case((x, T(mask.sizes, dtype)), {"value": draw(st.sampled_from((0, 0.5)))})


@st.composite
def _concats(draw: Draw) -> Case:
    x = draw(several(1, 3, ranks=(1, 3)))
    dim = draw(st.integers(-3, 2))
    same = [
        T((*x[0].sizes[: dim % 3], draw(c.SIZES), *x[0].sizes[dim % 3 + 1 :]), x[0].dtype)
        for _ in x[1:]
    ]
    chosen = (x[0], *same) if draw(st.booleans()) else x
    return Case(chosen, {"dim": dim} if draw(st.integers(0, 3)) else {})


TRIALS = _trials()
