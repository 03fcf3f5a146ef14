"""`archspec layers`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from archspec.cli.output import echo

if TYPE_CHECKING:
    from archspec.layers.base import Declaration


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from archspec.layers import registry

    known = (*registry.layers(), *registry.functions())
    return [CompletionItem(name) for name in known if name.startswith(incomplete)]


@click.command(short_help="List the layers and functions, or show one.")
@click.argument("name", required=False, shell_complete=_complete)
def layers(name: str | None) -> None:
    """List the layers and tensor functions, or show one with its arguments, shapes and weights.

    \b
    Example:
      archspec layers Conv2d
    """
    from archspec.layers import registry
    from archspec.layers.describe import describe
    from archspec.layers.plugins import plugin_layers

    if name is None:
        echo(_listing("layers", registry.layers()))
        if plugin_layers():
            echo("")
            echo(_listing("layers of other packages", plugin_layers()))
        echo("")
        echo(_listing("tensor functions", registry.functions()))
        return
    decl = registry.layer(name) or registry.function(name)
    if decl is None:
        from archspec.diagnostics.suggest import closest

        near = closest(name, (*registry.layers(), *registry.functions(), *plugin_layers()))
        listed = " or ".join(f"`{other}`" for other in near)
        help = f"did you mean {listed}?" if near else "`archspec layers` lists all"
        raise click.UsageError(f"there is no layer or function `{name}`: {help}")
    echo(str(describe(decl)))


def _listing(title: str, declarations: "Mapping[str, Declaration[Any]]") -> str:
    """A heading, and each name with the first line of its documentation."""
    width = max(map(len, declarations))
    lines = [f"{title}:"]
    for name, decl in declarations.items():
        summary = (type(decl).__doc__ or "").strip().partition("\n")[0]
        lines.append(f"  {name:<{width}}  {summary}".rstrip())
    return "\n".join(lines)
