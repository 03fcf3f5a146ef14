"""Files and their definitions: reading, importing, and the scope that a file's names live in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archspec.diagnostics import ArchSpecError, Diagnostic, Edit, Fix, Label
from archspec.diagnostics.suggest import closest, edit_distance
from archspec.elaborate.keys import KeyMap, check_keys
from archspec.elaborate.reserved import refused_model
from archspec.elaborate.values import BlockValue, FnValue
from archspec.source import SourceFile, Span
from archspec.syntax import ast
from archspec.syntax.parser import parse

#: Files that one file may import, and how long a chain of imports may be.
MAX_FILES = 500
MAX_DEPTH = 50
#: The blocks that come with archspec, one file per module of `std`.
LIBRARY = Path(__file__).resolve().parents[1] / "std"


@dataclass(slots=True, eq=False)
class FileScope:
    """The definitions of one file, its own and imported ones."""

    source: SourceFile
    names: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    #: Models and variants defined here, in order.
    models: dict[str, "ModelEntry"] = field(default_factory=dict)
    #: How other libraries name the weights of these models, by library.
    keys: dict[str, KeyMap] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class ModelEntry:
    """A model, or a variant (`call`) of a model or of another variant (`base`).

    `scope` is that of the file it is written in, `home` that of the file of its block.
    """

    name: str
    block: ast.Block
    scope: FileScope
    home: FileScope
    span: Span
    call: ast.Call | None = None
    base: "ModelEntry | None" = None

    @property
    def chain(self) -> "tuple[ModelEntry, ...]":
        """The model and its variants down to this one."""
        return (*(self.base.chain if self.base is not None else ()), self)


@dataclass(frozen=True, slots=True, eq=False)
class VariantValue:
    """What the name of a variant stands for: its model with its arguments."""

    entry: ModelEntry


def read_source(path: Path, shown: str | None = None, at: Span | None = None) -> SourceFile:
    """Read a file as UTF-8, with or without a byte-order mark; raises `ArchSpecError`.

    The code is A0801, or A0111 where the file is imported `at` a place.
    """
    code = "A0801" if at is None else "A0111"
    labels = () if at is None else (Label(at, "imported here", primary=True),)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OSError(None, "not a regular file")  # reading a pipe or device would not end
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        message = f"cannot read `{shown or path}`: {reason[:1].lower()}{reason[1:]}"
        raise ArchSpecError((Diagnostic(code, "error", message, labels),)) from None
    try:
        return SourceFile(shown or str(path), data.decode("utf-8-sig"), path.resolve())
    except UnicodeDecodeError as error:
        message = (
            f"`{shown or path}` is not UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}"
        )
        help = ("save the file as UTF-8",)
        raise ArchSpecError((Diagnostic(code, "error", message, labels, help=help),)) from None


class Loader:
    """Loads a file and all that it imports, each once; reports every fault found.

    `texts` are read instead of the files at these paths.
    """

    def __init__(self, texts: Mapping[Path, str] | None = None) -> None:
        self.texts = texts or {}
        self.scopes: dict[Path, FileScope] = {}
        self.loading: list[Path] = []
        self.diagnostics: list[Diagnostic] = []

    def load(self, source: SourceFile) -> FileScope:
        """The scope of `source`; faults are collected in `diagnostics`."""
        scope, path = FileScope(source), source.path
        if path is not None:
            self.scopes[path] = scope
            self.loading.append(path)
        result = parse(source)
        self.diagnostics.extend(result.diagnostics)
        if result.file is not None:
            for definition in result.file.definitions:
                self._define(scope, definition)
        if path is not None:
            self.loading.pop()
        return scope

    def _define(self, scope: FileScope, definition: ast.Definition) -> None:
        match definition:
            case ast.Use():
                self._use(scope, definition)
            case ast.Function():
                self._bind(scope, definition.name, FnValue(definition, scope))
                _check_params(definition.params, self.diagnostics)
            case ast.Block():
                value = BlockValue(definition, scope)
                fresh = self._bind(scope, definition.name, value)
                _check_params(definition.params, self.diagnostics)
                if definition.kind == "model":
                    self._refuse_model_name(definition.name)
                if definition.kind == "model" and fresh:
                    name = definition.name.id
                    entry = ModelEntry(name, definition, scope, scope, definition.name.span)
                    scope.models[name] = entry
            case ast.Variant():
                self._variant(scope, definition)
            case ast.Extern():
                from archspec.elaborate.extern import declare_extern

                _check_params(definition.params, self.diagnostics)
                layer = declare_extern(definition, scope, self.diagnostics)
                self._bind(scope, definition.name, layer)
            case ast.Keys():
                self._keys(scope, definition)

    def _keys(self, scope: FileScope, keys: ast.Keys) -> None:
        name = keys.name.id
        check_keys(keys, self.diagnostics)
        if name in scope.keys:
            labels = (
                Label(keys.name.span, "defined again", primary=True),
                Label(scope.keys[name].keys.name.span, "first defined here"),
            )
            message = f"the keys of `{name}` are defined already"
            help = ("put all rules into one of the two",)
            self.diagnostics.append(Diagnostic("A0108", "error", message, labels, help=help))
        scope.keys.setdefault(name, KeyMap(keys))

    def _refuse_model_name(self, name: ast.Name) -> None:
        refused = refused_model(name.id)
        if refused is not None:
            message = f"`{name.id}` cannot name a model: {refused}"
            self._error("A0107", message, name.span, help="choose another name")

    def _bind(self, scope: FileScope, name: ast.Name, value: object) -> bool:
        if name.id in scope.spans:
            self.diagnostics.append(
                Diagnostic(
                    "A0108",
                    "error",
                    f"`{name.id}` is defined already",
                    (
                        Label(name.span, "defined again", primary=True),
                        Label(scope.spans[name.id], "first defined here"),
                    ),
                    help=("give one of the two another name",),
                )
            )
            return False
        scope.names[name.id] = value
        scope.spans[name.id] = name.span
        return True

    def _variant(self, scope: FileScope, variant: ast.Variant) -> None:
        func = variant.call.func
        base = scope.names.get(func.id) if isinstance(func, ast.Name) else None
        entry: ModelEntry | None = None
        name = variant.name.id
        match base:
            case VariantValue(entry=earlier):
                block, home = earlier.block, earlier.home
                entry = ModelEntry(
                    name, block, scope, home, variant.name.span, variant.call, earlier
                )
            case BlockValue(block=block, scope=home) if block.kind == "model":
                entry = ModelEntry(name, block, scope, home, variant.name.span, variant.call)
        if entry is None:
            models = [n for n, v in scope.names.items() if _is_model(v)]
            help, fixes = suggestion(func.span, func.span.text, models, "model")
            self.diagnostics.append(
                Diagnostic(
                    "A0114",
                    "error",
                    f"`{func.span.text}` is not a model, so it has no variants",
                    (Label(func.span, "must name a model defined above", primary=True),),
                    help=help,
                    fixes=fixes,
                )
            )
            return
        self._refuse_model_name(variant.name)
        if self._bind(scope, variant.name, VariantValue(entry)):
            scope.models[name] = entry

    def _use(self, scope: FileScope, use: ast.Use) -> None:
        imported = self._library(use) if use.library else self._import(scope, use)
        if imported is None:
            for name in use.names:
                scope.names.setdefault(name.id, None)
            return
        for name in use.names:
            value = imported.names.get(name.id)
            if value is None:
                if name.id not in imported.names:
                    help, fixes = suggestion(name.span, name.id, list(imported.names), "definition")
                    self.diagnostics.append(
                        Diagnostic(
                            "A0109",
                            "error",
                            f"`{use.path}` does not define `{name.id}`",
                            (Label(name.span, "not found there", primary=True),),
                            help=help,
                            fixes=fixes,
                        )
                    )
                scope.names.setdefault(name.id, None)
                continue
            self._bind(scope, name, value)

    def _library(self, use: ast.Use) -> FileScope | None:
        """The scope of a module of the library that comes with archspec: `std.attention`."""
        modules = {f"std.{file.stem}": file for file in sorted(LIBRARY.glob("*.arch"))}
        path = modules.get(use.path)
        if path is None:
            help, fixes = suggestion(use.path_span, use.path, list(modules), "library module")
            label = Label(use.path_span, "", primary=True)
            message = f"there is no library module `{use.path}`"
            help = help or (f"modules are {', '.join(f'`{m}`' for m in modules)}",)
            self.diagnostics.append(
                Diagnostic("A0111", "error", message, (label,), help=help, fixes=fixes)
            )
            return None
        if path in self.scopes:
            return self.scopes[path]
        shown = f"{use.path.replace('.', '/')}.arch"
        if path in self.texts:
            return self.load(SourceFile(shown, self.texts[path], path))
        return self.load(read_source(path, shown))

    def _import(self, scope: FileScope, use: ast.Use) -> FileScope | None:
        base = scope.source.path.parent if scope.source.path is not None else Path()
        relative = Path(use.path)
        if relative.is_absolute() or "\0" in use.path or relative.suffix != ".arch":
            self._error(
                "A0111",
                f'cannot import "{use.path}"',
                use.path_span,
                help='give the path of an `.arch` file relative to this one, e.g. "blocks.arch"',
            )
            return None
        try:
            path = (base / relative).resolve()
        except (OSError, RuntimeError, ValueError):
            path = base / relative
        if path in self.loading:
            circle = " -> ".join(p.name for p in [*self.loading[self.loading.index(path) :], path])
            self._error(
                "A0110",
                f"files import each other in a circle: {circle}",
                use.path_span,
                help="move what both need into a third file",
            )
            return None
        if path in self.scopes:
            return self.scopes[path]
        if len(self.scopes) >= MAX_FILES or len(self.loading) >= MAX_DEPTH:
            self._error(
                "A0203",
                f"more than {MAX_FILES} files are imported, or {MAX_DEPTH} in a row",
                use.path_span,
                help="put blocks that belong together into one file",
            )
            return None
        shown = str(Path(scope.source.name).parent / relative)
        if path in self.texts:
            return self.load(SourceFile(shown, self.texts[path], path))
        try:
            source = read_source(path, shown, use.path_span)
        except ArchSpecError as error:
            self.diagnostics.extend(error.diagnostics)
            return None
        return self.load(source)

    def _error(self, code: str, message: str, span: Span, help: str) -> None:
        label = Label(span, "", primary=True)
        self.diagnostics.append(
            Diagnostic(code, "error", message, (label,), help=(help,) if help else ())
        )


def _is_model(value: object) -> bool:
    return isinstance(value, VariantValue) or (
        isinstance(value, BlockValue) and value.block.kind == "model"
    )


def suggestion(
    span: Span, name: str, candidates: list[str], kind: str
) -> tuple[tuple[str, ...], tuple[Fix, ...]]:
    """Help and fix for a misspelt `name`."""
    near = closest(name, candidates)
    if not near:
        known = ", ".join(f"`{c}`" for c in sorted(candidates)[:8])
        return ((f"known here: {known}",) if known and len(candidates) <= 8 else ()), ()
    article = "an" if kind[0] in "aeiou" else "a"
    help = f"{article} {kind} with a similar name exists: `{near[0]}`"
    slips = [
        (edit_distance(name.casefold(), other.casefold()), edit_distance(name, other))
        for other in near
    ]
    clear = len(near) == 1 or slips[0] < slips[1]
    fixes = (
        Fix("safe" if clear and not i else "maybe", f"`{name}` -> `{other}`", (Edit(span, other),))
        for i, other in enumerate(near)
    )
    return (help,), tuple(fixes)


def replacement(span: Span, name: str, better: str) -> tuple[tuple[str, ...], tuple[Fix, ...]]:
    """Help and fix for a `name` that is called `better` here."""
    fix = Fix("safe", f"`{name}` -> `{better}`", (Edit(span, better),))
    return (f"it is called `{better}` here",), (fix,)


def _check_params(params: tuple[ast.Param, ...], diagnostics: list[Diagnostic]) -> None:
    """Names are unique, and no required parameter follows one with a default."""
    seen: dict[str, ast.Param] = {}
    for param in params:
        if param.name in seen:
            diagnostics.append(
                Diagnostic(
                    "A0108",
                    "error",
                    f"the parameter `{param.name}` is listed twice",
                    (
                        Label(param.span, "", primary=True),
                        Label(seen[param.name].span, "first here"),
                    ),
                )
            )
        if param.default is None and any(p.default is not None for p in seen.values()):
            diagnostics.append(
                Diagnostic(
                    "A0001",
                    "error",
                    f"`{param.name}` has no default but follows a parameter that has one",
                    (Label(param.span, "", primary=True),),
                    help=("move it before the parameters with defaults, or give it a default",),
                )
            )
        seen[param.name] = param
