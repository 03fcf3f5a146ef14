"""Attention and products over named axes: `scaled_dot_product_attention`, `einsum`."""

import re
from collections import Counter
from collections.abc import Mapping

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    EmitCall,
    FunctionDecl,
    Needs,
    Params,
    Port,
    Probability,
    RuleError,
    TensorType,
)
from archspec.layers.functions_join import same_ranks
from archspec.layers.functions_shared import (
    common_dtype,
    count,
    divisor_help,
    function,
    is_literal,
    keywords,
    need_kind,
    need_rank,
    product,
    shape_text,
)


class AttentionArgs(Params):
    dropout_p: Probability = 0.0
    is_causal: bool = False
    scale: float | None = None
    enable_gqa: bool = False


class ScaledDotProductAttention(FunctionDecl[AttentionArgs]):
    """Attention (Vaswani et al., 2017, arXiv:1706.03762): [..., L, E], [..., S, E], [..., S, V] -> [..., L, V]."""  # noqa: E501

    name = "scaled_dot_product_attention"
    noun = "attention"
    Params = AttentionArgs
    ports = (Port("query"), Port("key"), Port("value"), Port("attn_mask", optional=True))

    def shape(
        self, p: AttentionArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        query, key, value, *masks = x
        for port, tensor in enumerate((query, key, value)):
            need_kind(self.name, tensor, "float", port=port)
            need_rank(self.name, tensor, 3 if p.enable_gqa else 2, None, port)
        dtype = common_dtype(self.name, (query, key, value))
        same_ranks("attend with", (query, key, value))
        self._check_batch(query, key, value, p.enable_gqa, need)
        need.equal(
            query.shape[-1],
            key.shape[-1],
            "A0401",
            f"queries of width {query.shape[-1]} cannot meet keys of width {key.shape[-1]}",
            Axis(0, query.rank - 1),
            Axis(1, key.rank - 1),
        )
        need.equal(
            key.shape[-2],
            value.shape[-2],
            "A0401",
            f"{key.shape[-2]} keys cannot go with {value.shape[-2]} values",
            Axis(1, key.rank - 2),
            Axis(2, value.rank - 2),
        )
        for mask in masks:
            self._check_mask(p, mask, query, key, need)
        return (TensorType((*query.shape[:-1], value.shape[-1]), dtype),)

    def _check_batch(
        self, query: TensorType, key: TensorType, value: TensorType, grouped: bool, need: Needs
    ) -> None:
        """All dims before the last two are equal; `grouped` query heads share key heads."""
        for port, other in ((1, key), (2, value)):
            for axis in range(query.rank - 2):
                a, b = query.shape[axis], other.shape[axis]
                at = (Axis(0, axis), Axis(port, axis))
                if grouped and axis == query.rank - 3:
                    continue
                need.equal(
                    a,
                    b,
                    "A0401",
                    f"cannot attend with {query} and {other}: {a} and {b} differ on axis {axis}",
                    *at,
                )
        if grouped:
            heads, groups = query.shape[-3], key.shape[-3]
            head_axis = query.rank - 3
            need.equal(
                groups,
                value.shape[-3],
                "A0401",
                f"keys have {groups} heads, values {value.shape[-3]}",
                Axis(1, head_axis),
                Axis(2, head_axis),
            )
            need.divisible(
                heads,
                groups,
                "A0501",
                f"{heads} query heads cannot share {groups} key heads evenly",
                Axis(0, head_axis),
                Axis(1, head_axis),
                help=divisor_help(heads, groups),
            )

    def _check_mask(
        self, p: AttentionArgs, mask: TensorType, query: TensorType, key: TensorType, need: Needs
    ) -> None:
        """The mask is bool, or of the queries' dtype, and fits [..., L, S] as a broadcast."""
        if p.is_causal:
            raise RuleError(
                "A0106",
                "attention takes a mask or `is_causal`, not both",
                Arg("is_causal"),
                Axis(3),
            )
        if mask.kind != "bool":
            common_dtype(self.name, (query, mask))
        scores = (*query.shape[:-1], key.shape[-2])
        need_rank("attn_mask", mask, 2, len(scores), 3)
        for back in range(1, mask.rank + 1):
            size = mask.shape[-back]
            if size.const != 1:
                need.equal(
                    size,
                    scores[-back],
                    "A0401",
                    f"the mask {mask} does not fit the scores {shape_text(scores)}:"
                    f" {size} and {scores[-back]} differ",
                    Axis(3, mask.rank - back),
                )

    def macs(self, p: AttentionArgs, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        """Both products, in full also where `is_causal` leaves half of them out."""
        query, key, value = x[:3]
        return product(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])

    def emit(self, p: AttentionArgs, call: EmitCall) -> "py.Expr":
        masks = [("attn_mask", mask) for mask in call.tensors[3:]]
        written = [*masks, *keywords(p, call, "dropout_p", "is_causal", "scale", "enable_gqa")]
        return function(
            "F.scaled_dot_product_attention",
            call.tensors[:3],
            [(name, _in_training(v) if name == "dropout_p" else v) for name, v in written],
        )


def _in_training(probability: "py.Expr") -> "py.Expr":
    """`p if self.training else 0.0`: the function itself drops in evaluation too."""
    if is_literal(probability) and probability in (py.const(0), py.const(0.0)):
        return probability
    return py.Conditional(probability, py.dotted("self.training"), py.const(0.0))


_EQUATION = re.compile(r"[A-Za-z,]*(->[A-Za-z]*)?")


class EinsumArgs(Params):
    equation: str


class Einsum(FunctionDecl[EinsumArgs]):
    """Products summed over the letters that the result lacks: "bid,bjd->bij"."""

    name = "einsum"
    Params = EinsumArgs
    ports = (Port("operands", variadic=True),)

    def shape(
        self, p: EinsumArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, "float", "complex", port=port)
        dtype = common_dtype(self.name, x)
        inputs, output = parse_equation(p.equation)
        if len(inputs) != len(x):
            raise RuleError(
                "A0305",
                f"the equation names {count(len(inputs), 'tensor')}, but {len(x)} are given",
                Arg("equation"),
            )
        sizes: dict[str, tuple[Dim, Axis]] = {}
        for port, (letters, tensor) in enumerate(zip(inputs, x, strict=True)):
            if len(letters) != tensor.rank:
                raise RuleError(
                    "A0404",
                    f"`{letters}` describes {count(len(letters), 'dimension')}, but {tensor} has"
                    f" {tensor.rank}",
                    Axis(port),
                    Arg("equation"),
                )
            for axis, (letter, size) in enumerate(zip(letters, tensor.shape, strict=True)):
                before, place = sizes.setdefault(letter, (size, Axis(port, axis)))
                need.equal(
                    before,
                    size,
                    "A0401",
                    f"`{letter}` of the equation is {before} and {size}",
                    place,
                    Axis(port, axis),
                )
        return (TensorType(tuple(sizes[letter][0] for letter in output), dtype),)

    def macs(self, p: EinsumArgs, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        """As torch works: from left to right, a product over the letters of each pair."""
        inputs, output = parse_equation(p.equation)
        sizes = {
            c: d for s, t in zip(inputs, x, strict=True) for c, d in zip(s, t.shape, strict=True)
        }
        total = Dim.of(0)
        left = set(inputs[0])
        for i, right in enumerate(inputs[1:], start=1):
            later = set(output).union(*inputs[i + 1 :])
            total = total + pair_macs(left, set(right), later, sizes)
            left = (left | set(right)) & later
        return total

    def emit(self, p: EinsumArgs, call: EmitCall) -> "py.Expr":
        return function("torch.einsum", (call.arg("equation"), *call.tensors))


def pair_macs(left: set[str], right: set[str], later: set[str], sizes: Mapping[str, Dim]) -> Dim:
    """Multiply-adds of one pair: none where no letter is summed over, as that is a mere product."""
    summed = (left & right) - later
    if not summed:
        return Dim.of(0)
    # letters of one side alone that nobody needs later are summed before the product
    kept = (left | right) & later
    return product(sizes[letter] for letter in sorted(summed | kept))


def parse_equation(equation: str) -> tuple[tuple[str, ...], str]:
    """The letters of each tensor and of the result; raises A0106."""
    text = equation.replace(" ", "")
    if not _EQUATION.fullmatch(text):
        raise RuleError(
            "A0106",
            f'`{equation}` is not an equation such as "bid,bjd->bij"',
            Arg("equation"),
            help=("letters, commas and one `->`; `...` is not supported",),
        )
    left, arrow, output = text.partition("->")
    inputs = tuple(left.split(","))
    counts = Counter(left.replace(",", ""))
    if not arrow:
        output = "".join(sorted(letter for letter, n in counts.items() if n == 1))
    for letter in output:
        if letter not in counts:
            raise RuleError("A0106", f"no tensor of the equation has `{letter}`", Arg("equation"))
        if output.count(letter) > 1:
            raise RuleError(
                "A0106", f"the result of the equation names `{letter}` twice", Arg("equation")
            )
    return inputs, output
