"""What the project's files say of each other: README, Makefile, CI, version, pins."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import archspec
from archspec.cli.app import app
from archspec.elaborate.context import Limits
from archspec.elaborate.files import MAX_FILES

ROOT: Final = Path(__file__).parents[2]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(read("pyproject.toml"))["project"]
    return found


def test_the_readme_lists_every_command() -> None:
    listed = re.findall(r"^\| `archspec ([a-z]+)[ `]", read("README.md"), flags=re.MULTILINE)
    assert sorted(set(listed)) == sorted(app.commands)


def test_the_readme_states_names_and_commands() -> None:
    text = read("README.md")
    for said in (
        "make demo",
        "make test",
        "archspec-nn",
        "pip install -c constraints.txt .",
        "MIT",
    ):
        assert said in text, said


def test_links_of_the_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    targets = [
        (document, target)
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    ]
    assert len(targets) > 8
    assert [f"{d.name}: {t}" for d, t in targets if not (d.parent / t).exists()] == []


def test_anchors_of_the_language_guide_exist() -> None:
    text = read("docs/language.md")
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_the_version_is_one() -> None:
    assert project()["version"] == archspec.__version__


def test_pins_are_of_what_is_needed() -> None:
    pins = dict(re.findall(r"^([a-z]+)==(\S+)$", read("constraints.txt"), flags=re.MULTILINE))
    assert set(pins) == {"torch", "torchvision"}
    wanted = [*project()["dependencies"], *project()["optional-dependencies"]["test"]]
    assert set(pins) <= {re.split(r"[<>=]", need)[0] for need in wanted}


def test_ci_runs_what_developers_run() -> None:
    script = ROOT / ".ci" / "run"
    if script.exists():  # an sdist has none
        assert os.access(script, os.X_OK)
        assert script.read_text("utf-8").splitlines()[-1] == "make test"


def test_the_guide_states_the_limits() -> None:
    rows = re.findall(
        r"^\| [a-z' ,]+ \| ([0-9,]+) \|$", read("docs/language.md"), flags=re.MULTILINE
    )
    limits = Limits()
    kept = [limits.steps, limits.nodes, limits.items, limits.bits, limits.depth, MAX_FILES]
    assert [int(row.replace(",", "")) for row in rows] == kept
