"""Names for emitted code: valid, unused, and as close to the author's own as possible."""

import builtins
import keyword
import unicodedata
from collections.abc import Iterable
from typing import Final

#: Not used as names: keywords, soft keywords, builtins, and letters that look like digits.
_TAKEN: Final = (
    frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))
) - {"_"} | {"l", "O", "I"}


def identifier(label: str, fallback: str = "x") -> str:
    """The valid Python identifier closest to `label`, keywords not yet avoided.

    >>> identifier("layer 1.conv")
    'layer_1_conv'
    >>> identifier("1x1")
    '_1x1'
    """
    # Python itself compares identifiers in this normal form.
    normal = unicodedata.normalize("NFKC", label)
    text = "".join(char if f"_{char}".isidentifier() else "_" for char in normal)
    if not text.strip("_"):
        # Nothing of the label is left, or it is `_`, which reads as "not used".
        return fallback
    return text if text.isidentifier() else f"_{text}"


class Namespace:
    """Hands out identifiers of which none hides another.

    A child scope does not hand out what its parents hold at that time, so that code in it can use
    theirs; siblings are free of each other.
    """

    def __init__(
        self,
        reserved: Iterable[str] = (),
        *,
        avoid_builtins: bool = True,
        parent: "Namespace | None" = None,
    ) -> None:
        """`reserved` names are never handed out.

        Attributes may be called as builtins are: `avoid_builtins=False` avoids only keywords.
        """
        self._parent = parent
        self._used = set(reserved)
        self._avoid = _TAKEN if avoid_builtins else frozenset(keyword.kwlist)

    def child(self, reserved: Iterable[str] = ()) -> "Namespace":
        scope = Namespace(reserved, parent=self)
        scope._avoid = self._avoid
        return scope

    def __contains__(self, name: str) -> bool:
        """Whether `name` is taken here or in a parent."""
        if name in self._used or name in self._avoid:
            return True
        return self._parent is not None and name in self._parent

    def snapshot(self) -> frozenset[str]:
        """What is taken here now, for `restore`."""
        return frozenset(self._used)

    def restore(self, taken: frozenset[str]) -> None:
        """Forget all names handed out since `snapshot`."""
        self._used = set(taken)

    def release(self, name: str) -> None:
        """Hand `name` out again where it was handed out here."""
        self._used.discard(name)

    def reserve(self, *names: str) -> None:
        self._used.update(names)

    def new(self, label: str, fallback: str = "x") -> str:
        """A name for `label`: itself if valid and unused, else followed by `_` or `_2`, `_3`, …"""
        name = base = identifier(label, fallback)
        if base in self._avoid:
            name = base = f"{base}_"
        number = 1
        while name in self:
            number += 1
            name = f"{base.rstrip('_')}_{number}"
        self._used.add(name)
        return name
