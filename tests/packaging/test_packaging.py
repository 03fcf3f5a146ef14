"""What is installed works without the checkout: wheel, sdist and editable installation.

The archives are built once and each is installed into a virtual environment of its own, which sees
the dependencies of this one. No network is needed.
"""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

SPEC: Final = """\
model Net(classes = 3) {
    input image: float[B, 1, 8, 8]
    Flatten -> head: Linear(classes)
}
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What the command prints; a failure shows all that it printed."""
    kept = {k: v for k, v in os.environ.items() if k in ("HOME", "TMPDIR", "LANG")}
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


@dataclass(frozen=True, slots=True)
class Installed:
    """A virtual environment with archspec, and an empty folder to work in."""

    bin: Path
    folder: Path

    def archspec(self, *arguments: str, **environment: str) -> str:
        return run(self.bin / "archspec", *arguments, cwd=self.folder, **environment)

    def python(self, code: str) -> str:
        return run(self.bin / "python", "-W", "error", "-c", code, cwd=self.folder)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is made of the sdist."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return out


@pytest.fixture(scope="module")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install --editable` makes and installs."""
    out = tmp_path_factory.mktemp("editable")
    code = f"from hatchling.build import build_editable; build_editable({str(out)!r})"
    run(sys.executable, "-c", code, cwd=ROOT)
    (wheel,) = out.glob("*.whl")
    return wheel


def install(wheel: Path, at: Path) -> Installed:
    """Install the wheel into a fresh environment, then let that see the packages of this one."""
    venv.create(at / "venv", with_pip=False, symlinks=True)
    python = at / "venv" / "bin" / "python"
    target = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=at)
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=at)
    seen = Path(target.strip()) / "dependencies.pth"
    seen.write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    folder = at / "elsewhere"
    folder.mkdir()
    (folder / "net.arch").write_text(SPEC, encoding="utf-8")
    return Installed(python.parent, folder)


@pytest.fixture(scope="module")
def installed(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    (wheel,) = archives.glob("*.whl")
    return install(wheel, tmp_path_factory.mktemp("wheel"))


def members_of_sdist(archives: Path) -> set[str]:
    (sdist,) = archives.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def members_of_wheel(archives: Path) -> set[str]:
    (wheel,) = archives.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def tracked(folder: str, ending: str) -> set[str]:
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(f"*{ending}")}
    assert found
    return found


def test_the_wheel_holds_the_package_and_what_it_reads(archives: Path) -> None:
    members = members_of_wheel(archives)
    assert tracked("archspec", ".py") | {"archspec/py.typed"} <= members
    assert {f"archspec/{page}" for page in tracked("docs/errors", ".md")} <= members
    assert {"archspec/grammar/arch.lark", "archspec/cli/starter.arch"} <= members
    tops = {name.partition("/")[0] for name in members}
    assert tops == {"archspec", "archspec_nn-0.1.0.dist-info"}
    assert "archspec_nn-0.1.0.dist-info/licenses/LICENSE" in members


def test_the_sdist_holds_what_building_and_testing_need(archives: Path) -> None:
    members = members_of_sdist(archives)
    needed = {"pyproject.toml", "README.md", "LICENSE", "Makefile", "constraints.txt"}
    needed |= tracked("tests", ".py") | tracked("specs", ".arch") | tracked("grammar", ".lark")
    assert needed <= members
    assert {name for name in members if name.startswith((".venv", "build/", "dist/"))} == set()


def test_an_installed_archspec_compiles_a_spec(installed: Installed) -> None:
    place = Path(installed.python("import archspec; print(archspec.__file__)").strip())
    assert installed.bin.parent in place.parents
    assert installed.archspec("--version") == "archspec 0.1.0\n"
    assert "no errors" in installed.archspec("check", "net.arch")
    assert "Net" in installed.archspec("build", "net.arch", "-o", "net.py")
    code = "import torch; from net import Net; print(*Net(5)(torch.zeros(2, 1, 8, 8)).shape)"
    assert installed.python(code) == "2 5\n"


def test_an_installed_archspec_explains_and_begins(installed: Installed) -> None:
    page = (ROOT / "docs" / "errors" / "A0403.md").read_text(encoding="utf-8")
    assert installed.archspec("explain", "A0403").splitlines()[0] in page.splitlines()[0]
    installed.archspec("new", "first")
    assert "no errors" in installed.archspec("check", "first.arch")


def test_the_python_api_of_an_installed_archspec(installed: Installed) -> None:
    code = "import archspec; print(archspec.load('net.arch')['Net'].summary().parameters)"
    assert installed.python(code) == "195\n"


@pytest.mark.parametrize("home", ["/dev/null", "/proc/nowhere"])
def test_a_home_that_takes_no_cache_is_no_fault(installed: Installed, home: str) -> None:
    printed = installed.archspec("check", "net.arch", HOME=home)
    assert printed == "checked 1 file: no errors\n"


def test_the_cache_is_filled_once(installed: Installed, tmp_path: Path) -> None:
    """The second run reads what the first one wrote: Lark is not imported again."""
    code = (
        "import sys; from archspec.syntax.tables import load_tables; load_tables();"
        "print('lark' in sys.modules)"
    )
    python = installed.bin / "python"
    first = run(python, "-c", code, cwd=installed.folder, XDG_CACHE_HOME=str(tmp_path))
    second = run(python, "-c", code, cwd=installed.folder, XDG_CACHE_HOME=str(tmp_path))
    assert (first, second) == ("True\n", "False\n")
    assert len(list(tmp_path.rglob("grammar-*.json"))) == 1


def test_an_editable_installation_reads_the_checkout(editable: Path, tmp_path: Path) -> None:
    installed = install(editable, tmp_path)
    place = Path(installed.python("import archspec; print(archspec.__file__)").strip())
    assert place == ROOT / "archspec" / "__init__.py"
    assert "no errors" in installed.archspec("check", "net.arch")
    assert "A0403" in installed.archspec("explain", "A0403")
    code = "from archspec.syntax.tables import grammar_text; print(grammar_text(), end='')"
    assert installed.python(code) == (ROOT / "grammar" / "arch.lark").read_text(encoding="utf-8")
