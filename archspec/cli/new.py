"""`archspec new`."""

import re
from keyword import iskeyword
from pathlib import Path

import click

from archspec.cli.options import format_option
from archspec.cli.output import echo, reporting
from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.diagnostics.render import Format

#: The block of the starter, and the name that every emitted module imports.
_TAKEN = frozenset({"BasicBlock", "Tensor"})


@click.command(short_help="Write a commented spec to begin with.")
@click.argument("name")
@format_option("How diagnostics are shown, on standard error.")
@reporting
def new(name: str, format: Format) -> None:
    """Write a commented spec to begin with.

    NAME is the file to make, with or without .arch; the model is named after it. A file that exists
    is never replaced.

    \b
    Example:
      archspec new nets/tiny-resnet      makes nets/tiny-resnet.arch with the model TinyResnet
    """
    from importlib.resources import files

    path = Path(name if name.endswith(".arch") else f"{name}.arch")
    if path.name == ".arch":
        raise click.UsageError(f"NAME is that of a file, not `{name}`")
    model = model_name(path.stem)
    text = files("archspec.cli").joinpath("starter.arch").read_text(encoding="utf-8")
    text = text.replace("starter.arch", path.name).replace("Starter", model)
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        _refuse(f"`{path}` exists already", "choose another name, or remove it first")
    except FileNotFoundError:
        _refuse(f"there is no directory `{path.parent}`", "make the directory first")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        _refuse(f"cannot write `{path}`: {reason}", "choose another place")
    echo(f"wrote {path}: check it with `archspec check {path}`", err=True)


def model_name(stem: str) -> str:
    """A model's name made of a file's: `tiny-resnet` -> `TinyResnet`, `3d` -> `Model3d`.

    It is none that a layer, the starter's block or Python has.
    """
    from archspec.layers import registry

    words = re.findall(r"[A-Za-z0-9]+", stem)
    name = "".join(word[:1].upper() + word[1:] for word in words) or "Model"
    if not name[0].isalpha():
        name = f"Model{name}"
    taken = name in _TAKEN or iskeyword(name) or registry.layer(name) is not None
    return f"{name}Net" if taken else name


def _refuse(message: str, help: str) -> None:
    raise ArchSpecError((Diagnostic("A0802", "error", message, help=(help,)),))
