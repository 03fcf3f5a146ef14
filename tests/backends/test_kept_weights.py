"""Frozen layers, files of weights and slow copies: wherever they are declared, the model obeys."""

import copy
import importlib
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.backends.emitted import (
    check_agreement,
    emit_text,
    namespace,
    random_inputs,
    smallest_sizes,
)

ENCODER = """
block Encoder(dim) {
    conv: Conv2d(4, 3) -> norm: BatchNorm2d -> ReLU -> AdaptiveAvgPool2d(1) -> Flatten
    fc: Linear(dim)
}
"""

FROZEN = {
    "a layer": "model M { input x: [B, 4]; frozen fc: Linear(4) -> head: Linear(2) }",
    "a block": "model M { input x: [B, 3, 8, 8]; frozen enc: Encoder(4) -> head: Linear(2) }",
    "in a group": "model M { input x: [B, 4]; body: { frozen fc: Linear(4); head: Linear(2) } }",
    "a group": "model M { input x: [B, 4]; frozen body: { fc: Linear(4) -> ReLU }; Linear(2) }",
    "in a block": """
block Part { frozen enc: Encoder(4); head: Linear(2) }
model M { input x: [B, 3, 8, 8]; part: Part }
""",
    "shared": """
model M {
    input x: [B, 3, 8, 8]
    input y: [B, 3, 6, 6]
    shared frozen enc: Encoder(4)
    a = x -> enc
    b = y -> enc
    output z = a - b
}
""",
    "in a loop": """
model M(depth = 3) {
    input x: [B, 4]
    for i in 0..<depth { frozen fc{i}: Linear(4) }
    out: Linear(2)
}
""",
    "groups in a loop": """
model M(depth = 3) {
    input x: [B, 4]
    for i in 0..<depth { frozen part{i}: { for j in 0..<2 { fc{j}: Linear(4) -> ReLU } } }
    out: Linear(2)
}
""",
    "the first of a loop": """
model M(depth = 4, kept = 2) {
    input x: [B, 4]
    for i in 0..<depth { if i < kept { frozen fc{i}: Linear(4) } else { fc{i}: Linear(4) } }
    out: Linear(2)
}
""",
    "a group that is read from outside": """
model M {
    input x: [B, 4]
    frozen body: { a: Linear(4) -> ReLU -> Dropout(0.5) -> b: Linear(4) }
    reuse a by add
    Dropout(0.5)
    head: Linear(4)
}
""",
    "such groups in a loop": """
model M(depth = 2) {
    input x: [B, 4]
    for i in 0..<depth {
        frozen body{i}: { a{i}: Linear(4) -> ReLU -> b: Linear(4) }
        reuse a{i} by add
    }
    head: Linear(4)
}
""",
    "in loops within loops": """
model M(depth = 2) {
    input x: [B, 4]
    for i in 0..<depth { for j in 0..<2 { frozen a{i}_{j}: Linear(4); b{i}_{j}: Linear(4) } }
}
""",
}


def frozen_in(model: Any) -> set[str]:
    """The paths that the graph says are frozen, with all below them."""
    paths = {r.target for r in model.graph.relations if r.mechanism == "frozen"}
    assert paths
    return {
        m.path
        for m in model.graph.modules()
        if any(m.path == p or m.path.startswith(f"{p}.") for p in paths)
        # All others are alike in both modes, and may be one attribute of the class.
        if m.weights or m.children or getattr(m.decl, "mode_dependent", False)
    }


def assert_frozen(module: torch.nn.Module, frozen: set[str]) -> None:
    """Those modules, and no others, are in evaluation mode and without gradients."""
    module.train()
    named = dict(module.named_modules())
    assert frozen <= set(named)
    inside = {id(m) for path in frozen for m in named[path].modules()}
    for path, part in named.items():
        assert part.training is (id(part) not in inside), path
        for weight in part.parameters(recurse=False):
            assert weight.requires_grad is (id(part) not in inside), path
    module.eval()
    assert not any(part.training for part in module.modules())


