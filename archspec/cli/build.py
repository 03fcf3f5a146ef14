"""`archspec build`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, assert_never

import click

from archspec.cli.options import (
    file_argument,
    format_option,
    load,
    model_option,
    set_option,
    split_setting,
)
from archspec.cli.output import echo, reporting, show
from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.diagnostics.render import Format

if TYPE_CHECKING:
    from archspec.elaborate import Elaborated, ModelEntry
    from archspec.pipeline import Program

Stage = Literal["ast", "ir", "shapes", "python"]
STDOUT = Path("-")
#: So many characters of a file tell who wrote it.
_HEAD = 300


@click.command(short_help="Write the PyTorch module of a spec.")
@file_argument
@model_option("Build this model or variant only; may be repeated. Default: all.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT.py",
    help="Where to write, `-` for standard output. Default: FILE with the ending .py.",
)
@set_option
@click.option(
    "--emit",
    type=click.Choice(["ast", "ir", "shapes", "python"]),
    default="python",
    show_default=True,
    help="Stop after a stage and print it (standard output unless -o is given).",
)
@click.option(
    "--verify/--no-verify",
    default=True,
    help="Whether the classes of own layers are run and compared with their declarations.",
)
@click.option(
    "--standalone-test",
    is_flag=True,
    help="Also write test_OUT.py beside OUT.py: tests that need pytest and torch alone.",
)
@format_option("How diagnostics are shown, on standard error.")
@reporting
def build(
    file: Path,
    models: tuple[str, ...],
    output: Path | None,
    settings: tuple[str, ...],
    emit: Stage,
    verify: bool,
    standalone_test: bool,
    format: Format,
) -> None:
    """Write the PyTorch module that a spec describes.

    The file is replaced as a whole, and only if the spec has no errors.

    \b
    Examples:
      archspec build densenet.arch
      archspec build densenet.arch -m DenseNet121 -o net.py
      archspec build densenet.arch -m DenseNet121 --set classes=10 -o -
      archspec build densenet.arch -o net.py --standalone-test
    """
    from archspec.cli.files import STDIN
    from archspec.files import write_atomically

    program = load(file)
    if output is None and (emit != "python" or file == STDIN):
        output = STDOUT
    if standalone_test and (output == STDOUT or emit != "python"):
        raise click.UsageError("--standalone-test is for a module that is written to a file")
    text, built = _stage(program, emit, models, settings, verify, format)
    if output == STDOUT:
        echo(text, end="")
        return
    if output is None:
        output = file.with_suffix(".py")
        _refuse_others_work(output)
    refuse_spec(output, file)
    test = output.with_name(f"test_{output.name}") if standalone_test else None
    if test is not None:
        _refuse_others_work(test)
    write_atomically(output, text)
    names = ", ".join(b.entry.name for b in built)
    echo(f"wrote {output}" + (f": {names}" if names else ""), err=True)
    if test is not None:
        from archspec.backends.standalone import standalone_test as tests_of

        write_atomically(test, tests_of(built, output.name, test.name))
        echo(f"wrote {test}: `pytest {test}` runs it", err=True)


def _stage(
    program: "Program",
    emit: Stage,
    models: tuple[str, ...],
    settings: tuple[str, ...],
    verify: bool,
    format: Format,
) -> tuple[str, list["Elaborated"]]:
    """The text of the stage, and the models in it."""
    from archspec import pipeline

    match emit:
        case "ast":
            return _syntax_tree(program), []
        case "python":
            built = elaborate_models(program, models, settings, format)
            if verify:
                from archspec.runtime.own_layers import verify_own_layers

                verify_own_layers(built)
            return pipeline.emit_python(built), built
        case "ir" | "shapes":
            from archspec.ir import print_graph, print_shapes

            print_ = print_graph if emit == "ir" else print_shapes
            built = elaborate_models(program, models, settings, format)
            return "\n".join(print_(b.graph) for b in built), built
        case _:
            assert_never(emit)


def elaborate_models(
    program: "Program", models: tuple[str, ...], settings: tuple[str, ...], format: Format
) -> list["Elaborated"]:
    """The chosen models, or all, checked; warnings are shown. Raises `ArchSpecError`."""
    from archspec import pipeline

    built = []
    for entry in chosen_models(program, models):
        built.append(pipeline.build_graph(program, entry.name, overrides_of(entry, settings)))
    warnings = dict.fromkeys(warning for model in built for warning in model.warnings)
    if warnings:
        show(tuple(warnings), format, err=True)
    return built


def chosen_models(program: "Program", models: tuple[str, ...]) -> list["ModelEntry"]:
    """The models of these names, or all. Raises `ArchSpecError` where the file is at fault."""
    from archspec import pipeline

    pipeline.refuse(program)
    names = tuple(dict.fromkeys(models)) or tuple(program.models)
    if not names:
        raise ArchSpecError((_no_models(program),))
    known = program.scope.models
    return [known.get(name) or pipeline.find_model(program, name) for name in names]


def overrides_of(entry: "ModelEntry", settings: tuple[str, ...]) -> dict[str, Any]:
    """The values that `--set` gives to parameters."""
    from archspec.runtime.overrides import evaluate_override

    pairs = [split_setting(setting) for setting in settings]
    return {name: evaluate_override(entry, name, text) for name, text in pairs}


def _no_models(program: "Program") -> Diagnostic:
    name = program.scope.source.name
    open_ = list(program.scope.models)
    if not open_:
        message = f"`{name}` defines no model"
        return Diagnostic("A0114", "error", message, help=("define one: `model Name { … }`",))
    from archspec.pipeline import missing_parameters

    missing = missing_parameters(program.scope.models[open_[0]])
    message = f"no model of `{name}` can be built without parameters"
    help = f"choose one and set its parameters: `-m {open_[0]} --set {missing[0]}=…`"
    return Diagnostic("A0114", "error", message, help=(help,))


def _syntax_tree(program: "Program") -> str:
    from archspec.syntax import parse
    from archspec.syntax.dump import dump

    result = parse(program.scope.source)
    if result.diagnostics or result.file is None:
        from archspec.repair import verified_syntax

        raise ArchSpecError(verified_syntax(result.diagnostics))
    return dump(result.file)


def _refuse_others_work(output: Path) -> None:
    """Where nobody named the file to write, only one that a build wrote is replaced (A0802)."""
    try:
        with output.open(encoding="utf-8", errors="replace") as file:
            first = file.read(_HEAD)
    except OSError:
        return
    if first and "generated by archspec" not in first.lower():
        message = f"`{output}` exists already and was not written by archspec"
        help = f"to replace it, name it: `-o {output}`"
        raise ArchSpecError((Diagnostic("A0802", "error", message, help=(help,)),))


def refuse_spec(output: Path, file: Path) -> None:
    """Nothing is written over the spec that it is made from (A0802)."""
    if output.resolve() == file.resolve():
        message = f"cannot write `{output}`: it is the spec itself"
        help = "write elsewhere with `-o`"
        raise ArchSpecError((Diagnostic("A0802", "error", message, help=(help,)),))
