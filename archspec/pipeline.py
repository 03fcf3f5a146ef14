"""The compiler as a table of contents: read, parse, elaborate and check, emit.

Nothing here imports torch.
"""

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.diagnostics.suggest import closest
from archspec.elaborate import Elaborated, FileScope, Limits, Loader, ModelEntry, Trace, elaborate
from archspec.elaborate.allow import allowed, faults_of_allowances
from archspec.elaborate.files import read_source
from archspec.elaborate.where import without_condition
from archspec.source import SourceFile, Span

if TYPE_CHECKING:
    from archspec.diagnostics.model import FixLevel
    from archspec.passes.requirements import Requirements
    from archspec.repair import Mended, Texts


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """One file with all that it imports.

    `diagnostics` are the faults of syntax and definitions; what they propose as fixes was not tried
    yet (see `refuse` and `check`).
    """

    scope: FileScope
    diagnostics: tuple[Diagnostic, ...]
    #: The files that were read, by their keys.
    files: frozenset[Path]

    @property
    def models(self) -> dict[str, ModelEntry]:
        """Models and variants of the file itself that can be built as they are, in order."""
        return {n: e for n, e in self.scope.models.items() if not missing_parameters(e)}

    def changed(self, texts: "Texts") -> "Program":
        """The program with other texts in the place of its files; itself if it reads none."""
        if self.files.isdisjoint(texts):
            return self
        source = self.scope.source
        text = texts.get(source.key, source.text)
        return _load(SourceFile(source.name, text, source.path), texts)


def load_file(path: Path) -> Program:
    """Read and parse a file and its imports; raises only if the file itself can't be read."""
    return _load(read_source(path))


def load_text(text: str, name: str = "<text>") -> Program:
    """As `load_file`, for a text; imports are relative to the working directory."""
    return _load(SourceFile(name, text))


def _load(source: SourceFile, texts: "Texts | None" = None) -> Program:
    loader = Loader(texts)
    scope = loader.load(source)
    files = {source.key, *loader.scopes}
    return Program(scope, tuple(loader.diagnostics), frozenset(files))


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


def build_graph(
    program: Program,
    name: str,
    overrides: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    *,
    fixes: bool = True,
) -> Elaborated:
    """Elaborate and check one model; raises `ArchSpecError` with all faults and their `fixes`."""
    refuse(program)
    entry = find_model(program, name, overrides)
    trace = Trace()
    try:
        return _elaborate(entry, overrides, limits, trace)
    except ArchSpecError as error:
        if not fixes:
            raise
        found = error.diagnostics
    from archspec.repair import verified  # only who has faults pays

    def recheck(texts: "Texts", trace: Trace) -> Iterator[Diagnostic]:
        changed = program.changed(texts)
        yield from changed.diagnostics
        if name in changed.scope.models:
            yield from _of_model(changed.scope.models[name], overrides, limits, trace)

    raise ArchSpecError(verified(found, trace.statements, recheck))


@_without_collection()
def _elaborate(
    entry: ModelEntry,
    overrides: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    trace: Trace | None = None,
) -> Elaborated:
    return elaborate(entry, overrides, limits, trace)


def refuse(program: Program) -> None:
    """Raise `ArchSpecError` with the faults of syntax and definitions, if there are any."""
    if program.diagnostics:
        from archspec.repair import verified

        raise ArchSpecError(verified(program.diagnostics, {}, partial(_recheck, program, ())))


def requirements(
    program: Program, name: str, overrides: Mapping[str, Any] | None = None
) -> "Requirements":
    """What the inputs of a model must satisfy; raises `ArchSpecError` with all faults."""
    from archspec.passes.requirements import NeededBy, needed_by
    from archspec.passes.requirements import requirements as requirements_of

    graph = build_graph(program, name, overrides).graph
    entry = find_model(program, name, overrides)
    equal: list[list[NeededBy]] = []
    for promise in graph.promises:
        if promise.domain is not None:
            continue
        found = []
        try:
            _elaborate(without_condition(entry, promise.span), overrides)
        except ArchSpecError as error:
            for diagnostic in error.diagnostics:
                if diagnostic.primary is not None:
                    span = diagnostic.primary.span
                    found.append(needed_by(span.text.split("\n")[0], diagnostic.message, span))
        equal.append(found)
    return requirements_of(graph, equal)


def check(program: Program, *, fixes: bool = True) -> tuple[Diagnostic, ...]:
    """All faults and warnings of a file: its own, else those of each of its models.

    With `fixes`, each has those that were tried and mend it, else none.
    """
    return _check(program, Trace(), fixes)


def _check(program: Program, trace: Trace, fixes: bool) -> tuple[Diagnostic, ...]:
    faulty: list[str] = []
    built: list[Elaborated] = []
    found = [*_diagnose(program, trace, faulty=faulty, built=built)]
    if not any(d.severity == "error" for d in found):
        found += _lints(program, built)
    found = list(_distinct(found))
    if not fixes or not found:
        return tuple(replace(d, fixes=()) for d in found)
    from archspec.repair import verified

    return verified(found, trace.statements, partial(_recheck, program, faulty))


def _recheck(
    program: Program, first: Sequence[str], texts: "Texts", trace: Trace
) -> Iterator[Diagnostic]:
    """What `check` would find with changed texts, beginning with the models `first`."""
    return _diagnose(program.changed(texts), trace, first)


