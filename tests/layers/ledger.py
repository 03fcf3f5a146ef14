"""Where layers and torch differ on purpose, each with its reason; see the differential test."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.layers.layer_cases import Case

_SPATIAL = {"1d": 3, "2d": 4, "3d": 5}


@dataclass(frozen=True, slots=True)
class Entry:
    """Calls that torch runs and archspec refuses."""

    applies: Callable[[str, Case], bool]
    reason: str


def _unbatched(name: str, case: Case) -> bool:
    rank = _SPATIAL.get(name[-2:], 4 if name == "Softmax2d" else None)
    return rank is not None and len(case.inputs[0].shape or ()) != rank


def _dtypes(case: Case) -> set[str]:
    return {x.dtype for x in case.inputs if x.shape is not None}


STRICTER: tuple[Entry, ...] = (
    Entry(
        _unbatched,
        "images without a batch dimension: a missing dimension is far more often a mistake",
    ),
    Entry(
        lambda name, case: case.corrupted,
        "arguments of another type than the documented one, e.g. a bool for a number",
    ),
    Entry(
        lambda name, case: name != "Embedding" and not _dtypes(case) <= {"float"},
        "integers and bools where features are meant: some layers of torch refuse them, some "
        "turn them into floats, and the two differ between devices",
    ),
    Entry(
        lambda name, case: name == "MultiheadAttention" and len(case.inputs[0].shape or ()) == 2,
        "attention without a batch dimension",
    ),
    Entry(
        lambda name, case: any(not x.shape for x in case.inputs if x.shape is not None),
        "a tensor without dimensions has no dimension 0 or -1",
    ),
    Entry(
        lambda name, case: (
            name.startswith("InstanceNorm") and bool(case.arguments.get("track_running_stats"))
        ),
        "a single value per channel: evaluation runs, training cannot",
    ),
    Entry(
        lambda name, case: isinstance(e := case.arguments.get("eps", 1.0), float | int) and e < 0,
        "a negative eps",
    ),
    Entry(
        lambda name, case: "Pad" in name and min(_flat(case.arguments["padding"])) < 0,
        "negative padding crops; offered for zeros and constants, and at least one element stays",
    ),
    Entry(
        lambda name, case: name == "Unflatten" and 0 in _flat(case.arguments["unflattened_size"]),
        "a dimension without elements",
    ),
    Entry(
        lambda name, case: name == "LocalResponseNorm" and case.arguments["size"] == 0,
        "a window without elements",
    ),
    Entry(
        lambda name, case: (
            "Pad" in name and len(_flat(case.arguments["padding"])) > 2 * (_SPATIAL[name[-2:]] - 2)
        ),
        "more paddings than the layer's name has axes",
    ),
    Entry(
        lambda name, case: name == "FeatureAlphaDropout" and len(case.inputs[0].shape or ()) < 2,
        "no channels to drop: torch looks only where p > 0",
    ),
)


def _flat(value: object) -> list[int]:
    items = value if isinstance(value, tuple | list) else [value]
    return [item for item in items if isinstance(item, int)] or [1]


def excused(name: str, case: Case) -> bool:
    """Whether archspec may refuse a call that torch runs."""
    return any(entry.applies(name, case) for entry in STRICTER)


def empty(shape: tuple[int, ...]) -> bool:
    """An output without elements, which torch may give, counts as refused: it is of no use."""
    return 0 in shape


def trains_only_with_more(name: str) -> bool:
    """Batch norm refuses one value per channel in training, which depends on the batch at hand.

    A checked model may well be evaluated with a batch of one, so it is not an error in the spec.
    """
    return name.startswith("BatchNorm")


def macs_not_counted(name: str) -> bool:
    """Where FlopCounterMode counts nothing, as it does not know the operator."""
    return name == "Bilinear"