@pytest.mark.parametrize("text", FROZEN.values(), ids=FROZEN)
def test_frozen_modules_stay_in_eval_mode(text: str) -> None:
    model, source = emit_text(ENCODER + text)
    assert_frozen(check_agreement(model, source), frozen_in(model))


@pytest.mark.parametrize(
    ("case", "arguments"),
    [
        ("in a loop", {"depth": 5}),
        ("groups in a loop", {"depth": 1}),
        ("the first of a loop", {"depth": 5, "kept": 3}),
        ("the first of a loop", {"depth": 3, "kept": 1}),
        ("in loops within loops", {"depth": 3}),
    ],
)
def test_frozen_modules_follow_the_parameters_of_the_class(
    case: str, arguments: dict[str, Any]
) -> None:
    """One class is written for all depths, loops kept."""
    _, source = emit_text(FROZEN[case])
    other, _ = emit_text(FROZEN[case], **arguments)
    assert_frozen(namespace(source)["M"](**arguments), frozen_in(other))


# --- files of weights --------------------------------------------------------------------------

LOADED = {
    "frozen": 'model M { input x: [B, 3, 8, 8]; frozen enc: Encoder(4) from "enc.safetensors" }',
    "trained": 'model M { input x: [B, 3, 8, 8]; enc: Encoder(4) from "enc.safetensors" }',
    "from torch": 'model M { input x: [B, 3, 8, 8]; enc: Encoder(4) from "enc.pt" }',
    "in a group": """
model M { input x: [B, 3, 8, 8]; body: { frozen enc: Encoder(4) from "enc.pt"; fc: Linear(2) } }
""",
    "in a block": """
block Part { enc: Encoder(4) from "enc.safetensors"; head: Linear(2) }
model M {
    input x: [B, 3, 8, 8]
    residual { part: { first: Part; fc: Linear(192) -> Unflatten(1, [3, 8, 8]) } }
}
""",
    "blocks in a loop": """
block Part { enc: Encoder(192) from "enc192.safetensors"; Unflatten(1, [3, 8, 8]) }
model M(depth = 2) { input x: [B, 3, 8, 8]; for i in 0..<depth { part{i}: Part } }
""",
    "in a loop": """
model M(depth = 3) {
    input x: [B, 4]
    for i in 0..<depth {
        if i < 2 { fc{i}: Linear(4) from "fc.pt" } else { fc{i}: Linear(4) }
    }
    ReLU
    last: Linear(2)
}
""",
    "files of a loop": """
model M(depth = 3, first = "fc") {
    input x: [B, 4]
    for i in 0..<depth { fc{i}: Linear(4) from "{first}{i + 1}.pt" }
    last: Linear(2)
}
""",
    "a group that is read from outside": """
model M {
    input x: [B, 4]
    frozen body: { inner: { a: Linear(4) -> ReLU } -> b: Linear(4) } from "group.safetensors"
    reuse a by add
    head: Linear(4)
}
""",
    "shared": """
model M {
    input x: [B, 3, 8, 8]
    input y: [B, 3, 6, 6]
    shared enc: Encoder(4) from "enc.safetensors"
    a = x -> enc
    b = y -> enc
    output z = a - b
}
""",
    "copied": """
model M {
    input x: [B, 3, 8, 8]
    shared enc: Encoder(4) from "enc.safetensors"
    ema slow: enc(momentum=0.9)
    a = x -> enc
    b = x -> slow
    output z = a - b
}
""",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Weights of two encoders that no fresh one has."""
    for name, dim in (("enc", 4), ("enc192", 192)):
        text = f"{ENCODER} model M {{ input x: [B, 3, 8, 8]; enc: Encoder({dim}) }}"
        _, source = emit_text(text)
        state = namespace(source)["M"]().enc.state_dict()
        state = {k: torch.full_like(v, 7) for k, v in state.items()}
        save_file(state, tmp_path / f"{name}.safetensors")
        torch.save(state, tmp_path / f"{name}.pt")
    layer = {k: torch.full_like(v, 7) for k, v in torch.nn.Linear(4, 4).state_dict().items()}
    for name in ("fc.pt", "fc1.pt", "fc2.pt", "fc3.pt"):
        torch.save(layer, tmp_path / name)
    names = {f"{part}.{name}": value for part in ("inner.a", "b") for name, value in layer.items()}
    save_file({k: v.clone() for k, v in names.items()}, tmp_path / "group.safetensors")
    return tmp_path


def warned(module: Any, *inputs: torch.Tensor) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module(*inputs)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("text", LOADED.values(), ids=LOADED)
def test_weights_that_were_not_loaded_are_missed_once(text: str, files: Path) -> None:
    model, source = emit_text(ENCODER + text)
    inputs = random_inputs(model, smallest_sizes(model))
    fresh = namespace(source)["M"]()
    for module in (copy.deepcopy(fresh), fresh):
        first = warned(module, *inputs)
        assert first
        assert all("is not loaded; call load_pretrained()" in message for message in first)
        names = {m.pretrained for m in model.graph.modules() if m.pretrained}
        assert {name for name in names if any(name in m for m in first)} == names
        assert not warned(module, *inputs)
    loaded = namespace(source)["M"]()
    loaded.load_pretrained(str(files))
    assert not warned(loaded, *inputs)
    for load in ("strict", "assign"):
        whole = namespace(source)["M"]()
        whole.load_state_dict(fresh.state_dict(), assign=load == "assign")
        assert not warned(whole, *inputs), load


def test_a_part_of_the_weights_is_not_enough(files: Path) -> None:
    model, source = emit_text(ENCODER + LOADED["frozen"])
    module, (x,) = namespace(source)["M"](), random_inputs(model, smallest_sizes(model))
    state = module.state_dict()
    del state["enc.fc.bias"]
    module.load_state_dict(state, strict=False)
    assert len(warned(module, x)) == 1
    module = namespace(source)["M"]()
    module.enc.load_state_dict(torch.load(files / "enc.pt"))
    assert not warned(module, x)


def test_what_warns_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """A module that waits for weights is compiled, exported and pickled as any other."""
    model, source = emit_text(ENCODER + LOADED["frozen"])
    path = tmp_path / "waiting_for_weights.py"
    path.write_text(source)
    sys.path.insert(0, str(tmp_path))
    try:
        made = importlib.import_module(path.stem).M().eval()
        (x,) = random_inputs(model, smallest_sizes(model))
        export: Any = torch.export.export
        export(made, (x,))
        compiled: Any = torch.compile(made, fullgraph=True, backend="eager")
        again = pickle.loads(pickle.dumps(made))
        compiled(x)
        assert len(warned(again, x)) == 1
    finally:
        sys.path.remove(str(tmp_path))


@pytest.mark.parametrize("text", LOADED.values(), ids=LOADED)
def test_load_pretrained_loads_what_the_spec_names(text: str, files: Path) -> None:
    model, source = emit_text(ENCODER + text)
    module = check_agreement(model, source)
    before = {k: v.clone() for k, v in module.state_dict().items()}
    module.load_pretrained(str(files))
    named = {m.path for m in model.graph.modules() if m.pretrained or m.ema_of is not None}
    assert named
    for key, value in module.state_dict().items():
        if any(key.startswith(f"{path}.") for path in named):
            assert (value == 7).all(), key
        else:
            assert torch.equal(value, before[key]), key


def test_a_file_that_does_not_fit_is_refused(files: Path) -> None:
    _, source = emit_text(ENCODER + LOADED["frozen"].replace("enc.safe", "enc192.safe"))
    with pytest.raises(RuntimeError, match=r"size mismatch for fc\.weight"):
        namespace(source)["M"]().load_pretrained(str(files))


# --- slow copies -------------------------------------------------------------------------------

SLOW = """
block Slow(dim, tau) {
    input x: [B, D]
    shared online: { fc: Linear(dim) -> norm: BatchNorm1d }
    ema target: online(momentum=tau)
    a = x -> online
    b = x -> target
    output y = a - b
}
"""


def moved(module: Any, prefix: str = "") -> float:
    """How far, between 0 and 1, a step takes the copy to a source that is 1 where the copy is 0."""
    part = module.get_submodule(prefix) if prefix else module
    with torch.no_grad():
        for weight in part.online.parameters():
            weight.fill_(1)
        for weight in part.target.parameters():
            weight.zero_()
    buffers = {k: v.clone() for k, v in part.target.named_buffers()}
    module.update_ema()
    values = {float(v) for weight in part.target.parameters() for v in weight.flatten()}
    assert len(values) == 1
    assert all((weight == 1).all() for weight in part.online.parameters())
    assert all(torch.equal(v, buffers[k]) for k, v in part.target.named_buffers())
    return values.pop()


def test_a_momentum_is_a_parameter_of_the_model() -> None:
    text = SLOW.replace("block Slow(dim, tau)", "model M(dim = 4, tau = 0.75)").replace(
        "B, D", "B, 3"
    )
    model, source = emit_text(text)
    module = check_agreement(model, source)
    assert moved(module) == 0.25
    other = namespace(source)["M"](tau=0.5)
    assert moved(other) == 0.5
    other.tau = 0.875  # a schedule sets the attribute
    assert moved(other) == 0.125


def test_copies_inside_of_blocks_move_with_their_own_momentum() -> None:
    text = SLOW + "model M { input x: [B, 3]; one: Slow(4, 0.75); two: Slow(4, 0.5) }"
    model, source = emit_text(text)
    module = check_agreement(model, source)
    assert moved(module, "one") == 0.25
    assert moved(module, "two") == 0.5


def test_one_momentum_for_all_can_be_given_at_the_call() -> None:
    inner = SLOW.replace("dim, tau", "dim").replace("=tau", "=0.5")
    text = inner + "model M { input x: [B, 3]; one: Slow(4); two: Slow(4) }"
    module = namespace(emit_text(text)[1])["M"]()
    assert moved(module, "one") == 0.5
    module.reset_ema()
    before = module.two.target.fc.weight.clone()
    with torch.no_grad():
        module.two.online.fc.weight.add_(1)
    module.update_ema(momentum=0.75)
    torch.testing.assert_close(module.two.target.fc.weight, before + 0.25)


@pytest.mark.parametrize("where", ["here", "inside"])
def test_a_copy_begins_as_its_source(where: str) -> None:
    """Also where initial weights are set after the copy was made, or set again."""
    init = "init Linear.weight by normal(std=0.5)"
    if where == "here":
        text = SLOW.replace("block Slow(dim, tau)", "model M(dim = 4, tau = 0.75)")
        text = text.replace("B, D", "B, 3").replace("output", f"{init}\n    output")
    else:
        text = SLOW + f"model M {{ input x: [B, 3]; part: Slow(4, 0.75); {init} }}"
    model, source = emit_text(text)
    module = check_agreement(model, source)
    part = module if where == "here" else module.part
    for again in (False, True):
        if again:
            module.reset_parameters()
        online, target = part.online.state_dict(), part.target.state_dict()
        assert all(torch.equal(online[key], target[key]) for key in online)
    assert not any(weight.requires_grad for weight in part.target.parameters())


def test_a_shared_layer_is_checkpointed_in_every_application() -> None:
    text = """
    model M {
        input x: [B, 4]
        shared checkpoint step: { fc: Linear(4) -> Tanh }
        for i in 0..<3 { step }
    }
    """
    model, source = emit_text(text)
    module = check_agreement(model, source).train()
    runs = 0

    def count(*_: Any) -> None:
        nonlocal runs
        runs += 1

    module.step.fc.register_forward_hook(count)
    module(torch.randn(2, 4)).sum().backward()
    assert runs == 6  # three times forward, three times again in the backward pass


# --- ties --------------------------------------------------------------------------------------

TIED = {
    "in a loop": """
model M(depth = 3) {
    input x: [B, 8]
    for i in 0..<depth { enc{i}: Linear(8, bias=false) -> ReLU }
    for i in 0..<depth {
        dec{i}: Linear(8, bias=false)
        if i > 0 { tie dec{i}.weight to enc{depth - 1 - i}.weight }
    }
}
""",
    "in a block": """
block Part {
    input x: [B, D]
    a: Linear(D) -> ReLU -> b: Linear(D)
    tie b.weight to a.weight
}
model M { input x: [B, 4]; one: Part; group: { two: Part; head: Linear(2) } }
""",
}


@pytest.mark.parametrize("text", TIED.values(), ids=TIED)
@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("assign", [False, True])
def test_ties_hold_wherever_they_are_declared(text: str, once: bool, assign: bool) -> None:
    """After loading too, also from a file that holds each weight once, under its last name."""
    model, source = emit_text(text)
    module, other = check_agreement(model, source), namespace(source)["M"]()
    pairs = [(r.target, r.source) for r in model.graph.relations if r.mechanism == "tied"]
    assert len(pairs) == 2
    state = other.state_dict()
    if once:
        state = {k: v for k, v in state.items() if k not in {source for _, source in pairs}}
    kept = set(state)
    module.load_state_dict(state, assign=assign)
    module.to_empty(device="cpu").load_state_dict(state, assign=assign)
    assert set(state) == kept
    for one, two in pairs:
        assert module.get_parameter(one) is module.get_parameter(two)
    for key, value in other.state_dict().items():
        assert torch.equal(module.state_dict()[key], value)


@pytest.mark.parametrize("text", TIED.values(), ids=TIED)
@pytest.mark.parametrize("assign", [False, True])
def test_one_name_of_a_tied_weight_suffices_without_strictness(text: str, assign: bool) -> None:
    """Whichever it is; the other is said to be missing, as safetensors' `load_model` expects."""
    model, source = emit_text(text)
    other = namespace(source)["M"]().state_dict()
    pairs = [(r.target, r.source) for r in model.graph.relations if r.mechanism == "tied"]
    for kept, left in (*pairs, *((b, a) for a, b in pairs)):
        module = namespace(source)["M"]()
        before = {k: v.clone() for k, v in module.state_dict().items()}
        keys = module.load_state_dict({kept: other[kept]}, strict=False, assign=assign)
        state = module.state_dict()
        assert torch.equal(state[kept], other[kept])
        assert torch.equal(state[left], other[kept])
        assert module.get_parameter(kept) is module.get_parameter(left)
        rest = set(before) - {kept, left}
        assert rest | {left} == set(keys.missing_keys)
        assert not keys.unexpected_keys
        assert all(torch.equal(state[key], before[key]) for key in rest)


def test_a_row_of_padding_stays_zero() -> None:
    """Whichever rule sets the weights of the table, and under whichever name."""
    text = """
    model M {
        input x: int[B, T]
        emb: Embedding(10, 4, padding_idx=2)
        other: Linear(10, bias=false)
        tie other.weight to emb.weight
        RULES
    }
    """
    rules = (
        "init Embedding.weight by constant(1.0)",
        "init **.weight by constant(1.0)",
        "init emb.weight by constant(1.0)",
        "init Embedding.weight by normal(std=0.02); init Linear.weight by constant(1.0)",
    )
    for rule in rules:
        model, source = emit_text(text.replace("RULES", rule))
        weight = check_agreement(model, source).emb.weight
        assert not weight[2].any(), rule
        assert (torch.cat([weight[:2], weight[3:]]) == 1).all(), rule
        assert weight.requires_grad
