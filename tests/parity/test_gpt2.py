"""The emitted GPT-2: its size, its tied weight however it is moved, Hugging Face's outputs."""

import copy
import io
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from archspec.pipeline import emit_python
from tests.parity.numerics import randomise, relative_error
from tests.support.torchvision_cpu import transformers_model
from tests.support.zoo import emitted, graph_of, import_source, published

TINY = {"vocab": 50, "context": 16, "dim": 32, "depth": 2, "heads": 4}
EMBEDDING, HEAD = "transformer.wte.weight", "lm_head.weight"


@cache
def tiny_module() -> ModuleType:
    return import_source("emitted_tiny_gpt2", emit_python([graph_of("gpt2", "GPT2", **TINY)]))


def tiny() -> nn.Module:
    model: nn.Module = tiny_module().GPT2()
    return model


def is_tied(model: nn.Module) -> bool:
    return model.get_parameter(HEAD) is model.get_parameter(EMBEDDING)


def tokens(count: int = 16) -> Tensor:
    return torch.randint(0, 50, (2, count), generator=torch.Generator().manual_seed(4))


def test_parameters_equal_the_published() -> None:
    with torch.device("meta"):
        model = emitted("gpt2").GPT2()
    assert is_tied(model)
    assert sum(p.numel() for p in model.parameters()) == published()["gpt2"].parameters


def test_the_tie_survives_deepcopy() -> None:
    model = tiny()
    clone = copy.deepcopy(model)
    assert is_tied(clone)
    assert clone.get_parameter(HEAD) is not model.get_parameter(HEAD)


def test_the_tie_survives_to_empty() -> None:
    with torch.device("meta"):
        model = tiny()
    model.to_empty(device="cpu")
    assert is_tied(model)
    assert not model.get_parameter(HEAD).is_meta


def test_the_tie_survives_conversion() -> None:
    model = tiny().to(torch.float64).requires_grad_(False)
    assert is_tied(model)


@pytest.mark.parametrize("assign", [False, True])
def test_the_tie_survives_load_state_dict(assign: bool) -> None:
    source, model = tiny(), tiny()
    randomise(source, seed=5)
    model.load_state_dict(source.state_dict(), strict=True, assign=assign)
    if assign:  # torch puts one Parameter per name then; it must hold the same numbers
        assert torch.equal(model.get_parameter(HEAD), model.get_parameter(EMBEDDING))
    else:
        assert is_tied(model)
    model.eval(), source.eval()
    with torch.no_grad():
        assert torch.equal(model(tokens()), source(tokens()))


def test_the_tie_survives_torch_save() -> None:
    model = tiny()
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    state = torch.load(buffer, weights_only=True)
    assert state[HEAD].data_ptr() == state[EMBEDDING].data_ptr()
    other = tiny()
    other.load_state_dict(state, strict=True)
    assert is_tied(other)
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    assert is_tied(torch.load(buffer, weights_only=False))


def test_the_tie_survives_safetensors(tmp_path: Path) -> None:
    safetensors: Any = pytest.importorskip("safetensors.torch")
    source, model = tiny(), tiny()
    randomise(source, seed=6)
    path = str(tmp_path / "tiny.safetensors")
    safetensors.save_model(source, path)
    missing, unexpected = safetensors.load_model(model, path)
    assert (missing, unexpected) == (set(), [])
    assert is_tied(model)
    assert torch.equal(model.get_parameter(HEAD), source.get_parameter(EMBEDDING))


def test_a_step_moves_both_ends_of_the_tie() -> None:
    model = tiny()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = model.get_parameter(EMBEDDING).detach().clone()
    model(tokens()).square().mean().backward()
    optimizer.step()
    after = model.get_parameter(HEAD)
    assert is_tied(model)
    assert not torch.equal(before, after)


def test_outputs_and_gradients_equal_those_of_transformers() -> None:
    gpt2: Any = transformers_model("gpt2")
    config = gpt2.GPT2Config(vocab_size=50, n_positions=16, n_embd=32, n_layer=2, n_head=4)
    reference = gpt2.GPT2LMHeadModel(config).double().eval()
    theirs = randomise(reference, seed=7)
    model = tiny().double().eval()
    assert set(model.state_dict()) == set(theirs)
    stored_transposed = (".c_attn.weight", ".c_proj.weight", ".c_fc.weight")
    state = {n: t.T if n.endswith(stored_transposed) else t for n, t in theirs.items()}
    model.load_state_dict(state, strict=True)
    for count in (1, 7, 16):
        got, want = model(tokens(count)), reference(tokens(count)).logits
        assert relative_error(got, want) <= 1e-5
    got.square().mean().backward()
    want.square().mean().backward()
    gradient = reference.get_parameter(EMBEDDING).grad
    found = model.get_parameter(EMBEDDING).grad
    assert gradient is not None
    assert found is not None
    assert relative_error(found, gradient) <= 1e-5


def test_too_many_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match=r"T <= context .*T=17"):
        tiny()(tokens(17))


def test_initial_weights_follow_the_spec() -> None:
    torch.manual_seed(8)
    source = emit_python([graph_of("gpt2", "GPT2", **{**TINY, "dim": 128})])
    model = import_source("emitted_small_gpt2", source).GPT2()
    for name, parameter in model.named_parameters():
        if name.endswith("c_proj.weight"):
            assert parameter.std().item() == pytest.approx(0.02 / 2, rel=0.05), name
        elif name.endswith("weight") and parameter.dim() == 2:
            assert parameter.std().item() == pytest.approx(0.02, rel=0.05), name
        elif name.endswith("bias"):
            assert not parameter.any(), name
