"""What the tools said when they were last run: `results.json`."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.counts.asked import TOOLS, Answer

ROOT: Final = Path(__file__).parents[2]
_FILE: Final = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Tool:
    """The date of a run, the versions it had, and the answers by case."""

    date: str
    python: str
    versions: dict[str, str]
    answers: dict[str, Answer]


def load() -> dict[str, Tool]:
    data = json.loads(_FILE.read_text(encoding="utf-8"))
    return {tool: as_tool(data[tool]) for tool in TOOLS}


def as_tool(data: dict[str, Any]) -> Tool:
    answers = {name: Answer(**answer) for name, answer in data["answers"].items()}
    return Tool(data["date"], data["python"], data["versions"], answers)


def run(tool: str, date: str) -> dict[str, Any]:
    """The entry of a tool in `results.json`, made by a process of its own."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.counts.asked", tool],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    return {"date": date, **json.loads(process.stdout)}


def renew(tools: list[str], date: str) -> None:
    """Run the tools and store what they say."""
    data = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.exists() else {}
    data |= {tool: run(tool, date) for tool in tools}
    text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
    _FILE.write_text(f"{text}\n", encoding="utf-8")
