"""The compiler as a table of contents: read, parse, elaborate and check, emit.

Nothing here imports torch.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.diagnostics.suggest import closest
from archspec.elaborate import Elaborated, FileScope, Limits, Loader, ModelEntry, elaborate
from archspec.elaborate.files import read_source
from archspec.source import SourceFile


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """One file with all that it imports; `diagnostics` are the faults of syntax and definitions."""

    scope: FileScope
    diagnostics: tuple[Diagnostic, ...]

    @property
    def models(self) -> dict[str, ModelEntry]:
        """Models and variants of the file itself that can be built as they are, in order."""
        return {n: e for n, e in self.scope.models.items() if not missing_parameters(e)}


def load_file(path: Path) -> Program:
    """Read and parse a file and its imports; raises only if the file itself can't be read."""
    return _load(read_source(path), path.resolve())


def load_text(text: str, name: str = "<text>") -> Program:
    """As `load_file`, for a text; imports are relative to the working directory."""
    return _load(SourceFile(name, text), None)


def _load(source: SourceFile, path: Path | None) -> Program:
    loader = Loader()
    scope = loader.load(source, path)
    return Program(scope, tuple(loader.diagnostics))


def missing_parameters(entry: ModelEntry) -> tuple[str, ...]:
    """Parameters without default that the entry does not set: such a model needs a variant."""
    params = entry.block.params
    given = set[str]()
    for variant in entry.chain:
        if variant.call is not None:
            given |= {p.name for p, _ in zip(params, variant.call.args, strict=False)}
            given |= {k.name for k in variant.call.keywords}
    return tuple(p.name for p in params if p.default is None and p.name not in given)


def find_model(
    program: Program, name: str, overrides: Mapping[str, Any] | None = None
) -> ModelEntry:
    """The model or variant `name`; raises A0114 with the known names."""
    entry = program.scope.models.get(name)
    if entry is None:
        known = list(program.models)
        near = closest(name, known)
        help = (
            f"did you mean `{near[0]}`?" if near else f"models here: {', '.join(known) or 'none'}"
        )
        message = f"`{program.scope.source.name}` has no model `{name}`"
        raise ArchSpecError((Diagnostic("A0114", "error", message, help=(help,)),))
    missing = [m for m in missing_parameters(entry) if m not in (overrides or {})]
    if missing:
        message = f"the model `{name}` needs a value for {', '.join(f'`{m}`' for m in missing)}"
        label = Label(entry.span, "", primary=True)
        help = f"define a variant (`variant Name = {name}(…)`), or set it: `--set {missing[0]}=…`"
        raise ArchSpecError((Diagnostic("A0104", "error", message, (label,), help=(help,)),))
    known_params = [p.name for p in entry.block.params]
    for key in overrides or {}:
        if key not in known_params:
            near = closest(key, known_params)
            help = (
                f"did you mean `{near[0]}`?"
                if near
                else f"its parameters are {', '.join(known_params)}"
            )
            message = f"the model `{name}` has no parameter `{key}`"
            raise ArchSpecError((Diagnostic("A0115", "error", message, help=(help,)),))
    return entry


@contextmanager
def _without_collection() -> Iterator[None]:
    """No search for garbage meanwhile: a graph under construction holds none, and is searched anew
    each time it has grown, which takes as long as building it.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_without_collection()
def build_graph(
    program: Program,
    name: str,
    overrides: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
) -> Elaborated:
    """Elaborate and check one model; raises `ArchSpecError` with all faults."""
    if program.diagnostics:
        raise ArchSpecError(program.diagnostics)
    return elaborate(find_model(program, name, overrides), overrides, limits)


def check(program: Program) -> tuple[Diagnostic, ...]:
    """All faults and warnings of a file: its own, else those of each of its models."""
    found: list[Diagnostic] = list(program.diagnostics)
    if any(d.severity == "error" for d in found):
        return tuple(found)
    for name in program.models:
        try:
            found.extend(build_graph(program, name).warnings)
        except ArchSpecError as error:
            found.extend(error.diagnostics)
    return _distinct(found)


def _distinct(diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Variants share their blocks, and so their faults: each place is reported once."""
    seen: set[object] = set()
    kept = []
    for diagnostic in diagnostics:
        primary = diagnostic.primary
        key = (diagnostic.code, primary.span if primary is not None else diagnostic.message)
        if key not in seen:
            seen.add(key)
            kept.append(diagnostic)
    return tuple(kept)


@_without_collection()
def emit_python(models: Sequence[Elaborated]) -> str:
    """The standalone PyTorch module that defines `models`."""
    from archspec.backends.torch import emit_module

    return emit_module(models)


__all__ = [
    "Program", "build_graph", "check", "emit_python", "find_model", "load_file",
    "load_text", "missing_parameters",
]  # fmt: skip
