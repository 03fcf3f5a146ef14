"""What the tools said when they were last run: `results.json`."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.mistakes.outcomes import TOOLS, Outcome, Result

ROOT: Final = Path(__file__).parents[2]
FILE: Final = Path(__file__).with_name("results.json")

#: Results do not depend on hashes, threads, or a terminal.
_ENVIRONMENT: Final = {
    "KERAS_BACKEND": "torch",
    "JAX_PLATFORMS": "cpu",
    "NO_COLOR": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}


@dataclass(frozen=True, slots=True)
class Tool:
    """The date of a run, the versions it had, and the results by mistake."""

    date: str
    python: str
    versions: dict[str, str]
    results: dict[str, Result]


def load() -> dict[str, Tool]:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return {tool: as_tool(data[tool]) for tool in TOOLS}


def as_tool(data: dict[str, Any]) -> Tool:
    return Tool(
        data["date"],
        data["python"],
        data["versions"],
        {name: _result(result) for name, result in data["results"].items()},
    )


def _result(data: dict[str, Any]) -> Result:
    wrong, mended = data["wrong"], data["mended"]
    return Result(
        **{
            **data,
            "wrong": [Outcome(**outcome) for outcome in wrong],
            "mended": mended and [Outcome(**outcome) for outcome in mended],
        }
    )


def run(tool: str, date: str, python: str = sys.executable) -> dict[str, Any]:
    """The entry of a tool in `results.json`, made by a process of its own."""
    process = subprocess.run(
        [python, "-m", "benchmarks.mistakes.outcomes", tool],
        cwd=ROOT,
        env={**os.environ, **_ENVIRONMENT},
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    return {"date": date, **json.loads(process.stdout)}


def renew(tools: list[str], date: str) -> None:
    """Run the tools and store what they say."""
    data = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    data |= {tool: run(tool, date) for tool in tools}
    text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
    FILE.write_text(f"{text}\n", encoding="utf-8")
