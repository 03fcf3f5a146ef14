"""Methods beside `__init__` and `forward`: ties, initial weights, frozen parts, slow copies."""

from archspec import pycode as py
from archspec.backends.torch.emitter import SELF, Emitter
from archspec.backends.torch.inputs import is_model_class

ANY = py.name("Any")
_CALLABLE = py.Subscript(py.name("Callable"), (py.name("..."), ANY))


def extra_methods(e: Emitter, ctor: tuple[py.Stmt, ...]) -> list[py.Stmt]:
    """The methods that this class needs.

    A class inside loads its own weights and moves its own slow copies; that of a model sees to all
    classes that it is built of.
    """
    inside = _inside(e, ctor)
    whole = inside if is_model_class(e) else []
    restart = _each(inside, "reset_ema")
    if e.ema or _having(whole, "update_ema"):
        restart = (py.ExprStmt(py.call(py.attr(SELF, "reset_ema"))),)
    found: list[py.Stmt] = []
    if e.inits:
        doc = "Set the initial weights that the spec asks for."
        found.append(_method("reset_parameters", (*_merged(e.inits), *_padding(e), *restart), doc))
    if e.state.loading or _having(whole, "load_pretrained"):
        found.append(_load(e, whole, restart))
    if e.state.tying:
        found.extend(_tie_methods(e))
    if e.state.tying or _having(whole, "tie_weights"):
        found.append(_load_once_held())
    if e.state.evaluating:
        found.append(_train(e))
    if e.ema or _having(whole, "update_ema"):
        found.extend((_update(e, whole), _reset(e, whole)))
    return found


def _inside(e: Emitter, ctor: tuple[py.Stmt, ...]) -> list[py.ClassDef]:
    """The classes that this one is built of, at any depth, in the order they are written."""
    names = {name for statement in ctor for name in py.names_used(statement)}
    found: list[py.ClassDef] = []
    for definition in reversed(e.planner.classes):  # callees come first
        if definition.name in names:
            found.append(definition)
            names |= {name for part in definition.body for name in py.names_used(part)}
    return found[::-1]


def _method_of(definition: py.ClassDef, name: str) -> py.FunctionDef | None:
    methods = (s for s in definition.body if isinstance(s, py.FunctionDef) and s.name == name)
    return next(methods, None)


def _having(classes: list[py.ClassDef], method: str) -> list[py.ClassDef]:
    return [c for c in classes if _method_of(c, method) is not None]


def _each(classes: list[py.ClassDef], method: str, *args: py.Expr) -> tuple[py.Stmt, ...]:
    """Call a method of all modules inside that have it."""
    names = [py.name(c.name) for c in _having(classes, method)]
    if not names:
        return ()
    module = py.name("module")
    kinds: py.Expr = names[0] if len(names) == 1 else py.Tuple(tuple(names))
    call = py.ExprStmt(py.call(py.attr(module, method), *args))
    test = py.call("isinstance", module, kinds)
    return (py.For(module, py.call(py.attr(SELF, "modules")), (py.If(test, (call,)),)),)


