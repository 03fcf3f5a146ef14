"""Methods beside `__init__` and `forward`: ties, initial weights, frozen parts, slow copies."""

from archspec import pycode as py
from archspec.backends.torch.emitter import SELF, Emitter

ANY = py.name("Any")


def extra_methods(e: Emitter) -> list[py.Stmt]:
    """The methods that this class needs."""
    found: list[py.Stmt] = []
    if e.inits:
        found.append(
            _method(
                "reset_parameters",
                _merged(e.inits),
                "Set the initial weights that the spec asks for.",
            )
        )
    if e.pretrained:
        found.append(_load(e))
    if e.ties:
        found.extend(_tie_methods(e))
    if e.frozen:
        found.append(_train(e))
    if e.ema:
        found.append(_update(e))
    return found


def _merged(inits: list[py.Stmt]) -> tuple[py.Stmt, ...]:
    """Neighbouring loops over the same modules as one: each still sees the rules in order."""
    found: list[py.Stmt] = []
    for statement in inits:
        match statement, found[-1] if found else None:
            case py.For(target=target, iterable=iterable, body=body), py.For() as last if (
                target == last.target and iterable == last.iterable
            ):
                found[-1] = py.For(target, iterable, (*last.body, *body))
            case _:
                found.append(statement)
    return tuple(found)


def _method(
    name: str,
    body: tuple[py.Stmt, ...],
    doc: str,
    *params: py.Parameter,
    returns: py.Expr | None = None,
) -> py.FunctionDef:
    return py.FunctionDef(
        name, (py.Parameter("self"), *params), body, returns or py.const(None), doc
    )


def _tie_methods(e: Emitter) -> list[py.Stmt]:
    """Ties hold through `to_empty`, `load_state_dict` and moves, which may replace parameters."""
    ties = tuple(py.Assign(target, source) for target, source in e.ties)
    tie = py.ExprStmt(py.call(py.attr(SELF, "tie_weights")))
    apply = py.name("apply")
    function = py.Subscript(py.name("Callable"), (py.name("..."), ANY))
    return [
        _method("tie_weights", ties, "One parameter under two names."),
        py.FunctionDef(
            "_apply",
            (
                py.Parameter("self"),
                py.Parameter(
                    "fn", py.Subscript(py.name("Callable"), (py.name("..."), py.name("Tensor")))
                ),
                py.Parameter("recurse", py.name("bool"), py.const(True)),
            ),
            (
                py.Assign(apply, py.attr(py.call("super"), "_apply"), function),
                py.ExprStmt(py.call(apply, py.name("fn"), py.name("recurse"))),
                tie,
                py.Return(SELF),
            ),
            py.name("Self"),
        ),
        py.FunctionDef(
            "_tie_after_loading",
            (py.Parameter("self"), py.Parameter("_", ANY)),
            (tie,),
            py.const(None),
        ),
    ]


def _train(e: Emitter) -> py.FunctionDef:
    body: tuple[py.Stmt, ...] = (
        py.ExprStmt(py.call(py.attr(py.call("super"), "train"), py.name("mode"))),
        *(py.ExprStmt(py.call(py.attr(module, "eval"))) for module in e.frozen),
        py.Return(SELF),
    )
    mode = py.Parameter("mode", py.name("bool"), py.const(True))
    return _method(
        "train", body, "Frozen parts stay in evaluation mode.", mode, returns=py.name("Self")
    )


def _load(e: Emitter) -> py.FunctionDef:
    """Files of weights that the spec names, safetensors or torch's own."""
    body: list[py.Stmt] = []
    for module, file in e.pretrained:
        path = py.Binary("/", py.call("Path", py.name("folder")), py.const(file))
        if file.endswith(".safetensors"):
            if not body or not isinstance(body[0], py.Import):
                body[:0] = [py.Import("safetensors.torch", "load_file"), py.Blank()]
            weights: py.Expr = py.call("load_file", path)
        else:
            weights = py.call("torch.load", path, weights_only=py.const(True))
        body.append(py.ExprStmt(py.call(py.attr(module, "load_state_dict"), weights)))
    folder = py.Parameter("folder", py.name("str"), py.const("."))
    doc = "Load the weights that the spec names, from files in `folder`."
    return _method("load_pretrained", tuple(body), doc, folder)


def _update(e: Emitter) -> py.FunctionDef:
    slow, fast = py.name("slow"), py.name("fast")
    momenta = {momentum for _, _, momentum in e.ema}
    shared = py.Parameter("momentum", py.name("float"), py.const(next(iter(momenta))))
    params = (shared,) if len(momenta) == 1 else ()
    loops = tuple(
        py.For(
            py.Tuple((slow, fast)),
            py.call(
                "zip",
                py.call(py.attr(target, "parameters")),
                py.call(py.attr(source, "parameters")),
                strict=py.const(True),
            ),
            (
                py.ExprStmt(
                    py.call(
                        py.attr(slow, "lerp_"),
                        fast,
                        py.Binary(
                            "-", py.const(1), py.name("momentum") if params else py.const(momentum)
                        ),
                    )
                ),
            ),
        )
        for target, source, momentum in e.ema
    )
    return py.FunctionDef(
        "update_ema",
        (py.Parameter("self"), *params),
        loops,
        py.const(None),
        "Move the slow copies a step towards their sources.",
        (py.call("torch.no_grad"),),
    )
