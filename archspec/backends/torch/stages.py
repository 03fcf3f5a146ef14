"""Stages: which module a stage adds to the constructor, and the call in `forward`."""

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter, Hints, Val
from archspec.backends.torch.expressions import function_call, tensor_expr
from archspec.backends.torch.groups import (
    emit_namespace,
    emit_sequential,
    is_sequential,
    opened,
    self_contained,
)
from archspec.backends.torch.joins import emit_join
from archspec.backends.torch.modules import (
    add_module,
    after_label,
    construct,
    module_call,
    module_key,
)
from archspec.backends.torch.sharing import emit_declaration, emit_inline, emit_shared
from archspec.backends.torch.sizes import CannotEmit
from archspec.syntax import ast


def emit_stage(e: Emitter, stage: ast.Stage, flow: Val | None, first: bool) -> Val | None:
    """Write one stage; gives what flows out of it."""
    core = stage.core
    if isinstance(core, ast.Residual | ast.Dense | ast.Reuse):
        return emit_join(e, core, flow)
    if not e.ran(stage):
        # A function in stage position is recorded at its own node.
        return function_call(e, core, flow)  # type: ignore[arg-type]
    kinds = {s.kind for _, s in e.steps(stage)}
    if len(kinds) > 1:
        raise CannotEmit("the stage does different things in different calls")
    kind = kinds.pop()
    match kind:
        case "value":
            return tensor_expr(e, core, flow)  # type: ignore[arg-type]
        case "declare":
            emit_declaration(e, stage)
            return flow
        case "apply":
            return emit_shared(e, stage, flow)
        case "inline":
            return emit_inline(e, stage, flow)
        case "layer" | "block" | "group":
            return _module(e, stage, kind, flow)
        case _:
            raise CannotEmit(f"a stage of kind {kind}")


# --- modules -----------------------------------------------------------------------------------


def _module(e: Emitter, stage: ast.Stage, kind: str, flow: Val | None) -> Val | None:
    """A layer, block or group of its own in the current container."""
    result_hints = e.output_hints(stage, lambda: ())
    if kind == "group" and not is_sequential(e, stage) and not self_contained(e, stage):
        saved = e.checkpoint()
        try:
            given = opened(e, stage, flow)
            if given is not None:
                return _added(e, given[0], kind, given[1], result_hints)
        except CannotEmit:
            e.restore(saved)
        return emit_namespace(e, stage, flow)
    return _added(e, stage, kind, flow, result_hints)


def _added(
    e: Emitter, stage: ast.Stage, kind: str, flow: Val | None, result_hints: tuple[Hints, ...]
) -> Val | None:
    label = module_key(e, stage)
    build: py.Expr | None
    if kind == "group" and is_sequential(e, stage):
        callee, build, result_hints = emit_sequential(e, stage, label, flow)
    else:
        build, produced = construct(e, stage, kind, flow)
        result_hints = produced or result_hints
        callee = add_module(e, stage, label, build)
    value = module_call(e, stage, callee, flow, result_hints)
    return after_label(e, stage, value)


# --- groups ------------------------------------------------------------------------------------


# --- declared, shared, inlined -----------------------------------------------------------------
