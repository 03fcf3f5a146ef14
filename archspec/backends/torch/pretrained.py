"""Weights from files: what loads them, and what warns as long as they were not loaded."""

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter
from archspec.backends.torch.translate import Translator
from archspec.syntax import ast

_ANY = py.name("Any")
_CALLABLE = py.Subscript(py.name("Callable"), (py.name("..."), _ANY))


def expect_weights(
    e: Emitter, stage: ast.Stage, in_constructor: py.Expr, in_methods: py.Expr
) -> None:
    """`… from "file"`: the module, which the constructor has just made, waits for its weights."""
    if stage.weights is None:
        return
    path = py.Binary("/", py.call("Path", py.name("folder")), _file(e.translate_forward, stage))
    weights: py.Expr = py.call("torch.load", path, weights_only=py.const(True))
    parts = stage.weights.parts if isinstance(stage.weights, ast.Template) else (stage.weights,)
    if str(parts[-1]).endswith(".safetensors"):
        weights = py.call("load_file", path)
    load = py.call(py.attr(in_methods, "load_state_dict"), weights)
    e.state.loading.append(py.ExprStmt(load))
    watch = py.call(_watcher(e), in_constructor, _file(e.translate, stage))
    e.state.ctor.append(py.ExprStmt(watch))


def _file(translate: Translator, stage: ast.Stage) -> py.Expr:
    file = stage.weights
    return translate.template(file) if isinstance(file, ast.Template) else py.const(file)


def _watcher(e: Emitter) -> str:
    """The name of the class that warns, written once per file."""
    found = [h.name for h in e.planner.helpers if isinstance(h, py.ClassDef)]
    if not found:
        found = [e.planner.names.new("Unloaded")]
        e.planner.helpers.append(_unloaded(found[0]))
    return found[0]


def _unloaded(name: str) -> py.ClassDef:
    """Hooks of the layer itself: they see who loads it, by whatever way, and who runs it.

    Bound methods of an object are copied and pickled with the layer, closures are not.
    """
    own, module, part, file, state, prefix, key = map(
        py.name, ("self", "module", "part", "file", "state", "prefix", "key")
    )
    register = py.name("register")
    waiting = py.attr(own, "waiting")
    parts = py.Tuple((module, py.Starred(py.call(py.attr(module, "children")))))
    compiling = py.call("torch.compiler.is_compiling")
    text = py.FString(
        (
            "random weights: ",
            py.attr(own, "file"),
            " is not loaded; call load_pretrained()",
        )
    )
    kind = py.dotted("nn.Module")
    given = py.Comprehension(
        py.Compare(py.Binary("+", prefix, key), (("in", state),)),
        key,
        py.call(py.attr(module, "state_dict")),
        generator=True,
    )
    return py.ClassDef(
        name,
        (),
        (
            py.FunctionDef(
                "__init__",
                (py.Parameter("self"), py.Parameter("module", kind),
                 py.Parameter("file", py.name("str"))),
                (
                    py.Assign(py.attr(own, "file"), file),
                    py.Assign(waiting, py.const(True)),
                    py.For(
                        part,
                        parts,
                        (py.ExprStmt(py.call(py.attr(part, "register_forward_pre_hook"),
                                             py.attr(own, "warn"))),),
                    ),
                    py.Assign(
                        register, py.attr(module, "register_load_state_dict_pre_hook"), _CALLABLE
                    ),
                    py.ExprStmt(py.call(register, py.attr(own, "note"))),
                ),
                py.const(None),
            ),
            py.FunctionDef(
                "warn",
                (py.Parameter("self"), py.Parameter("*_", _ANY)),
                (
                    py.If(
                        py.Binary("and", waiting, py.Unary("not", compiling)),
                        (
                            py.Assign(waiting, py.const(False)),
                            py.ExprStmt(py.call("warnings.warn", text, stacklevel=py.const(2))),
                        ),
                    ),
                ),
                py.const(None),
            ),
            py.FunctionDef(
                "note",
                (py.Parameter("self"), py.Parameter("module", kind), py.Parameter("state", _ANY),
                 py.Parameter("prefix", py.name("str")), py.Parameter("*_", _ANY)),
                (
                    py.If(
                        py.call("all", given),
                        (py.Assign(waiting, py.const(False)),),
                    ),
                ),
                py.const(None),
            ),
        ),
        "Warns when a layer is run before its weights were loaded.",
    )  # fmt: skip
