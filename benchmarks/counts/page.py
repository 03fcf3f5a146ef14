"""docs/comparison-reuse.md: its prose is written by hand, the rest from specs and results.

What stands between `<!-- NAME -->` and `<!-- end -->` is replaced.
"""

import re
from typing import Final

from archspec.pipeline import build_graph, load_text
from archspec.reuse.report import ReuseReport, report
from archspec.reuse.sized import sized
from benchmarks.counts.asked import CASES, TOOLS, Case, Question
from benchmarks.counts.stored import ROOT, Tool, load

PAGE: Final = ROOT / "docs" / "comparison-reuse.md"
_PART: Final = re.compile(r"(<!-- (\w+)(?: (\w+))? -->\n).*?(<!-- end -->)", re.DOTALL)
_ROWS: Final[dict[Question, str]] = {
    "parameters": "parameters",
    "macs": "MACs",
    "activations": "activations",
    "saved": "bytes kept for backward",
}
_NOTHING: Final = "—"


def rendered() -> str:
    """The page as it must be, from its own prose, the stored results, and archspec itself."""
    tools = load()

    def part(found: re.Match[str]) -> str:
        begin, name, case, end = found.groups()
        match name:
            case "versions":
                body = _versions(tools)
            case "spec":
                text = CASES[case].file.read_text(encoding="utf-8")
                body = f"```arch {CASES[case].file.name}\n{text}```\n"
            case "table":
                body = _table(case, tools)
            case "others":
                body = "\n".join(
                    _text(tools[tool], tool, case) for tool in TOOLS if tool != "torch"
                )
            case _:
                raise ValueError(f"the page has an unknown part {name}")
        return f"{begin}\n{body}\n{end}"

    return _PART.sub(part, PAGE.read_text(encoding="utf-8"))


def report_of(case: Case) -> ReuseReport:
    program = load_text(case.file.read_text(encoding="utf-8"), case.file.name)
    return report(sized(build_graph(program, case.model, {}).graph, case.sizes))


def numbers_of(found: ReuseReport) -> dict[Question, int]:
    totals = found.totals
    return {
        "parameters": totals.parameters,
        "macs": totals.macs,
        "activations": totals.activations,
        "saved": totals.saved_bytes,
    }


def _versions(tools: dict[str, Tool]) -> str:
    rows = [["", "versions", "run on"]]
    for tool, title in TOOLS.items():
        versions = ", ".join(f"{name} {v}" for name, v in tools[tool].versions.items())
        rows.append([title, versions, f"{tools[tool].date}, Python {tools[tool].python}"])
    return _markdown(rows, "---")


def _table(case: str, tools: dict[str, Tool]) -> str:
    """Numbers that are not the measured ones are bold; some are not measured."""
    ours = numbers_of(report_of(CASES[case]))
    columns = {"archspec": ours} | {TOOLS[t]: tools[t].answers[case].numbers for t in TOOLS}
    measured = tools["torch"].answers[case].numbers
    rows = [["", *columns]]
    for question, title in _ROWS.items():
        cells = []
        for numbers in columns.values():
            number = numbers.get(question)
            text = _NOTHING if number is None else f"{number:,}"
            differs = number is not None and number != measured.get(question, number)
            cells.append(f"**{text}**" if differs else text)
        rows.append([title, *cells])
    return _markdown(rows)


def _text(tool: Tool, name: str, case: str) -> str:
    return (
        f"<details><summary>{TOOLS[name]} prints</summary>\n\n"
        f"```text\n{tool.answers[case].text}\n```\n\n</details>\n"
    )


def _markdown(rows: list[list[str]], align: str = "---:") -> str:
    head, *body = rows
    lines = [head, ["---"] + [align] * (len(head) - 1), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


__all__ = ["PAGE", "numbers_of", "rendered", "report_of"]
