"""What is emitted for every spec: linted, typed, the same bytes each time, and it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from archspec.pipeline import build_graph
from tests.support.zoo import (
    DIGITS,
    LANGUAGE,
    ROOT,
    SAMPLES,
    SPECS,
    emitted,
    emitted_source,
    import_source,
    program,
)

FILES = [
    path for folder in (SPECS, DIGITS, SAMPLES, LANGUAGE) for path in sorted(folder.glob("*.arch"))
]


def name_of(path: Path) -> str:
    return path.stem if path.parent == SPECS else f"{path.parent.name}_{path.stem}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All emitted files, side by side."""
    folder = tmp_path_factory.mktemp("emitted")
    for path in FILES:
        (folder / f"{name_of(path)}.py").write_text(emitted_source(path), encoding="utf-8")
    return folder


def run(*command: str, cwd: Path) -> str:
    """The output of a command, which must succeed."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_ruff_finds_nothing(folder: Path) -> None:
    ruff = (sys.executable, "-m", "ruff")
    options = ("--isolated", "--target-version", "py311")
    run(*ruff, "check", *options, "--select", "E,F,I,UP,B", ".", cwd=folder)
    run(*ruff, "format", *options, "--check", "--diff", ".", cwd=folder)


def test_mypy_finds_nothing(folder: Path) -> None:
    cache = ("--cache-dir", os.devnull)
    run(sys.executable, "-m", "mypy", "--strict", *cache, ".", cwd=folder)


def test_emission_is_the_same_in_every_process(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from archspec.pipeline import *\n"
        "spec = load_file(Path(sys.argv[1]))\n"
        "sys.stdout.write(emit_python([build_graph(spec, name) for name in spec.models]))\n"
        "assert 'torch' not in sys.modules\n"
    )
    for path in (SPECS / "densenet.arch", SPECS / "gpt2.arch"):
        for seed in ("1", "2"):
            result = subprocess.run(
                [sys.executable, "-W", "error", "-c", script, str(path)],
                cwd=ROOT,
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            )
            assert result.stdout == emitted_source(path).encode()


def test_emitted_files_import_without_warnings(folder: Path) -> None:
    names = ", ".join(name_of(path) for path in FILES)
    run(sys.executable, "-W", "error", "-c", f"import {names}", cwd=folder)


def test_emitted_files_need_only_torch(folder: Path) -> None:
    for path in folder.glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("import ", "from ")):
                root = line.split()[1].split(".")[0]
                assert root == "torch" or root in sys.stdlib_module_names, line


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_states_are_those_of_the_graph(path: Path) -> None:
    """Names, order and shapes of parameters and buffers are what the compiler says they are."""
    module = import_source(f"emitted_{name_of(path)}", emitted_source(path))
    spec = program(path)
    for name in spec.models:
        graph = build_graph(spec, name).graph
        want = {
            key: tuple(dim.const for dim in weight.shape)
            for part in graph.modules()
            for key, weight in part.all_weights()
        }
        with torch.device("meta"):
            state = getattr(module, name)().state_dict()
        assert {key: tuple(tensor.shape) for key, tensor in state.items()} == want
        assert list(state) == list(want)


def test_unet_shapes() -> None:
    unet = emitted("unet")
    with torch.device("meta"):
        original = unet.OriginalUNet()
        assert original(torch.empty(1, 1, 572, 572)).shape == (1, 2, 388, 388)
        assert original(torch.empty(2, 1, 188, 204)).shape == (2, 2, 4, 20)
        padded = unet.UNet()
        assert padded(torch.empty(1, 3, 64, 96)).shape == (1, 1, 64, 96)
    assert sum(p.numel() for p in original.parameters()) == 31_030_658


@pytest.mark.parametrize(
    ("model", "shape", "fault"),
    [
        ("UNet", (1, 3, 64, 72), "W=72"),
        ("UNet", (1, 3, 8, 64), "H=8"),
        ("OriginalUNet", (1, 1, 573, 572), "H=573"),
        ("OriginalUNet", (1, 1, 572, 172), "W=172"),
    ],
)
def test_unet_refuses_sizes_that_cannot_align(
    model: str, shape: tuple[int, ...], fault: str
) -> None:
    with torch.device("meta"):
        network = getattr(emitted("unet"), model)()
        with pytest.raises(ValueError, match=fault):
            network(torch.empty(*shape))


@pytest.mark.parametrize("size", [(28, 64), (64, 28)])
def test_densenet_refuses_images_that_vanish(size: tuple[int, int]) -> None:
    """The bound that no `where` states is inferred, and checked all the same."""
    with torch.device("meta"):
        network = emitted("densenet").DenseNet121().eval()
        assert network(torch.empty(1, 3, 29, 29)).shape == (1, 1000)
        with pytest.raises(ValueError, match="29"):
            network(torch.empty(1, 3, *size))


def test_siamese_applies_one_encoder_twice() -> None:
    torch.manual_seed(0)
    model = emitted("siamese").Siamese().eval()
    left, right = torch.randn(2, 3, 1, 28, 28)
    distance = model(left, right)
    assert distance.shape == (3,)
    torch.testing.assert_close(distance, (model.encoder(left) - model.encoder(right)).norm(dim=-1))
    assert model(left, left).abs().max() == 0
    distance.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_multitask_gives_both_outputs() -> None:
    with torch.device("meta"):
        label, depth = emitted("multitask").MultiTask()(torch.empty(2, 3, 64, 96))
    assert (label.shape, depth.shape) == ((2, 10), (2, 1, 2, 3))


def test_byol_trains_the_online_branch_only() -> None:
    torch.manual_seed(0)
    model = emitted("byol").BYOL(hidden=32, dim=8)
    online, target = dict(model.online.named_parameters()), dict(model.target.named_parameters())
    assert list(online) == list(target)
    assert all(torch.equal(online[name], target[name]) for name in online)
    assert not any(p.requires_grad for p in target.values())
    p, z = model(*torch.randn(2, 2, 3, 32, 32))
    assert p.requires_grad
    assert not z.requires_grad
    (p - z).square().mean().backward()
    assert all(p.grad is not None for p in online.values())
    assert all(p.grad is None for p in target.values())


def test_mlp_learns() -> None:
    torch.manual_seed(0)
    model = emitted("mlp").MLP()
    x, y = torch.randn(16, 1, 28, 28), torch.arange(16) % 10
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert loss.item() < 0.1
