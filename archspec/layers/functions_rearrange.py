"""`rearrange` with an einops pattern, and `einsum`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ConfigDict

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    DimArg,
    EmitCall,
    FunctionDecl,
    Needs,
    Params,
    RuleError,
    TensorType,
)
from archspec.layers.functions_shared import count, method, product, quotient

#: The axis names that one dimension of a pattern stands for; empty for a dimension of size 1.
Group = tuple[str, ...]
_TOKEN = re.compile(r"\s*(?:(\.\.\.|…)|([A-Za-z_][A-Za-z0-9_]*)|([()1]))")
_ELLIPSIS = "..."


@dataclass(frozen=True, slots=True)
class Pattern:
    """`b t (h d) -> b h t d`: the dimensions before and after."""

    left: tuple[Group, ...]
    right: tuple[Group, ...]


def _fault(message: str, *help: str) -> RuleError:
    return RuleError("A0106", message, Arg("pattern"), help=help)


def _side(text: str) -> tuple[Group, ...]:
    """The dimensions of one side of a pattern; raises A0106."""
    groups: list[Group] = []
    open_group: list[str] | None = None
    at = 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _fault(f"a pattern cannot contain `{text[at:].strip()[0]}`")
        at = token.end()
        dots, axis, sign = token.groups()
        name = _ELLIPSIS if dots else axis
        match sign:
            case "(" if open_group is None:
                open_group = []
            case ")" if open_group is not None:
                groups.append(tuple(open_group))
                open_group = None
            case "(" | ")":
                raise _fault(f"the parentheses of `{text.strip()}` do not match")
            case "1" if open_group is None:
                groups.append(())
            case "1":
                pass  # a size of 1 inside a group changes nothing
            case _ if open_group is None:
                groups.append((name,))
            case _:
                open_group.append(name)
    if open_group is not None:
        raise _fault(f"the parentheses of `{text.strip()}` do not match")
    names = [name for group in groups for name in group]
    for name in names:
        if names.count(name) > 1:
            raise _fault(f"`{name}` stands twice on one side of the pattern")
    return tuple(groups)


def parse_pattern(text: str) -> Pattern:
    """The pattern; raises A0106 where it is malformed or its sides name different axes."""
    sides = text.split("->")
    if len(sides) != 2:
        raise _fault("a pattern has two sides", 'for example "b t (h d) -> b h t d"')
    left, right = _side(sides[0]), _side(sides[1])
    before = {name for group in left for name in group}
    after = {name for group in right for name in group}
    if lost := sorted(before - after):
        raise _fault(
            f"axis `{lost[0]}` stands only on the left side of the pattern",
            f"to fold it away, reduce first: `mean(dim=…)`; to merge it, write `({lost[0]} …)`",
        )
    if new := sorted(after - before):
        raise _fault(
            f"axis `{new[0]}` stands only on the right side of the pattern",
            "for a new axis of size 1 write `1`",
        )
    if any(_ELLIPSIS in group and len(group) > 1 for group in left):
        raise _fault("`...` cannot be split from a group on the left side")
    return Pattern(left, right)


def without_ellipsis(pattern: Pattern, x: TensorType) -> Pattern:
    """The pattern with `...` replaced by as many axes as `x` has there; raises A0404."""
    dots = (_ELLIPSIS,) in pattern.left
    fixed = len(pattern.left) - dots
    if x.rank < fixed or (x.rank > fixed and not dots):
        least = "at least " if dots else ""
        raise RuleError(
            "A0404",
            f"the pattern describes {least}{count(fixed, 'dimension')}, but {x} has {x.rank}",
            Axis(0),
            Arg("pattern"),
        )
    names = tuple(f".{i}" for i in range(x.rank - fixed))

    def replaced(groups: tuple[Group, ...]) -> Iterable[Group]:
        for group in groups:
            if group == (_ELLIPSIS,):
                yield from ((name,) for name in names)
            else:
                yield tuple(new for old in group for new in (names if old == _ELLIPSIS else (old,)))

    return Pattern(tuple(replaced(pattern.left)), tuple(replaced(pattern.right)))


class RearrangeArgs(Params):
    """The sizes of axes inside groups follow as keywords, e.g. `h=heads`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, DimArg]

    pattern: str

    @property
    def sizes(self) -> Mapping[str, Dim]:
        return self.__pydantic_extra__