def _lints(program: Program, built: Sequence[Elaborated]) -> Iterator[Diagnostic]:
    """Warnings about the reuse in models, and about comments that allow nothing."""
    from archspec.reuse.lints import LINTS, lints

    seen = [d for model in built for d in (*model.warnings, *model.allowed)]
    blocks: set[int] = set()
    for model in built:
        # What a deeper model needs, variants show alike.
        for found in lints(model, deeper=id(model.entry.block) not in blocks):
            seen.append(found)
            if not allowed(found):
                yield found
        blocks.add(id(model.entry.block))
    complete = len(built) == len(program.scope.models)
    codes = (*LINTS, "W0101", "W0206", "W0601") if complete else ()
    yield from faults_of_allowances(program.scope.source, seen, codes)


def _diagnose(
    program: Program,
    trace: Trace,
    first: Sequence[str] = (),
    faulty: list[str] | None = None,
    built: list[Elaborated] | None = None,
) -> Iterator[Diagnostic]:
    """As `check`, each as it is found; `faulty` is told the models with errors, `built` all others.

    Warnings about reuse are left out.
    """
    yield from program.diagnostics
    if any(d.severity == "error" for d in program.diagnostics):
        return
    models = program.models
    built = [] if built is None else built
    for name in dict.fromkeys((*first, *models)):
        if name in models:
            found = _of_model(models[name], None, None, trace, built)
            if faulty is not None and any(d.severity == "error" for d in found):
                faulty.append(name)
            yield from found
    if program.scope.keys and len(built) == len(models):
        yield from _unused_rules(program, built)


def _of_model(
    entry: ModelEntry,
    overrides: Mapping[str, Any] | None,
    limits: Limits | None,
    trace: Trace,
    built: list[Elaborated] | None = None,
) -> tuple[Diagnostic, ...]:
    try:
        model = _elaborate(entry, overrides, trace.within(limits or Limits()), trace)
    except ArchSpecError as error:
        return error.diagnostics
    if built is not None:
        built.append(model)
    return model.warnings


def _unused_rules(program: Program, built: Sequence[Elaborated]) -> Iterator[Diagnostic]:
    """Rules of key maps that hold for no weight of any model."""
    names = {w for b in built for m in b.graph.modules() for w, _ in m.all_weights()}
    for map_ in program.scope.keys.values():
        for rule in map_.unused(names):
            message = f"{rule.ours.span.text} matches no weight of the models here"
            label = Label(rule.ours.span, "", primary=True)
            help = ("`archspec weights keys FILE` lists the names",)
            yield Diagnostic("A0306", "error", message, (label,), help=help)


def check_all(programs: Sequence[Program]) -> tuple[Diagnostic, ...]:
    """As `check`; a fault of an imported file is found by each that imports it, and given once."""
    return _Roots(programs).check({})[0]


def mend(
    programs: Sequence[Program],
    levels: "Collection[FixLevel]",
    writable: Callable[[Path], bool] = lambda _: True,
) -> "Mended":
    """Apply the fixes of `levels` to the texts of `programs`, until none is left; writes nothing.

    A file is told by its key. What mends one program does not bring errors to another.
    """
    from archspec.repair import mend

    return mend(_Roots(programs), levels, writable)


class _Roots:
    """Programs that are mended together; each is checked again only when its texts change."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = list(programs)
        #: The changed texts that each program was last checked with, what was found, what was run.
        self._checked: list[tuple[Texts, tuple[Diagnostic, ...], Trace] | None]
        self._checked = [None] * len(programs)

    def check(self, texts: "Texts") -> tuple[tuple[Diagnostic, ...], dict[Span, bool]]:
        found: list[Diagnostic] = []
        statements: dict[Span, bool] = {}
        for i, program in enumerate(self._programs):
            checked = self._checked[i]
            if checked is None or checked[0] != _read_by(program, texts):
                program = self._programs[i] = program.changed(texts)
                trace = Trace()
                diagnostics = _check(program, trace, fixes=True)
                checked = self._checked[i] = (_read_by(program, texts), diagnostics, trace)
            found.extend(checked[1])
            statements |= checked[2].statements
        return _distinct(found), statements

    def recheck(self, texts: "Texts", trace: Trace) -> Iterator[Diagnostic]:
        for program in self._programs:
            if not program.files.isdisjoint(texts):
                yield from _diagnose(program.changed(texts), trace)


def _read_by(program: Program, texts: "Texts") -> "Texts":
    return {file: text for file, text in texts.items() if file in program.files}


def _distinct(diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Variants share their blocks, and so their faults: each place is reported once."""
    kept: dict[object, Diagnostic] = {}
    for diagnostic in diagnostics:
        place = diagnostic.place
        where = (place.span.source.key, place.span.start, place.span.end) if place else None
        kept.setdefault((diagnostic.code, where or diagnostic.message), diagnostic)
    return tuple(kept.values())


@_without_collection()
def emit_python(models: Sequence[Elaborated]) -> str:
    """The standalone PyTorch module that defines `models`."""
    from archspec.backends.torch import emit_module

    return emit_module(models)


__all__ = [
    "Program", "build_graph", "check", "check_all", "emit_python", "find_model", "load_file",
    "load_text", "mend", "missing_parameters", "refuse", "requirements",
]  # fmt: skip
