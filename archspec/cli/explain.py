"""`archspec explain`."""

import click
from click.shell_completion import CompletionItem

from archspec.cli.output import echo
from archspec.diagnostics.codes import CODES


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    prefix = incomplete.upper()
    return [CompletionItem(c, help=text) for c, text in CODES.items() if c.startswith(prefix)]


def as_text(page: str) -> str:
    """Markdown as people read it in a terminal: blocks of code are indented, without fences."""
    lines: list[str] = []
    inside = False
    for line in page.rstrip("\n").split("\n"):
        if line.startswith("```"):
            inside = not inside
        else:
            lines.append(f"    {line}" if inside and line else line)
    return "\n".join(lines)


@click.command(short_help="Explain a diagnostic code.")
@click.argument("code", required=False, shell_complete=_complete)
def explain(code: str | None) -> None:
    """Explain a diagnostic: what it means, an example, and what to do. Without CODE, list all.

    \b
    Example:
      archspec explain A0401
    """
    if code is None:
        echo("\n".join(f"{known}  {text}" for known, text in CODES.items()))
        return
    from archspec.diagnostics.explain import explain as page_of

    page = page_of(code)
    if page is not None:
        echo(as_text(page))
        return
    code = code.strip().upper()
    if code in CODES:
        echo(f"{code}: {CODES[code]}")
        return
    from archspec.diagnostics.suggest import closest

    near = closest(code, CODES)
    help = f"did you mean {' or '.join(near)}?" if near else "`archspec explain` lists all codes"
    raise click.UsageError(f"there is no diagnostic `{code}`: {help}")
