"""Is a mutant broken? Decided without the checker: built with checks off, run by PyTorch.

At known sizes a model is elaborated with `TorchRule` in place of every shape rule, and joins are
made without a look at what they join. What is left of the checker are names and arguments, without
which there is nothing to run, and comparisons of numbers: declared shapes, `require`, `where`, and
whether a table has an entry for each position (shapes alone, on the meta device, do not show it).

The open sizes become parameters of the model, so a mutant at known sizes is a spec of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from types import CodeType
from typing import Any, Final, Literal
from unittest.mock import patch

from archspec.diagnostics import ArchSpecError
from archspec.elaborate import ModelEntry, apply, call_arguments, elaborate, joins
from archspec.elaborate.context import Context, SpecError
from archspec.ir import Graph
from archspec.layers.base import TensorType
from archspec.syntax import ast
from tests.mutation.mutants import walk
from tests.support.torch_rule import REFUSALS, Refusal, TorchRule

#: What PyTorch runs although it is no proper spec: named in the ledger.
LINTS: Final = frozenset({"A0304"})
#: What is compared with numbers: declared shapes, requirements, weights that are shared or tied,
#: positions with the entries of a table.
ASSERTIONS: Final = frozenset({"A0205", "A0408", "A0503", "A0601", "A0602"})

#: What PyTorch says of a weight with more bytes than 64 bits can count: nothing about its shape.
TOO_LARGE: Final = "Storage size calculation overflowed"

Ground = Literal["torch", "assertion", "language"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a model does not run at `sizes`."""

    ground: Ground
    why: str
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Success:
    """The weights of a model that runs, and what was odd about the run."""

    weights: tuple[tuple[str, tuple[int, ...]], ...]
    lints: frozenset[str]
    #: Places where torch stretched a size of 1 that the spec does not show as such.
    stretched: frozenset[str]


@dataclass(slots=True)
class Oracle:
    """Runs models at known sizes. `wrong_rule` replaces the rule in tests of the harness."""

    rule: TorchRule = field(default_factory=TorchRule)

    def run(
        self, entry: ModelEntry, sizes: Mapping[str, int], aligned: set[int]
    ) -> Success | Failure:
        """Run one model at `sizes`; `aligned` are the joins whose `align` applies at any sizes.

        An `align` applies where the shapes differ for some sizes: what differs here is added.
        """
        while True:
            known = len(aligned)
            result = self._run(at_sizes(entry, sizes), sizes, aligned)
            if len(aligned) == known:
                return result

    def _run(
        self, entry: ModelEntry, sizes: Mapping[str, int], aligned: set[int]
    ) -> Success | Failure:
        stretched: set[str] = set()
        doubtful: list[Any] = []
        try:
            with self._in_place(aligned, stretched, doubtful):
                graph = elaborate(entry, sizes).graph
        except Refusal as error:
            if TOO_LARGE in str(error):
                return Success((), frozenset({TOO_LARGE}), frozenset(stretched))
            return Failure("torch", str(error), sizes)
        except ArchSpecError as error:
            codes = {d.code for d in error.diagnostics if d.severity == "error"}
            if codes <= LINTS:
                return Success((), frozenset(codes), frozenset(stretched))
            fault = next(d for d in error.diagnostics if d.severity == "error")
            ground: Ground = "assertion" if codes <= ASSERTIONS | LINTS else "language"
            return Failure(ground, f"{fault.code} {fault.message}", sizes)
        except REFUSALS:
            if not doubtful:
                raise
            # PyTorch ran an argument that archspec refuses, and has no use for beyond that.
            return Success((), frozenset({"A0106"}), frozenset(stretched))
        finally:
            self.rule.doubtful.clear()
        lints = frozenset({"A0106"} if doubtful else ())
        return Success(_weights(graph), lints, frozenset(stretched))

    @contextmanager
    def _in_place(
        self, aligned: set[int], stretched: set[str], doubtful: list[Any]
    ) -> Iterator[None]:
        """Shape rules by PyTorch, joins without checks, arguments as they come."""
        count = 0

        def run_rule(
            ctx: Context, decl: Any, params: Any, types: tuple[TensorType, ...], *_: Any
        ) -> tuple[TensorType, ...]:
            return self.rule.run(decl, params, types).outputs

        def proven(ctx: Context, y: Any, x: Any, name: str, axis: int, *_: Any) -> bool:
            nonlocal count
            count += 1
            same = y.type.rank == x.type.rank and all(
                a is b or (name == "concat" and i == axis)
                for i, (a, b) in enumerate(zip(y.type.shape, x.type.shape, strict=True))
            )
            if not same:
                aligned.add(count)
            return count not in aligned

        def fits(
            ctx: Context, core: Any, tensors: tuple[Any, ...], name: str, axis: int, *_: Any
        ) -> bool:
            y = tensors[0].type
            if name not in ("concat", "stack") and any(t.type.shape != y.shape for t in tensors):
                stretched.add(str(core.span))
            return True

        validate = call_arguments._validate

        def lenient(ctx: Context, decl: Any, given: Any, span: Any) -> Any:
            try:
                return validate(ctx, decl, given, span)
            except SpecError as error:
                if error.diagnostic.code != "A0106":
                    raise
                values = {name: argument.value for name, argument in given.items()}
                params = decl.Params.model_construct(**values)
                doubtful.append(params)
                self.rule.doubtful.add(id(params))
                return params

        with (
            patch.object(apply, "run_rule", run_rule),
            patch.object(joins, "_proven", proven),
            patch.object(joins, "_fits", fits),
            patch.object(call_arguments, "_validate", lenient),
        ):
            yield


