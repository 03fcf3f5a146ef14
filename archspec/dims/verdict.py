"""What is asked about sizes, and what the answers are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from archspec.dims.dim import Dim


@dataclass(frozen=True, slots=True)
class Proven:
    """It holds for every allowed size."""


@dataclass(frozen=True, slots=True)
class Refuted:
    """It fails for `counterexample`; there is no smaller one if `smallest`."""

    counterexample: Mapping[str, int]
    smallest: bool = True


@dataclass(frozen=True, slots=True)
class Unknown:
    """Neither was found. `reason` completes "cannot be decided: "."""

    reason: str


Verdict = Proven | Refuted | Unknown
PROVEN = Proven()

Kind = Literal["equal", "divisible", "at_least"]


class Fact(Protocol):
    """What can be asked: left == right, left % right == 0, left >= right."""

    @property
    def kind(self) -> Kind: ...
    @property
    def left(self) -> Dim: ...
    @property
    def right(self) -> Dim: ...
