"""Variables of an emitted constructor for sizes that change as it goes on: `channels += growth`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim
from archspec.elaborate.values import Pass

if TYPE_CHECKING:
    from archspec.backends.torch.emitter import Emitter


class RunningSizes:
    """One variable for each role; each assignment is a new version with a symbol of its own."""

    def __init__(self, e: "Emitter") -> None:
        self._e = e
        self._names: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._count = 0

    @property
    def names(self) -> set[str]:
        return set(self._names.values())

    def variable(self, axis: int, rank: int) -> str:
        """The variable for the size of an axis."""
        role = "channels" if axis == 1 and rank > 2 else f"size{axis}"
        if axis == rank - 1 and rank < 4:
            role = "features"
        if role not in self._names:
            self._names[role] = self._e.ctor_names.new(role)
        return self._names[role]

    def version(self, name: str, values: Mapping[int, Dim]) -> Dim:
        """A symbol for what the variable holds from here on; its earlier symbols expire.

        `values` are the sizes by the identity of the pass.
        """
        self._count += 1
        current = self._versions[name] = self._count

        def render() -> py.Expr | None:
            return py.name(name) if self._versions.get(name) == current else None

        def value(pass_: Pass) -> Any:
            scope: Pass | None = pass_
            while scope is not None:
                if id(scope) in values:
                    return values[id(scope)]
                scope = self._e.parent(scope)
            raise CannotEmit("the size is not recorded")

        return self._e.sizes.symbol(f"{name}#{current}", value, render)

    def current(self, name: str) -> Dim | None:
        """The symbol of what the variable holds now."""
        number = self._versions.get(name)
        return None if number is None else Dim.symbol(f"{name}#{number}")

    def now(self) -> dict[str, int]:
        """The versions at this point, for `reset`."""
        return dict(self._versions)

    def reset(self, versions: dict[str, int]) -> None:
        """Go back to the versions at another point: the beginning of the next branch."""
        self._versions = dict(versions)

    def snapshot(self) -> tuple[dict[str, str], dict[str, int]]:
        return dict(self._names), dict(self._versions)

    def restore(self, saved: tuple[dict[str, str], dict[str, int]]) -> None:
        self._names, self._versions = saved