class Rearrange(FunctionDecl[RearrangeArgs]):
    """Axes split, reordered and merged by an einops pattern: "b t (h d) -> b h t d" with `h`."""

    name = "rearrange"
    moves_elements = True
    Params = RearrangeArgs

    def shape(
        self, p: RearrangeArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        pattern = without_ellipsis(parse_pattern(p.pattern), x[0])
        sizes = dict(p.sizes)
        named = {name for group in pattern.left for name in group}
        for name, size in sizes.items():
            if name not in named:
                raise RuleError("A0105", f"the pattern has no axis `{name}`", Arg(name))
            need.at_least(size, 1, "A0106", f"axis `{name}` would have size {size}", Arg(name))
            if size.const is not None and size.const < 1:
                raise RuleError("A0106", f"axis `{name}` would have size {size}", Arg(name))
        for i, (group, size) in enumerate(zip(pattern.left, x[0].shape, strict=True)):
            self._solve(group, size, i, sizes, need)
        shape = tuple(product(sizes[name] for name in group) for group in pattern.right)
        return (TensorType(shape, x[0].dtype),)

    def _solve(
        self, group: Group, size: Dim, axis: int, sizes: dict[str, Dim], need: Needs
    ) -> None:
        """Adds the sizes of the names in `group`, whose product is `size`."""
        unknown = [name for name in group if name not in sizes]
        known = product(sizes[name] for name in group if name in sizes)
        written = " ".join(group) if group else "1"
        given = tuple(Arg(name) for name in group if name in sizes)
        if len(unknown) > 1:
            raise RuleError(
                "A0104",
                f"the sizes of `{unknown[0]}` and `{unknown[1]}` in `({written})` are both open",
                Arg("pattern"),
                help=(f"give one of them: `rearrange(…, {unknown[0]}=…)`",),
            )
        if unknown:
            whole = (
                size
                if known.const == 1
                else quotient(
                    size,
                    known,
                    need,
                    "A0501",
                    f"axis {axis} has size {size}, which `({written})` cannot split:"
                    f" it is not divisible by {known}",
                    *given,
                    Axis(0, axis),
                )
            )
            sizes[unknown[0]] = whole
        else:
            need.equal(
                size,
                known,
                "A0401",
                f"axis {axis} has size {size}, but `{written}` in the pattern makes {known}",
                Axis(0, axis),
                *given,
                Arg("pattern"),
            )

    def emit(self, p: RearrangeArgs, call: EmitCall) -> "py.Expr":
        """Split, drop 1s, reorder, merge, add 1s: each step only where it does something."""
        pattern = without_ellipsis(parse_pattern(p.pattern), call.types[0])
        result = call.tensors[0]
        # From the last dimension to the first, so that a step moves no axis of a later one.
        for axis in reversed(range(len(pattern.left))):
            group = pattern.left[axis]
            at = py.const(-1 if axis == len(pattern.left) - 1 and len(group) > 1 else axis)
            if not group:
                result = method(result, "squeeze", (at,))
            elif len(group) > 1:
                sizes = tuple(call.arg(name) if name in p.sizes else py.const(-1) for name in group)
                result = method(result, "unflatten", (at, py.Tuple(sizes)))
        before = [name for group in pattern.left for name in group]
        after = [name for group in pattern.right for name in group]
        result = reordered(result, [before.index(name) for name in after])
        start = len(after)
        end = start
        for position in reversed(range(len(pattern.right))):
            group = pattern.right[position]
            end = start
            start = end - len(group)
            if not group:
                result = method(result, "unsqueeze", (py.const(start),))
            elif len(group) > 1:
                bounds = [py.const(start)]
                if position != len(pattern.right) - 1:
                    bounds.append(py.const(end - 1))
                result = method(result, "flatten", bounds)
        return result


def split_axes(p: RearrangeArgs, x: TensorType) -> tuple[list[str], list[str], tuple[Group, ...]]:
    """The axes that a pattern names, before and after, and those that it brings into one."""
    pattern = without_ellipsis(parse_pattern(p.pattern), x)
    before = [name for group in pattern.left for name in group]
    after = [name for group in pattern.right for name in group]
    return before, after, tuple(group for group in pattern.right if len(group) > 1)


def reordered(tensor: "py.Expr", order: list[int]) -> "py.Expr":
    """`tensor` with its axes in `order`: nothing, `transpose` for a swap, else `permute`."""
    moved = [i for i, axis in enumerate(order) if i != axis]
    match moved:
        case []:
            return tensor
        case [a, b]:
            rank = len(order)
            swap = (-2, -1) if rank > 2 and (a, b) == (rank - 2, rank - 1) else (a, b)
            return method(tensor, "transpose", map(py.const, swap))
        case _:
            return method(tensor, "permute", map(py.const, order))
