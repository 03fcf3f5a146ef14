"""Deliberate strictness: calls that torch runs and archspec refuses, each with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.layers.functions_cases import Case


@dataclass(frozen=True, slots=True)
class Entry:
    """`functions` may refuse cases for which `applies` is true, because of `reason`."""

    functions: frozenset[str] | None
    applies: Callable[[Case], bool]
    reason: str


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


def _kinds(case: Case) -> list[str]:
    return [tensor.dtype for tensor in case.tensors]


def _numbers(value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return [number for item in value for number in _numbers(item)]
    return [value]


def _arguments(case: Case) -> list[object]:
    return [number for value in case.arguments.values() for number in _numbers(value)]


def _has_slice_out_of_range(case: Case) -> bool:
    return any(isinstance(item, slice) for item in _numbers(case.arguments["items"]))


ARITHMETIC = _of("add", "sub", "mul", "div", "floor_divide", "remainder", "pow")
COMPARISONS = _of("eq", "ne", "lt", "le", "gt", "ge")

LEDGER: tuple[Entry, ...] = (
    Entry(
        None,
        lambda case: len(set(_kinds(case))) > 1,
        "tensors of several dtypes: torch promotes without a word",
    ),
    Entry(
        None,
        lambda case: any(not tensor.shape for tensor in case.tensors),
        "a tensor without dimensions has no axis 0 or -1",
    ),
    Entry(
        ARITHMETIC
        | COMPARISONS
        | _of("maximum", "minimum", "max", "min", "abs", "sign", "square", "clamp", "outer")
        | _of(
            "amax", "amin", "argmax", "argmin", "cumsum", "cumprod", "neg", "where", "masked_fill"
        )
        | _of("exp", "expm1", "log", "log1p", "log2", "sqrt", "rsqrt", "reciprocal", "sin", "cos")
        | _of("erf", "sigmoid", "tanh", "floor", "ceil", "round"),
        lambda case: "bool" in _kinds(case),
        "bools are no numbers: cast them first",
    ),
    Entry(
        _of("relu", "relu6", "leaky_relu", "hardtanh", "threshold", "softplus", "selu", "elu")
        | _of("celu", "softsign", "tanhshrink", "silu", "mish", "hardswish", "glu", "softmax")
        | _of("log_softmax", "logsumexp", "normalize", "norm", "interpolate", "cosine_similarity")
        | _of("hardshrink", "softshrink", "logsigmoid", "hardsigmoid", "gelu", "matmul", "einsum")
        | _of("pad", "mean", "var", "std", "scaled_dot_product_attention"),
        lambda case: bool({"int", "bool"} & set(_kinds(case))),
        "ints or bools where a function is meant for floats: torch takes them on some devices only",
    ),
    Entry(
        _of("logical_and", "logical_or", "logical_not", "any", "all"),
        lambda case: bool({"int", "float"} & set(_kinds(case))),
        "logic on numbers: compare them first",
    ),
    Entry(
        _of("sum", "mean", "amax", "amin", "max", "min", "any", "all", "var", "std", "norm")
        | _of("logsumexp"),
        lambda case: case.arguments.get("dim") in ((), []),
        "an empty `dim` means all axes to some functions and none to others",
    ),
    Entry(
        _of("hardshrink"),
        lambda case: case.arguments.get("lambd", 0) < 0,
        "a shrinkage by less than nothing",
    ),
    Entry(_of("chunk"), lambda case: True, "chunks of unequal sizes, or fewer than asked for"),
    Entry(
        _of("split"),
        lambda case: any(not isinstance(n, int) or n < 1 for n in _arguments(case)),
        "parts without elements",
    ),
    Entry(
        _of("index"),
        _has_slice_out_of_range,
        "slices that torch cuts at the ends, or that take nothing",
    ),
    Entry(
        _of("squeeze"),
        lambda case: True,
        "an axis that is not 1 stays as it is in torch; here it is a fault",
    ),
    Entry(
        _of("reshape", "view", "unflatten", "expand", "repeat", "zeros", "ones", "full", "eye")
        | _of("narrow", "arange", "linspace", "repeat_interleave"),
        lambda case: any(isinstance(n, int) and n < 1 for n in _arguments(case)),
        "tensors without elements, and steps backwards",
    ),
    Entry(
        _of("arange"),
        lambda case: True,
        "an empty range, as the end lies before the start",
    ),
    Entry(
        _of("einsum", "scaled_dot_product_attention"),
        lambda case: any(1 in tensor.shape for tensor in case.tensors),
        "a size of 1 that torch stretches to the other tensor's",
    ),
    Entry(
        _of("scaled_dot_product_attention"),
        lambda case: len({len(tensor.shape) for tensor in case.tensors[:3]}) > 1,
        "queries, keys and values of several ranks",
    ),
    Entry(
        _of("one_hot"),
        lambda case: case.arguments.get("num_classes") == -1,
        "a number of classes that follows from the values",
    ),
    Entry(
        _of("permute", "flip", "roll"),
        lambda case: case.arguments.get("dims") in ((), []),
        "no axis named",
    ),
)


LEDGER += (
    Entry(
        _of("pad"),
        lambda case: len(case.tensors[0].shape) == len(case.arguments["pad"]) // 2 + 1,
        "an image without a batch axis, as no layer takes it either",
    ),
    Entry(
        _of("pad"),
        lambda case: any(isinstance(n, int) and n < 0 for n in _arguments(case)),
        "a cut that leaves nothing",
    ),
    Entry(
        _of("scaled_dot_product_attention"),
        lambda case: len(case.tensors) > 3 and len(case.tensors[3].shape) < 2,
        "a mask without an axis of queries, which only some of torch's kernels take",
    ),
    Entry(
        _of("pad"),
        lambda case: case.arguments.get("value") is not None and "mode" in case.arguments,
        "a value that the mode makes no use of",
    ),
    Entry(_of("pad"), lambda case: len(case.arguments["pad"]) == 0, "a padding of no axis"),
    Entry(
        _of("roll"),
        lambda case: len(_numbers(case.arguments["dims"])) > 1,
        "one axis named twice",
    ),
    Entry(_of("unfold"), lambda case: case.arguments["size"] == 0, "windows without elements"),
    Entry(
        _of("index"),
        lambda case: case.arguments["items"].count(...) > 1,
        "a second `...`, which stands for nothing",
    ),
    Entry(
        _of("interpolate"),
        lambda case: case.arguments.get("mode") == "area",
        "images without elements, which only this mode makes",
    ),
)


def excused(name: str, case: Case) -> bool:
    """Whether some entry allows archspec to refuse what torch runs."""
    return any(
        (entry.functions is None or name in entry.functions) and entry.applies(case)
        for entry in LEDGER
    )
