"""Docstrings: shapes in the author's letters."""

from inspect import cleandoc
from textwrap import fill

from archspec import pycode as py
from archspec.backends.torch.emitter import CtorParam, Emitter, Val
from archspec.backends.torch.literals import literal
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim, Proven, equal
from archspec.elaborate.values import Pass, Tensor, tensors_in
from archspec.pycode.printer import print_expr
from archspec.syntax import ast

LETTERS = {1: "B", 2: "BD", 3: "BTD", 4: "BCHW", 5: "BCDHW"}


def forward_doc(e: Emitter, results: list[Val], params: list[CtorParam]) -> str:
    """`x [B, in_channels, H, W] -> [B, growth, H, W].`"""
    letters = _letters(e, params)
    inputs = []
    several = len(e.input_hints) > 1
    for port, hints in enumerate(e.input_hints):
        name = f"{e.input_names[port]} " if several or e.input_names[port] != "x" else ""
        inputs.append(name + _shape(e, hints, letters))
    names = e.result_names if len(e.result_names) == len(results) else ("",) * len(results)
    outputs = []
    for result, name in zip(results, names, strict=True):
        shown = f"{name} " if name and name != "output" else ""
        outputs.append(shown + _checked_shape(e, result, name, letters))
    text = f"{', '.join(inputs)} -> {', '.join(outputs)}."
    return fill(text, 76, break_long_words=False, break_on_hyphens=False)


def _checked_shape(e: Emitter, result: Val, name: str, letters: dict[str, str]) -> str:
    """An output's shape; where no hint tells a size of a model, the one that was checked."""
    default = LETTERS.get(len(result.hints), "")
    shown = []
    for axis, hint in enumerate(result.hints):
        text = _dim(e, hint, letters, default[axis] if default else f"d{axis}")
        actual = {t.type.shape[axis] for p in _written(e) for t in _outputs(p, name)}
        if text.endswith("'") and len(actual) == 1 and e.passes[0].frame.module.parent is None:
            text = str(_as_input(e, actual.pop()))
        shown.append(text)
    return f"[{', '.join(shown)}]"


def _as_input(e: Emitter, dim: Dim) -> Dim:
    """The size of an input that `dim` always equals, as after as many halvings as doublings."""
    domains = e.planner.models[0].graph.domains
    for _, tensor in e.passes[0].frame.inputs:
        for own in tensor.type.shape:
            if isinstance(equal(own, dim, domains), Proven):
                return own
    return dim


def _outputs(p: Pass, name: str) -> list[Tensor]:
    tensors = list(tensors_in(p.frame.outputs))
    return [t for n, t in zip(p.frame.output_names, tensors, strict=False) if n == name]


def _letters(e: Emitter, params: list[CtorParam]) -> dict[str, str]:
    """How each size of an input is called."""
    found: dict[str, str] = {}
    block = e.passes[0].frame.block
    declared = (
        [s for s in block.body.statements if isinstance(s, ast.Input)]
        if block.body is e.body
        else []
    )
    for port, hints in enumerate(e.input_hints):
        dims = declared[port].shape.dims if port < len(declared) else ()
        default = LETTERS.get(len(hints), "")
        for axis in range(len(hints)):
            key = f"in{port}.{axis}"
            own = next((p.name for p in params if p.dim == (port, axis)), None)
            if own is not None:
                found[key] = own
            elif axis < len(dims) and len(dims) == len(hints) and isinstance(dims[axis], ast.Name):
                found[key] = dims[axis].id  # type: ignore[union-attr]
            elif not declared and (text := str(e.input_types[port].shape[axis])).isidentifier():
                found[key] = text  # what the model's input calls it
            else:
                found[key] = default[axis] if default else f"d{axis}"
    found |= {p.source: p.name for p in params if p.dim is None}
    return found


def _open_sizes(e: Emitter) -> set[str]:
    """The symbols of a model's own inputs."""
    frame = e.passes[0].frame
    return {s for _, t in frame.inputs for d in t.type.shape for s in d.symbols()}


def _shape(e: Emitter, hints: tuple[Dim, ...], letters: dict[str, str]) -> str:
    default = LETTERS.get(len(hints), "")
    shown = []
    for axis, hint in enumerate(hints):
        shown.append(_dim(e, hint, letters, default[axis] if default else f"d{axis}"))
    return f"[{', '.join(shown)}]"


def _dim(e: Emitter, hint: Dim, letters: dict[str, str], fallback: str) -> str:
    from archspec.backends.torch.classes import _closed

    hint = _closed(e, hint)
    if hint.const is not None:
        return str(hint.const)
    names = hint.symbols()
    known = {n: letters[n] for n in names if n in letters}
    if all(n in _open_sizes(e) for n in names):
        return str(hint)
    for name in names - set(known):
        if not name.startswith("("):
            return f"{fallback}'"
        try:
            code = e.sizes.render(Dim.symbol(name))
        except CannotEmit:
            return f"{fallback}'"
        if not py.names_used(code) - {"int", "math", "min", "max", "round"} <= set(
            letters.values()
        ):
            return f"{fallback}'"
        known[name] = print_expr(code)
    return str(hint.substitute({n: Dim.symbol(text) for n, text in known.items()}))


def wrapped(doc: str | None) -> str:
    """The author's doc string; paragraphs too wide for a class's indent are refilled."""
    paragraphs = cleandoc(doc or "").split("\n\n")
    return "\n\n".join(
        p if all(len(line) <= 78 for line in p.splitlines()) else fill(p, 78) for p in paragraphs
    )


def _written(e: Emitter) -> list[Pass]:
    """The passes of models that are written; the others are only agreed with."""
    return [p for p in e.passes if id(p.frame) not in e.planner.witness_frames]


def fixed_doc(e: Emitter) -> str | None:
    """What a model's class does not take as arguments though the spec has it as a parameter."""
    frame = e.passes[0].frame
    if frame.module.parent is not None or frame.block.body is not e.body:
        return None
    fixed = [
        f"{p.name} = {print_expr(literal(frame.constants[p.name]))}"
        for p in frame.block.params
        if (id(frame.block), p.name) in e.planner.fixed and _is_plain(frame.constants[p.name])
    ]
    return wrapped(f"Fixed when this was generated: {', '.join(fixed)}.") if fixed else None


def _is_plain(value: object) -> bool:
    try:
        literal(value)
    except CannotEmit:
        return False
    return True
