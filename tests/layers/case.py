"""A call of a layer or function, as the tests of all rules generate it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class T:
    """A tensor by shape and dtype; `shape` None is an optional tensor that is left out."""

    shape: Shape | None
    dtype: str = "float"

    @property
    def sizes(self) -> Shape:
        """The shape of a tensor that is there."""
        assert self.shape is not None
        return self.shape


@dataclass(frozen=True, slots=True)
class Case:
    """The tensors, and the arguments that are given.

    `corrupted`: the argument that was replaced by something of another type or range, or added.
    """

    tensors: tuple[T, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    corrupted: str | None = None
