"""What the table of memory says of each declaration, against what PyTorch holds of real calls."""

from random import Random
from typing import Any, Final

import pytest
import torch

from archspec.layers.base import ABSENT, Declaration, LayerDecl, TensorType
from archspec.layers.memory import keeps, statistics, view_of
from tests.layers.case import Case
from tests.layers.harness import Ours, ours
from tests.layers.kept import held
from tests.layers.trials import DECLARATIONS, TRIALS

#: Declarations that the table does not follow to the byte, and why.
ROUGH: Final = {
    **dict.fromkeys(
        (
            *("CosineSimilarity", "LPPool1d", "LPPool2d", "LPPool3d", "LocalResponseNorm"),
            *("PairwiseDistance", "cosine_similarity", "normalize", "polar"),
        ),
        "a formula of several operations, which keep their parts",
    ),
    **dict.fromkeys(
        ("maximum", "minimum", "max", "min", "mul", "pow", "einsum", "div", "remainder"),
        "of three tensors it keeps what comes in between, of numbers what is cast",
    ),
    **dict.fromkeys(
        ("EmbeddingBag", "MultiheadAttention", "scaled_dot_product_attention"),
        "what is kept depends on the kernel that PyTorch chooses",
    ),
    **dict.fromkeys(
        ("fft", "fft2", "ifft", "ifft2", "rfft", "rfft2", "irfft", "irfft2"),
        "real inputs are kept where they are cast",
    ),
    **dict.fromkeys(("argsort", "sort", "topk", "isfinite"), "indices are kept, or a mask"),
    **dict.fromkeys(("gather", "index_select"), "indices may be on an axis of one element"),
    "rearrange": "what it keeps is nothing, but views depend on sizes of 1",
    "complex": "its parts are views",
}


def calls(name: str, count: int, patience: int = 150) -> list[tuple[Case, Ours]]:
    """Valid calls of a declaration, always the same."""
    random, found = Random(name), list[tuple[Case, Ours]]()
    for _ in range(patience):
        case = TRIALS[name].cases.draw(random)
        mine = ours(DECLARATIONS[name], case)
        given = case.arguments
        plain = not given.get("inplace") and given.get("padding_mode", "zeros") == "zeros"
        plain = plain and given.get("p") != 1  # then a dropout keeps nothing but a zero
        if mine is not None and plain and all(_several(t) for t in mine.inputs):
            found.append((case, mine))
        if len(found) == count:
            break
    return found


def _several(type_: TensorType) -> bool:
    return type_ is ABSENT or all(d.const != 1 for d in type_.shape)


def check(decl: Declaration[Any], mine: Ours) -> None:
    said = keeps(decl, mine.params, len(mine.inputs))
    if said is None:
        return
    try:
        found = held(decl, mine.params, mine.inputs, training=True)
        evaluated = held(decl, mine.params, mine.inputs, training=False)
    except (RuntimeError, ValueError, NotImplementedError):
        return  # torch refuses it, or to train it
    views = view_of(decl, mine.params, mine.inputs)
    assert evaluated.views == (views != "none",) * len(evaluated.views)
    assert found.inputs == expected(decl, mine, said)
    floats = any(t is not ABSENT and t.kind in ("float", "complex") for t in mine.inputs)
    assert found.result == (floats and "result" in said)
    assert found.others == sum(
        (s.elements.const or 0) * s.itemsize
        for s in statistics(decl, mine.params, mine.inputs, mine.outputs)
    )


def expected(decl: Declaration[Any], mine: Ours, said: tuple[str, ...]) -> set[int]:
    """The inputs that the table says are kept, where all floats need a gradient."""
    floats = {
        i for i, t in enumerate(mine.inputs) if t is not ABSENT and t.kind in ("float", "complex")
    }
    chosen = set[int]()
    for kind in said:
        match kind:
            case "input" | "weighed":
                chosen |= floats
            case "factor":
                chosen |= floats if len(floats) > 1 else set()
            case "first":
                chosen |= {0}
            case "second":
                chosen |= {1}
    return chosen if floats or isinstance(decl, LayerDecl) else set()


@pytest.mark.parametrize("name", sorted(set(DECLARATIONS) - set(ROUGH)))
def test_the_table_says_what_torch_keeps(name: str) -> None:
    with torch.random.fork_rng():
        for case, mine in calls(name, 3):
            try:
                check(DECLARATIONS[name], mine)
            except AssertionError as error:
                raise AssertionError(f"{name}, {case}: {error}") from None


def test_a_wrong_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    import archspec.layers.memory as table

    (_, mine), *_ = calls("Sigmoid", 1)
    check(DECLARATIONS["Sigmoid"], mine)
    monkeypatch.setattr(table, "_KEPT_BY", {"Sigmoid": ("input",)})
    with pytest.raises(AssertionError):
        check(DECLARATIONS["Sigmoid"], mine)


def test_names_in_the_table_are_declared() -> None:
    import archspec.layers.memory as table

    named = {*table._KEPT_BY, *table._VIEW_OF, *table._OVER, *table._OPAQUE, *table._STATISTICS}
    assert named <= set(DECLARATIONS)