def _weights(graph: Graph) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple(
        (name, tuple(dim.const or -1 for dim in weight.shape))
        for module in graph.modules()
        for name, weight in module.all_weights()
    )


# --- models at known sizes ----------------------------------------------------------------------


def open_sizes(entry: ModelEntry) -> list[str]:
    """The sizes that the inputs of a model leave open, in order."""
    params = {param.name for param in entry.block.params}
    names = [
        dim.id
        for statement in inputs_of(entry.block)
        for dim in statement.shape.dims
        if isinstance(dim, ast.Name) and dim.id not in params
    ]
    return list(dict.fromkeys(names))


def batches(entry: ModelEntry) -> frozenset[str]:
    """The open sizes that stand first in their inputs and nowhere else."""
    first, rest = set[str](), set[str]()
    for statement in inputs_of(entry.block):
        for axis, dim in enumerate(statement.shape.dims):
            if isinstance(dim, ast.Name):
                (rest if axis else first).add(dim.id)
    return frozenset(first - rest)


def inputs_of(block: ast.Block) -> list[ast.Input]:
    return [s for s in block.body.statements if isinstance(s, ast.Input)]


def at_sizes(entry: ModelEntry, sizes: Mapping[str, int]) -> ModelEntry:
    """The model with its open sizes as parameters, and without `where`."""
    span = entry.block.span
    more = tuple(ast.Param(name=name, kind=None, default=None, span=span) for name in sizes)
    statements = tuple(
        replace(s, where=()) if isinstance(s, ast.Input) else s for s in entry.block.body.statements
    )
    block = replace(
        entry.block,
        params=(*entry.block.params, *more),
        body=replace(entry.block.body, statements=statements),
    )
    return _with_block(entry, block)


def _with_block(entry: ModelEntry, block: ast.Block) -> ModelEntry:
    base = _with_block(entry.base, block) if entry.base is not None else None
    return replace(entry, block=block, base=base)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The `where` of a model as Python: `stated` are the sizes that it bounds below."""

    admits: Callable[[Mapping[str, int]], bool]
    stated: frozenset[str]
    by_name: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, Any]


class NoConditions(Exception):
    """A `where` that has no value: names that stand for nothing, a division by zero."""


def conditions_of(entry: ModelEntry) -> Conditions:
    """The conditions of a model's inputs; raises `NoConditions`."""
    clauses = [c for s in inputs_of(entry.block) for c in s.where]
    names = set(open_sizes(entry))
    constants: dict[str, Any] = {"true": True, "false": False, "none": None}
    if clauses:
        constants |= _constants(entry)
    stated = {n for clause in clauses for n in _bounded_below(clause) if n in names}
    by_name: dict[str, list[str]] = {}
    for clause in clauses:
        used = {n.id for n in walk(clause) if isinstance(n, ast.Name)} & names
        by_name.setdefault(next(iter(used)) if len(used) == 1 else "", []).append(clause.span.text)
    texts = [clause.span.text for clause in clauses]

    def admits(sizes: Mapping[str, int]) -> bool:
        return all(holds(text, {**constants, **sizes}) for text in texts)

    return Conditions(
        admits, frozenset(stated), {k: tuple(v) for k, v in by_name.items()}, constants
    )


@cache
def _compiled(text: str) -> CodeType:
    return compile(text, "<where>", "eval")


def holds(text: str, values: Mapping[str, Any]) -> bool:
    """A condition of an arch file is one of Python's, but for `true`, `false` and `none`."""
    try:
        return bool(eval(_compiled(text), {"__builtins__": {}}, dict(values)))
    except (NameError, TypeError, ZeroDivisionError, SyntaxError, ValueError) as error:
        raise NoConditions(str(error)) from None


def _constants(entry: ModelEntry) -> dict[str, Any]:
    """The values of the model's parameters."""
    stub = replace(
        entry.block,
        body=replace(
            entry.block.body,
            statements=tuple(replace(s, where=()) for s in inputs_of(entry.block)[:1]),
        ),
    )
    try:
        return dict(elaborate(_with_block(entry, stub)).frame.constants)
    except ArchSpecError as error:
        raise NoConditions(str(error)) from None


def _bounded_below(clause: ast.Expr) -> Iterator[str]:
    """Names of sizes that a clause states a lower bound of."""
    for part in walk(clause):
        if not isinstance(part, ast.Compare):
            continue
        left: ast.Expr = part.first
        for op, right in part.rest:
            if op in (">", ">=", "==") and isinstance(left, ast.Name):
                yield left.id
            if op in ("<", "<=", "==") and isinstance(right, ast.Name):
                yield right.id
            left = right
