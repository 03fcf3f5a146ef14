"""What the tests of layers and of functions share: many calls, the rule on symbols, strictness."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from zlib import crc32

import torch
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from pydantic import ValidationError

from archspec.dims import Dim
from archspec.layers.base import (
    ABSENT,
    Declaration,
    Needs,
    Obligation,
    Params,
    RuleError,
    TensorType,
)
from tests.layers.case import Case
from tests.layers.draws import Gen
from tests.layers.ledger import excuses

torch.set_num_threads(1)  # the tensors are tiny

#: The same calls in every run, however long they take.
QUIET = settings(
    max_examples=2000,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

#: New calls per seed that hypothesis draws, and how many are drawn for one.
BATCH, PATIENCE = 25, 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether both accept a call; `open`: on symbols, the rule asked for numbers."""

    valid: bool
    open: bool = False


Check = Callable[[Declaration[Any], Case], Verdict]


@dataclass(frozen=True, slots=True)
class Trial:
    """Generated calls of a declaration, whether torch runs one, and the comparison with torch."""

    cases: Gen[Case]
    runs: Callable[[Case], bool]
    check: Check


@dataclass(slots=True)
class Tally:
    """What a run saw."""

    #: Different calls; those that both accept; of these, those for which symbols do not do.
    calls: int = 0
    valid: int = 0
    open: int = 0
    #: Calls drawn, those seen before included, and of these the invalid ones.
    drawn: int = 0
    invalid: int = 0

    @property
    def invalid_share(self) -> float:
        return self.invalid / self.drawn


class Disagreement(AssertionError):
    """The smallest call found on which the declaration and torch disagree, and how."""


