"""The emitted files of some specs, as they stand in `tests/golden`: between them all constructs.

A new one begins as an empty file there.
`ARCHSPEC_RENEW=1 pytest tests/backends/test_golden.py` writes them anew; read their diff.
"""

import os
from pathlib import Path

import pytest

from archspec import pipeline

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
SPECS = [ROOT / "specs" / f"{path.stem}.arch" for path in sorted(GOLDEN.glob("*.py"))]


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_emitted_file(spec: Path) -> None:
    program = pipeline.load_file(spec)
    source = pipeline.emit_python([pipeline.build_graph(program, name) for name in program.models])
    path = GOLDEN / f"{spec.stem}.py"
    if os.environ.get("ARCHSPEC_RENEW"):
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")
