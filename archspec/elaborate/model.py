"""From a model's syntax tree to its graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.diagnostics import Label as Mark
from archspec.dims import Domains
from archspec.elaborate.allow import allowed
from archspec.elaborate.application import too_deep
from archspec.elaborate.binding import bind_params
from archspec.elaborate.conditions import state_conditions
from archspec.elaborate.context import Context, Limits, SilentError, SpecError, Trace
from archspec.elaborate.evaluate import variant_arguments
from archspec.elaborate.files import ModelEntry
from archspec.elaborate.finish import finish
from archspec.elaborate.inputs import declare_inputs
from archspec.elaborate.statements import run_statements
from archspec.elaborate.values import (
    POISON,
    Argument,
    Cursor,
    Frame,
    Outputs,
    Tensor,
    tensors_in,
)
from archspec.ir import Graph, Module


@dataclass(frozen=True, slots=True, eq=False)
class Elaborated:
    """A model whose every size is checked: its graph, and the record of how it was unrolled."""

    entry: ModelEntry
    graph: Graph
    frame: Frame
    warnings: tuple[Diagnostic, ...]
    #: Warnings that comments of the author allow.
    allowed: tuple[Diagnostic, ...] = ()


def elaborate(
    entry: ModelEntry,
    overrides: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    trace: Trace | None = None,
) -> Elaborated:
    """Unroll and check one model; raises `ArchSpecError` with every fault found.

    `overrides` replaces parameters of the model by name; unknown names are the caller's to refuse.
    `trace` is told what was done.
    """
    block, span = entry.block, entry.span
    root = Module("", None, span, block=entry.name)
    graph = Graph(entry.name, root, Domains())
    frame = Frame(block, entry.scope, root, {}, {})
    ctx = Context(graph, limits or Limits(), frame, frame.root, Cursor(root))
    if trace is not None:
        ctx.fatal = trace.fatal
    try:
        _run(ctx, entry, overrides or {})
    except SpecError as error:
        ctx.diagnostics.append(error.diagnostic)
    except SilentError:
        pass
    except RecursionError:
        ctx.diagnostics.append(too_deep(ctx.deepest, span))
    if trace is not None:
        _tell(trace, ctx)
    state_conditions(ctx)
    if ctx.failed:
        raise ArchSpecError(tuple(ctx.diagnostics))
    seen = tuple(d for d in ctx.diagnostics if allowed(d))
    rest = tuple(d for d in ctx.diagnostics if d not in seen)
    return Elaborated(entry, graph, frame, rest, seen)


def _tell(trace: Trace, ctx: Context) -> None:
    trace.left -= ctx.steps
    for id_, statement in ctx.run.items():
        sound = id_ not in ctx.failing
        trace.statements[statement.span] = trace.statements.get(statement.span, True) and sound


def _run(ctx: Context, entry: ModelEntry, overrides: Mapping[str, Any]) -> None:
    frame, block = ctx.frame, entry.block
    args = variant_arguments(ctx, entry)
    replaced = tuple(a for a in args if a.name not in overrides)
    replaced += tuple(Argument(name, value, None) for name, value in overrides.items())
    frame.scope = entry.home
    values = bind_params(ctx, block.params, replaced, block.name.id, entry.span, frame.scope)
    frame.given = {a.name: a for a in replaced if a.name is not None}
    frame.constants.update(values)
    frame.names.update(values)
    flow = declare_inputs(ctx)
    result = run_statements(ctx, block.body.statements, flow)
    if frame.outputs is None:
        frame.outputs = result
        frame.output_names = _output_names(ctx, result)
    outputs = frame.outputs
    if outputs is POISON or outputs is None:
        if not ctx.diagnostics:
            message = f"the model `{block.name.id}` gives no output"
            ctx.diagnostics.append(
                Diagnostic("A0307", "error", message, (Mark(block.name.span, "", primary=True),))
            )
        return
    for name, tensor in zip(frame.output_names, tensors_in(outputs), strict=True):
        ctx.graph.outputs.append((name, tensor.value))
    finish(ctx)


def _output_names(ctx: Context, result: object) -> tuple[str, ...]:
    if isinstance(result, Outputs):
        return result.names or tuple(f"output{i}" for i in range(len(result.items)))
    if isinstance(result, Tensor):
        taken = any(name == "output" for name, _ in ctx.frame.inputs)
        return ("output_" if taken else "output",)
    return ()