def run(decl: Declaration[Any], trial: Trial, examples: int, *, shrink: bool = True) -> Tally:
    """Checks `examples` different calls, fewer where there are no more; raises a `Disagreement`."""
    tally, seen, faults = Tally(), dict[str, bool](), list[Disagreement]()

    @settings(QUIET, max_examples=-(-examples // BATCH), phases=(Phase.generate,))
    @given(st.randoms(use_true_random=True))
    def batch(random: Random) -> None:
        wanted = len(seen) + BATCH
        for _ in range(PATIENCE * BATCH):
            if faults or len(seen) == wanted:
                break
            case = trial.cases.draw(random)
            key = repr(case)
            if key not in seen:
                try:
                    verdict = trial.check(decl, case)
                except AssertionError as error:
                    faults.append(Disagreement(f"{decl.name}, {case}: {error}"))
                    break
                seen[key] = verdict.valid
                tally.calls += 1
                tally.valid += verdict.valid
                tally.open += verdict.open
            tally.drawn += 1
            tally.invalid += not seen[key]

    batch()
    if faults:
        raise (_smallest(decl, trial) if shrink else None) or faults[0]
    return tally


def _smallest(decl: Declaration[Any], trial: Trial) -> Disagreement | None:
    """A call that fails, drawn number by number so that hypothesis can shrink it."""

    def fault(case: Case) -> str | None:
        try:
            trial.check(decl, case)
        except AssertionError as error:
            return str(error)
        return None

    calls = st.randoms(use_true_random=False).map(trial.cases.draw)
    try:
        case = find(calls, lambda case: fault(case) is not None, settings=settings(QUIET))
    except NoSuchExample:
        return None
    return Disagreement(f"{decl.name}, {case}: {fault(case)}")


def one_in(n: int, case: Case) -> bool:
    """True for one in `n` calls, always the same ones: for what is too slow to check each time."""
    return crc32(repr(case).encode()) % n == 0


# --- rules -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ours:
    """What the declaration says of an accepted call."""

    params: Params
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]


def fails(o: Obligation, values: Mapping[str, int]) -> bool:
    left, right = o.left.evaluate(values), o.right.evaluate(values)
    match o.kind:
        case "equal":
            return left != right
        case "divisible":
            return left % right != 0
        case "at_least":
            return left < right


def evaluated(x: TensorType, values: Mapping[str, int]) -> list[int]:
    return [dim.evaluate(values) for dim in x.shape]


def types_of(case: Case) -> tuple[TensorType, ...]:
    return tuple(
        ABSENT if x.shape is None else TensorType(tuple(map(Dim.of, x.shape)), x.dtype)
        for x in case.tensors
    )


def ours(decl: Declaration[Any], case: Case) -> Ours | None:
    """What the declaration says of the call, or None where it refuses it."""
    inputs, need = types_of(case), Needs()
    try:
        params = decl.Params(**case.arguments)
        outputs = decl.shape(params, inputs, need)
    except (RuleError, ValidationError):
        return None
    if any(fails(o, {}) for o in need.obligations):
        return None
    return Ours(params, inputs, outputs)


def refuse(decl: Declaration[Any], case: Case, runs: bool) -> None:
    """Asserts that a call which the declaration refuses is refused by torch, or in the ledger."""
    assert not runs or excuses(decl.name, case), "refused, though torch runs it"


# --- symbols -----------------------------------------------------------------------------------

#: What a rule may say of symbolic sizes that it does not say of numbers: a size must be known, or
#: no polynomial quotient exists.
OPEN_SIZE_CODES = frozenset({"A0204", "A0407", "A0501"})
#: What it says where an open size would be paired with itself.
SILENT_BROADCAST = "A0406"

#: How symbols stand for sizes: one for each axis, one for each size, one for some axes only.
NAMINGS: tuple[Callable[[int, int, int], str | None], ...] = (
    lambda port, axis, size: f"a{port}_{axis}",
    lambda port, axis, size: f"n{size}",
    lambda port, axis, size: f"a{port}_{axis}" if (port + axis + size) % 2 else None,
)

#: Compares more than the types, given arguments, inputs and outputs with symbols, their values, and
#: whether equal sizes have one symbol.
More = Callable[
    [Params, tuple[TensorType, ...], tuple[TensorType, ...], Mapping[str, int], bool], None
]


def check_symbols(
    decl: Declaration[Any],
    case: Case,
    mine: Ours | None,
    *,
    ones: bool,
    more: More | None = None,
) -> bool:
    """Asserts that the rule on symbols, with numbers put in, agrees with the rule on numbers.

    `ones`: a 1 becomes a symbol too; where sizes may be broadcast, it means something else than
    a symbol does. Gives whether an accepted call was refused because a size is open.
    """
    refused_open = False
    for number, naming in enumerate(NAMINGS):
        values: dict[str, int] = {}
        types = []
        for port, x in enumerate(case.tensors):
            if x.shape is None:
                types.append(ABSENT)
                continue
            dims = []
            for axis, size in enumerate(x.shape):
                name = naming(port, axis, size) if ones or size != 1 else None
                if name is not None:
                    values[name] = size
                dims.append(Dim.of(size) if name is None else Dim.symbol(name))
            types.append(TensorType(tuple(dims), x.dtype))
        inputs, need = tuple(types), Needs()
        refused: RuleError | None
        try:
            params = decl.Params(**case.arguments)
            out = decl.shape(params, inputs, need)
        except ValidationError:
            assert mine is None
            break
        except RuleError as error:
            refused = error
        else:
            refused = None
        if refused is not None:
            if mine is not None and refused.code != SILENT_BROADCAST:
                is_open = refused.code in OPEN_SIZE_CODES
                assert is_open, f"refused with symbols {inputs}: {refused.message}"
                refused_open = True
            continue
        broken = [o for o in need.obligations if fails(o, values)]
        assert bool(broken) == (mine is None), f"other verdict with symbols {inputs}: {broken}"
        if mine is None:
            continue
        given = [evaluated(x, values) for x in out]
        wanted = [evaluated(x, {}) for x in mine.outputs]
        assert given == wanted, f"other sizes with symbols {inputs}: {out}"
        assert [x.dtype for x in out] == [x.dtype for x in mine.outputs]
        if more is not None:
            more(params, inputs, out, values, number == 1)
    return refused_open