def _padding(e: Emitter) -> list[py.Stmt]:
    """The row of a `padding_idx` stays zero, whatever rule set the table's weights."""
    kinds: list[str] = []
    for frame in {id(f): f for f in map(e.frame_of, e.passes)}.values():
        for module in frame.module.walk():
            padded = getattr(module.params, "padding_idx", None) is not None
            if padded and module.decl is not None and module.decl.torch_name not in kinds:
                kinds.append(module.decl.torch_name)
    module = py.name("module")
    index, weight = py.attr(module, "padding_idx"), py.attr(module, "weight")
    zero = py.ExprStmt(py.call("init.zeros_", py.Subscript(weight, (index,))))
    tests = [
        py.Binary(
            "and",
            py.call("isinstance", module, py.dotted(kind)),
            py.Compare(index, (("is not", py.const(None)),)),
        )
        for kind in kinds
    ]
    every = py.call(py.attr(SELF, "modules"))
    return [py.For(module, every, (py.If(test, (zero,)),)) for test in tests]


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
    tie = py.ExprStmt(py.call(py.attr(SELF, "tie_weights")))
    apply = py.name("apply")
    return [
        _method("tie_weights", tuple(e.state.tying), "One parameter under two names."),
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
                py.Assign(apply, py.attr(py.call("super"), "_apply"), _CALLABLE),
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


def _load_once_held() -> py.FunctionDef:
    """Files of safetensors hold a tied weight once, under one name or the other.

    It is given both, as what only one is assigned would be lost when they are tied again.
    Their `load_model` does not load strictly, and expects to be told that the other is missing.
    """
    name, weight, named, held, state, given, keys = map(
        py.name, ("name", "weight", "named", "held", "state", "given", "keys")
    )
    strict, assign, state_dict = map(py.name, ("strict", "assign", "state_dict"))
    parameters = py.call(py.attr(SELF, "named_parameters"), remove_duplicate=py.const(False))
    each = py.Tuple((name, weight))
    keep = py.Assign(py.Subscript(held, (weight,)), py.Subscript(state, (name,)))
    give = py.Assign(py.Subscript(state, (name,)), py.Subscript(held, (weight,)))
    note = py.ExprStmt(py.call(py.attr(given, "append"), name))
    known = py.Binary(
        "and", py.Compare(weight, (("in", held),)), py.Compare(name, (("not in", state),))
    )
    missing = py.attr(keys, "missing_keys", "extend")
    load = py.name("load")
    return _method(
        "load_state_dict",
        (
            py.Assign(state, py.call("copy.copy", state_dict), ANY),
            py.Assign(named, py.call("list", parameters)),
            py.Assign(held, py.Dict(()), py.Subscript(py.name("dict"), (py.name("Tensor"), ANY))),
            py.For(each, named, (py.If(py.Compare(name, (("in", state),)), (keep,)),)),
            py.Assign(given, py.List(()), py.Subscript(py.name("list"), (py.name("str"),))),
            py.For(each, named, (py.If(known, (give, note)),)),
            py.Assign(load, py.attr(py.call("super"), "load_state_dict"), _CALLABLE),
            py.Assign(keys, py.call(load, state, strict, assign)),
            py.If(py.Unary("not", strict), (py.ExprStmt(py.call(missing, given)),)),
            py.Return(keys),
        ),
        "A tied weight may be given under one of its names.",
        py.Parameter("state_dict", py.Subscript(py.name("Mapping"), (py.name("str"), ANY))),
        py.Parameter("strict", py.name("bool"), py.const(True)),
        py.Parameter("assign", py.name("bool"), py.const(False)),
        returns=ANY,
    )


def _train(e: Emitter) -> py.FunctionDef:
    body: tuple[py.Stmt, ...] = (
        py.ExprStmt(py.call(py.attr(py.call("super"), "train"), py.name("mode"))),
        *e.state.evaluating,
        py.Return(SELF),
    )
    mode = py.Parameter("mode", py.name("bool"), py.const(True))
    return _method(
        "train", body, "Frozen parts stay in evaluation mode.", mode, returns=py.name("Self")
    )


def _load(e: Emitter, inside: list[py.ClassDef], restart: tuple[py.Stmt, ...]) -> py.FunctionDef:
    """Files of weights that the spec names, safetensors or torch's own."""
    body = [*e.state.loading, *_each(inside, "load_pretrained", py.name("folder")), *restart]
    if "load_file" in {name for s in e.state.loading for name in py.names_used(s)}:
        body[:0] = [py.Import("safetensors.torch", "load_file"), py.Blank()]
    folder = py.Parameter("folder", py.name("str"), py.const("."))
    doc = "Load the weights that the spec names, from files in `folder`."
    return _method("load_pretrained", tuple(body), doc, folder)


def _update(e: Emitter, inside: list[py.ClassDef]) -> py.FunctionDef:
    slow, fast = py.name("slow"), py.name("fast")
    shared = _common_momentum(e, inside)
    momentum = py.name("momentum")
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
                        py.Binary("-", py.const(1), own if shared is None else momentum),
                    )
                ),
            ),
        )
        for target, source, own in e.ema
    )
    given = () if shared is None else (momentum,)
    params = () if shared is None else (py.Parameter("momentum", py.name("float"), shared),)
    return py.FunctionDef(
        "update_ema",
        (py.Parameter("self"), *params),
        (*loops, *_each(inside, "update_ema", *given)),
        py.const(None),
        "Move the slow copies a step towards their sources.",
        (py.call("torch.no_grad"),),
    )


def _common_momentum(e: Emitter, inside: list[py.ClassDef]) -> py.Expr | None:
    """The one number that all copies share, which a caller of `update_ema` may replace."""
    found = [momentum for _, _, momentum in e.ema]
    for definition in inside:
        update = _method_of(definition, "update_ema")
        if update is not None:
            found.append(update.params[1].default or SELF if len(update.params) > 1 else SELF)
    same = all(momentum == found[0] for momentum in found)
    return found[0] if same and isinstance(found[0], py.Constant) else None


def _reset(e: Emitter, inside: list[py.ClassDef]) -> py.FunctionDef:
    copies = tuple(
        py.ExprStmt(
            py.call(py.attr(target, "load_state_dict"), py.call(py.attr(source, "state_dict")))
        )
        for target, source, _ in e.ema
    )
    body = (*copies, *_each(inside, "reset_ema"))
    return _method("reset_ema", body, "Set the slow copies to their sources.")
