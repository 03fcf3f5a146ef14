"""Reading the record of elaboration: steps, frames, and what tells instances apart."""

from collections.abc import Iterable
from typing import Any

from archspec.elaborate import Elaborated
from archspec.elaborate.values import (
    BlockValue,
    Frame,
    LayerValue,
    Pass,
    Step,
)
from archspec.layers.base import LayerDecl


def all_steps(root: Pass) -> list[Step]:
    """Every step below a pass, callees' included, each callee before those after it."""
    found: list[Step] = []
    for step in own_steps(root):
        found.append(step)
        if step.frame is not None:
            found.extend(all_steps(step.frame.root))
    return found


def steps_with_passes(root: Pass) -> list[tuple[Pass, Step]]:
    """The steps of a body and of the loops in it, each with its pass."""
    found = [(root, step) for step in root.steps.values()]
    for passes in root.loops.values():
        for p in passes:
            found.extend(steps_with_passes(p))
    return found


def names_within(root: Pass) -> set[str]:
    """The compile-time names bound in a body and in the loops in it."""
    inner = (p for passes in root.loops.values() for p in passes)
    return set(root.names).union(*(names_within(p) for p in inner))


def own_steps(root: Pass) -> list[Step]:
    return [step for _, step in steps_with_passes(root)]


def all_frames(model: Elaborated) -> list[Frame]:
    return [model.frame, *(s.frame for s in all_steps(model.frame.root) if s.frame is not None)]


def taken_branches(model: Elaborated) -> frozenset[tuple[int, int | None]]:
    """Which branches the model takes anywhere: the `if` by identity, and the branch's number."""
    found: set[tuple[int, int | None]] = set()
    stack = [frame.root for frame in all_frames(model)]
    while stack:
        pass_ = stack.pop()
        found |= {(statement, branch.index) for statement, branch in pass_.branches.items()}
        for passes in pass_.loops.values():
            stack.extend(passes)
    return frozenset(found)


#: Parameters of blocks, by the block's identity and the parameter's name.
LayerParams = frozenset[tuple[int, str]]


def exchangeable(frames: Iterable[Frame]) -> LayerParams:
    """The parameters whose layers one class can be given as an argument.

    All layers that a parameter has anywhere must be made in the same way, as activations are:
    without sizes that follow from the input, or by the same layer.
    """
    found: dict[tuple[int, str], list[Any]] = {}
    for frame in frames:
        for name, value in frame.constants.items():
            if _has_layers(value):
                found.setdefault((id(frame.block), name), []).extend(_layers(value))
    return frozenset(key for key, layers in found.items() if _alike(layers))


def _layers(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [layer for item in value if _has_layers(item) for layer in _layers(item)]
    return [value]


def _alike(layers: list[Any]) -> bool:
    if not all(isinstance(layer, LayerValue) for layer in layers):
        return False
    kinds = {type(layer.decl) for layer in layers}
    usual = all(len(kind.ports) == 1 and kind.emit_call is LayerDecl.emit_call for kind in kinds)
    return usual and (len(kinds) == 1 or all(kind.inferred is LayerDecl.inferred for kind in kinds))


def structural(frame: Frame, arguments: LayerParams = frozenset()) -> tuple[Any, ...]:
    """What makes instances of a block different classes: the layers and blocks they are given.

    Layers that the class takes as `arguments` make no difference.
    """
    found: list[Any] = []
    for name, value in frame.constants.items():
        if _has_layers(value) and (id(frame.block), name) not in arguments:
            found.append((name, layer_key(value)))
    return tuple(found)


def _has_layers(value: Any) -> bool:
    if isinstance(value, LayerValue | BlockValue):
        return True
    return isinstance(value, list | tuple) and any(_has_layers(v) for v in value)


def layer_key(value: Any) -> Any:
    """What two equal layers or blocks have in common."""
    match value:
        case LayerValue(decl=decl, args=args):
            return (decl.name, tuple((a.name, repr(a.value)) for a in args))
        case BlockValue(block=block, args=args):
            # Numbers can be arguments of the class around; anything else makes another class.
            others = (a for a in args if not isinstance(a.value, int | float))
            return (block.name.id, tuple((a.name, repr(a.value)) for a in others))
        case list() | tuple():
            return tuple(layer_key(v) for v in value)
        case _:
            return repr(value)
