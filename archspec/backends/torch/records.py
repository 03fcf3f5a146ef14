"""Reading the record of elaboration: steps, frames, and what tells instances apart."""

from typing import Any

from archspec.elaborate import Elaborated
from archspec.elaborate.values import (
    BlockValue,
    Frame,
    LayerValue,
    Pass,
    Step,
)


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


def own_steps(root: Pass) -> list[Step]:
    return [step for _, step in steps_with_passes(root)]


def all_frames(model: Elaborated) -> list[Frame]:
    return [model.frame, *(s.frame for s in all_steps(model.frame.root) if s.frame is not None)]


def structural(frame: Frame) -> tuple[Any, ...]:
    """What makes instances of a block different classes: the layers and blocks they are given."""
    found: list[Any] = []
    for name, value in frame.constants.items():
        if _has_layers(value):
            found.append((name, _layer_key(value)))
    return tuple(found)


def _has_layers(value: Any) -> bool:
    if isinstance(value, LayerValue | BlockValue):
        return True
    return isinstance(value, list | tuple) and any(_has_layers(v) for v in value)


def _layer_key(value: Any) -> Any:
    match value:
        case LayerValue(decl=decl, args=args):
            return (decl.name, tuple((a.name, repr(a.value)) for a in args))
        case BlockValue(block=block, args=args):
            # Numbers can be arguments of the class around; anything else makes another class.
            others = (a for a in args if not isinstance(a.value, int | float))
            return (block.name.id, tuple((a.name, repr(a.value)) for a in others))
        case list() | tuple():
            return tuple(_layer_key(v) for v in value)
        case _:
            return repr(value)
