"""Bodies whose modules all go by position: a `Sequential` with a `forward` of its own.

`self[1](self[0](x))` reads better than `getattr(self, "1")(getattr(self, "0")(x))`.
"""

from typing import Any

from archspec.backends.torch.emitter import Emitter, Passes
from archspec.backends.torch.groups import is_sequential
from archspec.syntax import ast


def is_indexed(e: Emitter, statements: tuple[ast.Statement, ...]) -> bool:
    """Whether every module of a body is unlabelled and runs once, and some of them have weights."""
    found: list[ast.Stage] = []
    if len(e.input_names) != 1 or not _collect(e, statements, e.passes, found):
        return False
    steps = [p.steps[id(s)] for s in found for p in e.passes if id(s) in p.steps]
    return any(step.kind != "layer" or (step.module and step.module.weights) for step in steps)


def _collect(
    e: Emitter, statements: tuple[ast.Statement, ...], passes: Passes, found: list[ast.Stage]
) -> bool:
    for statement in statements:
        match statement:
            case ast.Input() | ast.Require() | ast.Output() | ast.Tensor() | ast.Init():
                continue
            case ast.Flow(stages=stages):
                if not all(_stage(e, stage, passes, found) for stage in stages):
                    return False
            case _:
                return False
    return True


def _stage(e: Emitter, stage: ast.Stage, passes: Passes, found: list[ast.Stage]) -> bool:
    if stage.label is not None or stage.modifiers or stage.weights is not None:
        return False
    core: Any = stage.core
    match core:
        case ast.Residual(body=body, align=None) | ast.Dense(body=body):
            return _collect(e, body.statements, passes, found)
        case ast.Residual() | ast.Reuse():
            return False
        case _:
            pass
    steps = [p.steps[id(stage)] for p in passes if id(stage) in p.steps]
    if not steps:  # a function, or a compile-time value
        return True
    match {step.kind for step in steps}.pop():
        case "value":
            return True
        case "layer" | "block":
            found.append(stage)
            return True
        case "group":
            found.append(stage)
            return is_sequential(e, stage)
        case "inline":
            frames = [step.frame for step in steps if step.frame is not None]
            roots = tuple(frame.root for frame in frames)
            inner: list[ast.Stage] = []
            return _collect(e, frames[0].block.body.statements, roots, inner)
        case _:
            return False
