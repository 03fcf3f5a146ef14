"""Checkpoints moved between the names of libraries, and from one spec to another.

A state is converted as a whole or not at all: every weight of the model must be found, with its
shape, and every tensor of the checkpoint must be used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.elaborate.keys import KeyMap, Origin
from archspec.ir import Graph
from archspec.layers.base import Weight

if TYPE_CHECKING:
    from torch import Tensor

State = dict[str, "Tensor"]
Kind = Literal["missing", "unexpected", "shape", "tied"]


@dataclass(frozen=True, slots=True)
class Row:
    """Why a weight does not fit: its name in the model, that in the checkpoint, and the shapes."""

    kind: Kind
    model: str
    checkpoint: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The new state, and what of the old one and of the model was left out on request."""

    state: State
    rows: tuple[Row, ...]


class Misfit(Exception):
    """The checkpoint does not fit; `rows` says what of it."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        super().__init__(f"{len(self.rows)} weights do not fit")


# --- naming ------------------------------------------------------------------------------------


def weights_of(graph: Graph) -> dict[str, Weight]:
    """The model's weights and buffers by their names in its `state_dict`, in order."""
    return {name: w for module in graph.modules() for name, w in module.all_weights()}


def origins(graph: Graph, keys: KeyMap | Mapping[str, str] | None) -> dict[str, Origin]:
    """Where each weight of the model comes from: by a key map, by names elsewhere, or its own."""
    match keys:
        case KeyMap():
            return {name: keys.origin(name) for name in weights_of(graph)}
        case None:
            return {name: Origin((name,)) for name in weights_of(graph)}
        case _:
            return {name: Origin((keys[name],)) for name in weights_of(graph) if name in keys}


def read(graph: Graph, state: State, found: Mapping[str, Origin], partial: bool) -> Converted:
    """The state of the model from a checkpoint whose weights are called as `found` says.

    A tied weight that the checkpoint holds once is given to both its names. With `partial`, what is
    missing or too much is left out; else, and for shapes in any case, raises `Misfit`.
    """
    import torch

    ties = {tie.target: tie.source for tie in graph.ties}
    wanted = weights_of(graph)
    result: State = {}
    rows: list[Row] = []
    used: set[str] = set()
    for name, weight in wanted.items():
        origin = found.get(name)
        shape = [dim.const for dim in weight.shape]
        if origin is None or any(one not in state for one in origin.names):
            if name not in ties:
                absent = [n for n in origin.names if n not in state] if origin else []
                rows.append(Row("missing", name, ", ".join(absent), str(shape), ""))
            continue
        parts = [state[one] for one in origin.names]
        used.update(origin.names)
        try:
            value = parts[0] if len(parts) == 1 else torch.cat(parts)
            value = value.t() if origin.transposed else value
        except (RuntimeError, IndexError):  # parts of different ranks, or more than two axes
            value = parts[0].new_empty(0, 0, 0, 0, 0, 0)
        if list(value.shape) != shape:
            shapes = " + ".join(str(list(part.shape)) for part in parts)
            rows.append(Row("shape", name, ", ".join(origin.names), str(shape), shapes))
            continue
        result[name] = value.contiguous()
    for target, source in ties.items():
        if target not in result and source in result:
            result[target] = result[source]
        elif target in result and source in result:
            if not torch.equal(result[target], result[source]):
                rows.append(Row("tied", target, source, "equal weights", "different ones"))
        elif target not in result:
            row = Row("missing", target, "", str([d.const for d in wanted[target].shape]), "")
            rows.append(row)
    rows += [
        Row("unexpected", "", name, "", str(list(value.shape)))
        for name, value in state.items()
        if name not in used
    ]
    hard = [row for row in rows if row.kind in ("shape", "tied")]
    if rows and (hard or not partial):
        raise Misfit(rows)
    return Converted({name: result[name] for name in wanted if name in result}, tuple(rows))


def write(state: State, names: Mapping[str, Origin]) -> State:
    """The state under the names of another library: the inverse of `read`."""
    result: State = {}
    for name, value in state.items():
        origin = names[name]
        laid = value.t() if origin.transposed else value
        count = len(origin.names)
        if laid.shape[:1] and laid.shape[0] % count:
            row = Row("shape", name, ", ".join(origin.names), f"{count} equal parts",
                      str(list(laid.shape)))  # fmt: skip
            raise Misfit([row])
        for one, part in zip(
            origin.names, laid.chunk(count) if count > 1 else (laid,), strict=True
        ):
            result[one] = part.contiguous()
    return result


# --- files -------------------------------------------------------------------------------------


def load(path: Path, entry: str | None = None) -> State:
    """The tensors of a checkpoint, by name. Raises `ArchSpecError` A0801.

    `entry` is the key of the state in a checkpoint that holds more than it.
    """
    import torch

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            loaded: Any = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise _unreadable(path, "no such file") from None
    except Exception as error:  # noqa: BLE001 - each reader has its own errors
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        help = "checkpoints are .safetensors files, or state dicts that torch.save wrote"
        raise _unreadable(path, reason, help) from None
    if entry is not None:
        if not isinstance(loaded, dict) or entry not in loaded:
            held = ", ".join(f"`{key}`" for key in loaded) if isinstance(loaded, dict) else "none"
            raise _unreadable(path, f"it has no entry `{entry}`", f"its entries are {held}")
        loaded = loaded[entry]
    if not isinstance(loaded, dict) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in loaded.items()
    ):
        inner = (
            [k for k, v in loaded.items() if isinstance(v, dict)]
            if isinstance(loaded, dict)
            else []
        )
        help = f"name the entry that is one: `--entry {inner[0]}`" if inner else (
            "save `model.state_dict()`"
        )  # fmt: skip
        raise _unreadable(path, "it is no state dict: not all its values are tensors", help)
    return dict(loaded)


def save(state: State, path: Path) -> None:
    """Write a checkpoint, `.safetensors` or as torch does; whole or not at all (A0802)."""
    from tempfile import NamedTemporaryFile

    import torch

    try:
        with NamedTemporaryFile(dir=path.parent, suffix=path.suffix, delete=False) as file:
            temporary = Path(file.name)
        try:
            if path.suffix == ".safetensors":
                from safetensors.torch import save_file

                # A tensor under two names is written twice: the format has no ties.
                save_file({name: value.clone() for name, value in state.items()}, temporary)
            else:
                torch.save(state, temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"cannot write `{path}`: {reason}"
        raise ArchSpecError((Diagnostic("A0802", "error", message),)) from None


def _unreadable(path: Path, reason: str, help: str = "") -> ArchSpecError:
    message = f"cannot read `{path}`: {reason}"
    return ArchSpecError((Diagnostic("A0801", "error", message, help=(help,) if help else ()),))
