"""docs/comparison.md: its prose and specs are written by hand, the rest is written from results.

What stands between `<!-- NAME -->` and `<!-- end -->` is replaced by what `PARTS` gives for NAME.
"""

import re
from dataclasses import dataclass
from typing import Final

from archspec.diagnostics import Diagnostic
from archspec.diagnostics.render.fixes import fix_text
from archspec.pipeline import check, load_text
from benchmarks.mistakes.outcomes import MISTAKES, TOOLS, Outcome, Result
from benchmarks.mistakes.stored import ROOT, Tool, load

PAGE: Final = ROOT / "docs" / "comparison.md"
_PART: Final = re.compile(r"(<!-- (\w+)(?: (\w+))? -->\n).*?(<!-- end -->)", re.DOTALL)
_SPEC: Final = re.compile(r"^```arch (\w+)\.arch error\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a tool's first message, where it says such a thing: checked to be in it."""

    place: str = ""
    sizes: str = ""
    origin: str = ""
    remedy: str = ""


QUOTES: Final = {
    "residual": {
        "keras": Quote(sizes="(None, None, 128) and (None, None, 64)"),
        "torch": Quote(sizes="tensor a (128) must match the size of tensor b (64)"),
        "jax": Quote(sizes="(b, 128, h, w), (b, 64, h, w)"),
        "onnx": Quote(place="node name: add"),
    },
    "skip": {
        "keras": Quote(place="Concatenate.call()", sizes="Expected size 124 but got size 125"),
        "torch": Quote(
            sizes="(L['image'].size()[2] // 2) == (2*(L['image'].size()[2] // 4))",
            remedy="h = 4*_h",
        ),
        "jax": Quote(sizes="floordiv(h - 2, 2) + 1"),
        "onnx": Quote(place="Name:'join1'", sizes="mismatched dimensions of 125 and 124"),
    },
    "heads": {
        "keras": Quote(
            place="Reshape.call()", sizes="input_shape=(10, 100), target_shape=(-1, 12, 8)"
        ),
        "torch": Quote(sizes="12, 8]' is invalid for input of size 100*"),
        "jax": Quote(sizes="array of shape (2, 10, 100) (size 2000) into shape (2, 10, 12, 8)"),
        "onnx": Quote(
            place="Name:'k.split'", sizes="Input shape:{2,10,100}, requested shape:{2,10,12,8}"
        ),
    },
    "shared": {
        "keras": Quote(place="layer 'conv1'", sizes="shape to have value 3, but received"),
        "torch": Quote(
            sizes="to have 3 channels, but got 1 channels", origin="weight of size [64, 3, 7, 7]"
        ),
        "jax": Quote(sizes="1 // 1 != 3"),
        "onnx": Quote(place="Conv node. Name:", sizes="C: 1 kernel channels: 3"),
    },
    "broadcast": {
        "keras": Quote(),
        "torch": Quote(
            sizes="that is different to the input size",
            remedy="Please ensure they have the same size",
        ),
        "jax": Quote(),
        "onnx": Quote(),
    },
}


def rendered() -> str:
    """The page as it must be, from its own prose, the stored results, and archspec itself."""
    text = PAGE.read_text(encoding="utf-8")
    specs = dict(_SPEC.findall(text))
    tools = load()

    def part(found: re.Match[str]) -> str:
        begin, name, mistake, end = found.groups()
        match name:
            case "versions":
                body = _versions(tools)
            case "summary":
                body = _summary(tools)
            case "table":
                body = _table(mistake, specs[mistake], tools)
            case "others":
                body = "\n".join(_section(tools[t].results[mistake], TOOLS[t]) for t in TOOLS)
            case _:
                raise ValueError(f"the page has an unknown part {name}")
        return f"{begin}\n{body}\n{end}"

    return _PART.sub(part, text)


# --- tables --------------------------------------------------------------------------------------


def _versions(tools: dict[str, Tool]) -> str:
    rows = [["", "versions", "run on"]]
    for tool, title in TOOLS.items():
        versions = ", ".join(f"{name} {v}" for name, v in tools[tool].versions.items())
        rows.append([title, versions, f"{tools[tool].date}, Python {tools[tool].python}"])
    return _markdown(rows)


def _summary(tools: dict[str, Tool]) -> str:
    rows = [["", "archspec", *TOOLS.values()]]
    for mistake in MISTAKES:
        found = [_when(tools[tool].results[mistake].wrong) for tool in TOOLS]
        rows.append([f"[{mistake}](#{mistake})", "`archspec check`", *found])
    return _markdown(rows)


def _when(outcomes: list[Outcome]) -> str:
    first = _first(outcomes)
    if first is None:
        return "never"
    if first.kind == "warning":
        return f"{first.action}, as a warning"
    passing = [o.action for o in outcomes if o.kind == "fine" and o.action.startswith("run on")]
    if first.action.startswith("run on") and passing:
        return f"{first.action}, not {passing[0].removeprefix('run ')}"
    return first.action


def _first(outcomes: list[Outcome]) -> Outcome | None:
    return next((outcome for outcome in outcomes if outcome.kind != "fine"), None)


def _table(mistake: str, spec: str, tools: dict[str, Tool]) -> str:
    rows = [["", "found", "the line", "sizes that differ", "where they are from", "what to do"]]
    rows.append(["archspec", "`archspec check`", *_own_cells(mistake, spec)])
    for tool, title in TOOLS.items():
        result = tools[tool].results[mistake]
        rows.append([title, _when(result.wrong), *_cells(result, QUOTES[mistake][tool])])
    return _markdown(rows)


def _cells(result: Result, quote: Quote) -> list[str]:
    first = _first(result.wrong)
    message = first.message if first is not None else ""
    for words in (quote.place, quote.sizes, quote.origin, quote.remedy):
        if words not in message:
            raise ValueError(f"{result.file}: `{words}` is not said in\n{message}")
    line = f"{result.file}:{result.here}" if first is not None and first.names_line else ""
    return [_code(line or quote.place), *map(_code, (quote.sizes, quote.origin, quote.remedy))]


def _own_cells(mistake: str, spec: str) -> list[str]:
    first = _diagnostics(mistake, spec)[0]
    place = first.place
    assert place is not None
    marked = len([label for label in first.labels if label is not place])
    remedies = [fix_text(fix, first) for fix in first.fixes] or list(first.help)
    sizes = first.message.rpartition(": ")[2]
    return [
        _code(str(place.span)),
        sizes if re.search(r"\d", sizes) else first.message,
        f"{marked} {'place' if marked == 1 else 'places'} marked" if marked else "not said",
        remedies[0] if remedies else "not said",
    ]


def _diagnostics(mistake: str, spec: str) -> tuple[Diagnostic, ...]:
    found = check(load_text(spec, f"{mistake}.arch"))
    assert found, f"{mistake}.arch is said to be wrong"
    return found


def _code(text: str) -> str:
    return f"`{text}`" if text else "not said"


# --- programs and messages -----------------------------------------------------------------------


def _section(result: Result, title: str) -> str:
    """A tool's program, what was asked of it, and what it said."""
    first = _first(result.wrong)
    lines = [f"**{title}**", ""]
    for outcome in result.wrong:
        if outcome.kind == "fine":
            said = "goes through"
        elif outcome is first:
            said = f"{outcome.kind}, {_count(outcome.lines)}"
        else:
            said = f"{outcome.kind}, {_count(outcome.lines)}: `{_headline(outcome)}`"
        lines.append(f"- {outcome.action}: {said}")
    if first is not None:
        lines += ["", "```text", first.message, "```"]
    lines += ["", _mended(result.mended)]
    program = f"{result.file}, from line {result.line}"
    lines += ["", f"<details><summary>The program ({program})</summary>", ""]
    lines += [f"```python {result.file}", result.program.rstrip("\n"), "```", "", "</details>", ""]
    return "\n".join(lines)


def _count(lines: int) -> str:
    return f"{lines} line" if lines == 1 else f"{lines} lines"


def _headline(outcome: Outcome) -> str:
    """The line that begins the exception itself."""
    lines = outcome.message.splitlines()
    return next(line for line in lines if not line.startswith((" ", "Traceback")))


def _mended(outcomes: list[Outcome] | None) -> str:
    if outcomes is None:
        return "There is no way to write the condition that the program needs."
    failed = [outcome.action for outcome in outcomes if outcome.kind != "fine"]
    if failed:
        raise ValueError(f"the mended program fails: {failed}")
    return f"Mended, it goes through: {', '.join(outcome.action for outcome in outcomes)}."


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines) + "\n"
