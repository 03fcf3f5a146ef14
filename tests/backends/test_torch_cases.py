"""One small spec per construct of the language: the emitted module agrees with the graph."""

import inspect

import pytest
import torch

from tests.backends.emitted import check_agreement, emit_text, namespace

CASES = {
    "unlabelled layers are keyed by position": """
block Pair(width) { Conv2d(width, 3, padding=1) -> BatchNorm2d -> ReLU }
model M() { input x: [B, 3, 8, 8]
    a: Pair(4)
    b: Pair(6)
}""",
    "unlabelled layers with weights beside joins": """
model M() {
    input x: [B, 4, 8, 8]
    residual { Conv2d(4, 3, padding=1) -> PReLU }
    Conv2d(2, 1)
}""",
    "unlabelled layers in a loop beside joins": """
model M() {
    input x: [B, 4, 8, 8]
    for i in 0..<3 { residual { Conv2d(4, 3, padding=1) -> ReLU } }
}""",
    "a group whose value is read outside": """
model M() {
    input x: [B, 4, 8, 8]
    features: {
        conv0: Conv2d(8, 3, padding=1) -> pool0: MaxPool2d(2)
        conv1: Conv2d(8, 3, padding=1)
    }
    reuse features.pool0 by add
    head: Conv2d(2, 1)
}""",
    "a group that reads other values": """
model M(dim = 8) {
    input x: [B, T, dim]
    input mask: bool[B, T]
    x -> stem: Linear(dim)
    layers: {
        for i in 0..<2 {
            {
                weight: Linear(dim)
                masked_fill(mask[:, :, none], 0.0)
                reuse x by add
            }
        }
    }
    tail: { masked_fill(x, mask[:, :, none], 1.0) -> fc: Linear(dim) }
    output y = layers + tail
}""",
    "a group that reads other values, and is read": """
model M {
    input x: [B, 4, H, W]
    stem: Conv2d(4, 1)
    body: { a: Conv2d(4, 1); reuse stem by add; b: Conv2d(4, 1) }
    reuse body.a by add
}""",
    "names of one form read under another": """
block Conv(width) { Conv2d(width, 3, padding=1) -> ReLU }
model M(widths = [4, 6, 8]) {
    input image: [B, 3, H, W] where H % 4 == 0, W % 4 == 0
    n = len(widths)
    for i in 0..<n {
        if i > 0 { MaxPool2d(2) }
        x{i}_0: Conv(widths[i])
    }
    for j in 1..<n {
        for i in 0..<(n - j) {
            up = x{i + 1}_{j - 1} -> Upsample(scale_factor=2)
            concat([x{i}_{k} for k in 0..<j])
            concat(_, up)
            x{i}_{j}: Conv(widths[i] + j)
        }
    }
    for j in 1..<n { o{j} = x0_{j} -> final{j}: Conv2d(2, 1) }
    output y = mean([o{j} for j in 1..<n])
}""",
    "a plain name read as one of a loop": """
model M(n = 3) {
    input x: [B, 4, H, W]
    h0 = x -> Conv2d(6, 1)
    for i in 1..n { h{i} = h{i - 1} -> conv{i}: Conv2d(4 + i, 3, padding=1) }
    a = concat(h{n}, h0, h1)
    b = [h{i} for i in 0..<n if i != 1] -> concat
    output y = concat(a, b)
}""",
    "layers without weights that vary in a loop": """
model M(n = 3) {
    input x: [B, 4, H, W] where H % 8 == 0, W % 8 == 0
    for i in 0..<n { b{i} = x -> MaxPool2d(2 ** i) -> a{i}: Conv2d(4 + i, 1) }
    for i in 0..<n {
        for j in 0..<n {
            if j == i { f{i}_{j} = b{j} }
            else {
                b{j} -> c{i}_{j}: Conv2d(4 + i, 1)
                if j > i { Upsample(scale_factor=2 ** (j - i)) }
                else { MaxPool2d(2 ** (i - j)) }
                f{i}_{j} = _
            }
        }
        s{i} = sum([f{i}_{j} for j in 0..<n])
    }
    for i in 0..<n { u{i} = s{i} -> Upsample(scale_factor=2 ** i) }
    concat([u{i} for i in 0..<n])
    head: Conv2d(2, 1)
}""",
    "a layer without weights in a loop that is written out": """
model M {
    input x: [B, 4, H, W] where H % 8 == 0, W % 8 == 0
    for i in 1..2 {
        for j in 0..<i {
            width = i + j + (5 if i == 1 else 2 * j * j)
            p{i}_{j} = x -> AvgPool2d(2 ** (i - j)) -> c{i}_{j}: Conv2d(width, 1)
        }
    }
    concat(p1_0, p2_1) -> head: Conv2d(2, 1)
    output a = head, b = p2_0
}""",
    "lists combined by element": """
model M(n = 3) {
    input x: [B, 4, H, W]
    for i in 0..<n { h{i} = x -> a{i}: Conv2d(4, 1) }
    p = sum([h{i} for i in 0..<n])
    q = max([h{i} for i in 1..<n])
    reuse [h{i} for i in 0..<n] by mul
    r = _ -> b: Conv2d(4, 1)
    s = stack([h{i} for i in 0..<n], dim=2) -> mean(dim=2)
    output y = p + q + r + s
}""",
    "outputs of labelled blocks in a list": """
block Two(width) {
    input x: [B, C, T]
    a: Conv1d(C, 1)
    s = a -> b: Conv1d(width, 1)
    output y = a + x, s
}
model M(n = 3) {
    input x: [B, 4, T]
    for i in 0..<n {
        x -> two{i}: Two(5 + i)
    }
    concat([two{i}.s for i in 0..<n])
    head: Conv1d(2, 1)
}""",
    "lists of values": """
block Links(n, growth) {
    input x: [B, C, H, W]
    h{0} = x
    for i in 1..n {
        concat([h{j} for j in 0..<i if (i - j) % 2 == 1])
        h{i} = _ -> conv{i}: Conv2d(growth * i, 3, padding=1)
    }
    concat(x, [h{i} for i in 1..n if i > 1])
    last: Conv2d(growth, 1)
}
model M(n = 3, growth = 4) {
    input x: [B, 3, H, W]
    a: Links(n, growth)
    b: Links(n + 1, growth)
    for i in 0..<2 { f{i} = _ -> f{i}_conv: Conv2d(5, 1) }
    reuse [f{i} for i in 0..<2] by concat
    head: Conv2d(2, 1)
}""",
    "lists that are added": """
model M {
    input x: [B, 4, H, W]
    a = _ -> one: Conv2d(4, 1)
    b = _ -> two: Conv2d(4, 1)
    reuse [x, a] by add
}""",
    "branches that end alike": """
model M(wide = true, depth = 2) {
    input x: [B, 4, H, W]
    for i in 0..<depth {
        dense { if wide { l{i}: Conv2d(3, 3, padding=1) } else { l{i}: Conv2d(3, 1) } }
    }
}""",
    "named outputs of a block": """
block Trunk() {
    input x: [B, C, H, W]
    c1: Conv2d(8, 3, padding=1)
    c2: Conv2d(16, 3, stride=2, padding=1)
    output c1, c2
}
model M() {
    input x: [B, 3, 8, 8]
    t: Trunk
    a = t.c1 -> p1: Conv2d(4, 1)
    b = t.c2 -> p2: Conv2d(4, 1)
    output a, b
}""",
    "several inputs as a tuple": """
block Cross(heads) {
    input x: [B, T, D]
    input memory: [B, S, D]
    q = x -> to_q: Linear(D)
    kv = memory -> to_kv: Linear(2 * D)
    k, v = kv -> chunk(2, dim=-1)
    scaled_dot_product_attention(q, k, v)
    out: Linear(D)
}
model M(dim = 8) {
    input x: [B, T, dim]
    input memory: [B, S, dim]
    (x, memory) -> cross: Cross(2)
}""",
    "inline blocks": """
block Stem(width, kernel = 3) {
    conv: Conv2d(width, kernel, padding=kernel // 2) -> bn: BatchNorm2d
}
model M(width = 4) {
    input x: [B, 3, 8, 8]
    inline Stem(width * 2)
    head: Conv2d(2, 1)
}""",
    "params and buffers": """
model M(dim = 8) {
    input x: [B, 4, dim]
    param cls: [1, 1, dim] = normal(std=0.02)
    param scale: [dim] = ones
    buffer mask: [5, 5] = tril(ones(5, 5))
    concat(expand(cls, [B, 1, dim]), _, dim=1)
    _ * scale
    matmul(mask, _)
    fc: Linear(3)
}""",
    "layers as values": """
block Unit(width, act: layer = ReLU, norm: layer = BatchNorm2d) {
    conv: Conv2d(width, 3, padding=1) -> norm -> act
}
model M() {
    input x: [B, 3, 8, 8]
    a: Unit(4)
    b: Unit(4, act=GELU(approximate="tanh"))
    c: Unit(4, norm=GroupNorm(2), act=SiLU)
}""",
    "branches that differ between instances": """
block Unit(width, pool = false) {
    conv: Conv2d(width, 3, padding=1)
    if pool { MaxPool2d(2) } else { ReLU }
    out: Conv2d(width, 1)
}
model M() {
    input x: [B, 3, 8, 8]
    for i in 0..<4 { unit{i}: Unit(4 + i, pool=i % 2 == 1) }
}""",
    "branches with joins": """
block Unit(width, skip = true) {
    input x: [B, C, H, W]
    conv: Conv2d(width, 3, padding=1)
    if skip { reuse x by concat }
    out: Conv2d(width, 1)
}
model M() {
    input x: [B, 3, 8, 8]
    a: Unit(4)
    b: Unit(5, skip=false)
}""",
    "compile-time names and functions": """
fn make_divisible(v, by = 8) = max(by, int(v + by / 2) // by * by)
block Squeeze(ratio = 4) {
    input x: [B, C, H, W]
    hidden = make_divisible(C / ratio)
    pool: AdaptiveAvgPool2d(1) -> fc1: Conv2d(hidden, 1) -> ReLU -> fc2: Conv2d(C, 1) -> Sigmoid
    reuse x by mul
}
model M(width = 1.0) {
    input x: [B, 3, 8, 8]
    for i, c in enumerate([16, 24, 40]) {
        conv{i}: Conv2d(make_divisible(c * width), 3, padding=1)
        se{i}: Squeeze
    }
}""",
    "shared layers": """
model M() {
    input a: [B, 3, 8, 8]
    input b: [B, 3, 8, 8]
    shared conv: Conv2d(4, 3, padding=1)
    shared block: { Conv2d(4, 1) -> ReLU }
    x = a -> conv -> block
    y = b -> conv -> block
    output distance = mean(x - y, dim=[1, 2, 3])
}""",
    "frozen, checkpointed and detached": """
model M() {
    input x: [B, 3, 8, 8]
    frozen stem: Conv2d(4, 3, padding=1)
    checkpoint body: { Conv2d(4, 3, padding=1) -> ReLU }
    y = _ -> detach
    reuse y by add
    head: Conv2d(2, 1)
}""",
    "reuse by every function": """
model M() {
    input x: [B, 4, 8, 8]
    a: Conv2d(4, 1)
    b: Conv2d(4, 1)
    c: Conv2d(4, 1)
    reuse a by add
    reuse b by mul
    reuse a, b by max
    reuse a, b by mean
    reuse x by concat(dim=1)
}""",
    "reuse by a layer": """
block Fuse(width) {
    input x: [B, C, H, W]
    input y: [B, D, H, W]
    concat(x, y)
    conv: Conv2d(width, 1)
}
model M() {
    input x: [B, 4, 8, 8]
    a: Conv2d(3, 1)
    reuse x by Fuse(5)
}""",
    "crop and arithmetic": """
model M() {
    input x: [B, 4, 16, 16]
    a: Conv2d(4, 1)
    b: Conv2d(4, 5)
    reuse a by concat align crop
    y = _ * 2 + 1
    1 - y
    softmax(dim=1)
}""",
    "indexing and cls token": """
model M(dim = 8) {
    input x: [B, T, dim]
    enc: Linear(dim)
    head = _[:, 0] -> cls: Linear(2)
    rest = enc[:, :, 1:-1] -> mean(dim=1)
    output head, rest
}""",
    "rearrange and open sizes": """
model M(heads = 2, patch = 4) {
    input image: [B, 3, H, W] where H % patch == 0, W % patch == 0
    proj: Conv2d(8, patch, stride=patch) -> flatten(2) -> transpose(1, 2)
    rearrange("b n (h d) -> b h n d", h=heads)
    rearrange("b h n d -> b n (h d)")
    LayerNorm
}""",
    "multi-head attention": """
model M(dim = 8) {
    input x: [B, T, dim]
    residual { norm: LayerNorm -> attn: MultiheadAttention(2, batch_first=true) }
}""",
    "nested groups and loops": """
model M(depths = [2, 1]) {
    input x: [B, 3, 16, 16]
    stages: {
        for i, n in enumerate(depths) {
            {
                down: Conv2d(4 * 2 ** i, 3, stride=2, padding=1)
                blocks: { for j in 0..<n { residual { Conv2d(4 * 2 ** i, 3, padding=1) -> ReLU } } }
            }
        }
    }
    AdaptiveAvgPool2d(1) -> Flatten -> head: Linear(2)
}""",
    "residual without overwriting": """
block MLPBlock(ratio = 4) {
    input x: [..., D]
    residual { norm: LayerNorm -> fc1: Linear(ratio * D) -> GELU -> fc2: Linear(D) }
}
model M(dim = 8) { input x: [B, T, dim]
    a: MLPBlock
    b: MLPBlock(2)
}""",
    "interpolate to another tensor's size": """
model M() {
    input x: [B, 3, H, W] where H >= 2, W >= 2
    low: Conv2d(4, 3, stride=2, padding=1)
    interpolate(size=[H, W], mode="bilinear")
    reuse x by concat
    head: Conv2d(1, 1)
}""",
    "loops over tuples": """
model M(settings = [(4, 3, 1), (8, 5, 2)]) {
    input x: [B, 3, 16, 16]
    for c, k, s in settings { Conv2d(c, k, stride=s, padding=k // 2) -> BatchNorm2d }
}""",
    "a stateless layer that varies in a loop": """
model M() {
    input x: [B, 3, 16, 16]
    for k in [3, 5] {
        conv{k}: Conv2d(4, 1)
        a = _ -> MaxPool2d(k, stride=1, padding=k // 2)
        reuse a by add
    }
}""",
    "highway gates": """
model M(dim = 8, depth = 2) {
    input x: [B, dim]
    for i in 0..<depth {
        before = _
        h = before -> h{i}: Linear(dim) -> ReLU
        t = before -> t{i}: Linear(dim) -> Sigmoid
        h * t + before * (1 - t)
    }
    out: Linear(2)
}""",
    "an ema copy": """
model M() {
    input x: [B, 3, 8, 8]
    shared online: { Conv2d(4, 3) -> ReLU }
    ema target: online(momentum=0.9)
    p = x -> online
    z = x -> target -> detach
    output p, z
}""",
    "computed sizes at run time": """
block Half() {
    input x: [B, T, D]
    x[:, : T // 2 + 1]
}
model M() {
    input x: [B, T, 8] where T >= 2
    first: Half
    interpolated = x -> transpose(1, 2) -> interpolate(size=[2 * T]) -> transpose(1, 2)
    output first, interpolated
}""",
    "params in a loop": """
model M(depth = 2, dim = 4) {
    input x: [B, T, dim]
    for i in 0..<depth {
        param scale{i}: [dim] = ones
        buffer shift{i}: [dim] = zeros
        _ * scale{i} + shift{i}
    }
}""",
    "ties": """
model M(vocab = 11, dim = 4) {
    input tokens: int[B, T]
    embed: Embedding(vocab, dim)
    body: Linear(dim)
    head: Linear(vocab, bias=false)
    tie head.weight to embed.weight
    init Linear.weight by normal(std=0.02)
    init *.bias by zeros
}""",
}


@pytest.mark.parametrize("name", CASES)
def test_emitted_module_agrees(name: str) -> None:
    model, source = emit_text(CASES[name])
    check_agreement(model, source)


@pytest.mark.parametrize("name", CASES)
def test_emission_is_deterministic(name: str) -> None:
    assert emit_text(CASES[name])[1] == emit_text(CASES[name])[1]


def test_groups_are_given_what_they_read() -> None:
    _, source = emit_text(CASES["a group that reads other values"])
    classes = namespace(source)
    layers = inspect.signature(classes["Layers"].forward)
    assert list(layers.parameters)[1:] == ["y", "x", "mask"]  # what flows, then what is read
    assert list(inspect.signature(classes["Tail"].forward).parameters)[1:] == ["x", "mask"]


def test_lists_of_values_keep_loops() -> None:
    _, source = emit_text(CASES["lists of values"])
    assert "sum(h_channels[j] for j in range(i) if (i - j) % 2 == 1)" in source
    assert "torch.cat([h[j] for j in range(i) if (i - j) % 2 == 1], dim=1)" in source
    assert source.count("class Links") == 1


def test_names_of_several_forms_keep_loops() -> None:
    _, source = emit_text(CASES["names of one form read under another"])
    assert "x: dict[tuple[int, int], Tensor] = {}" in source
    assert "up = self.upsample(x[i + 1, j - 1])" in source
    assert "torch.stack([o[j] for j in range(1, n)]).mean(0)" in source
    assert source.count("        for ") == 8  # four loops, in the constructor and in `forward`
    module = namespace(source)["M"](widths=(3, 5))
    assert module(torch.zeros(1, 3, 8, 8)).shape == (1, 2, 8, 8)


def test_layers_that_vary_keep_loops() -> None:
    _, source = emit_text(CASES["layers without weights that vary in a loop"])
    assert 'f"upsample{i}_{j}", nn.Upsample(scale_factor=2 ** (j - i))' in source
    assert "if j != i:" in source
    for n in (1, 2, 4):
        module = namespace(source)["M"](n=n)
        assert module(torch.zeros(1, 4, 8, 8)).shape == (1, 2, 8, 8)


def test_a_list_of_one_value_is_that_value() -> None:
    text = """
model M(n = 1) {
    input x: [B, 4, T]
    for i in 0..<n { h{i} = x -> a{i}: Conv1d(4, 1) }
    m = mean([h{i} for i in 0..<n])
    output y = m + max([h0])
}"""
    model, source = emit_text(text)
    check_agreement(model, source)
    assert namespace(source)["M"](n=3)(torch.zeros(2, 4, 5)).shape == (2, 4, 5)


def test_values_that_nothing_reads_are_not_copied() -> None:
    text = """
model M(n = 3) {
    input x: [B, 4, T]
    for i in 0..<n { h{i} = x -> a{i}: Conv1d(4, 1) }
    concat([h{i} for i in 0..<n])
    b: Conv1d(4, 1)
}"""
    _, source = emit_text(text)
    forward = source[source.index("def forward") :]
    assert forward.count("h[i]") == 2, forward


def test_branches_that_do_the_same_are_written_once() -> None:
    _, source = emit_text(CASES["branches that end alike"])
    forward = source[source.index("def forward") :]
    assert "if" not in forward.replace("filter", "")


@pytest.mark.parametrize(
    ("where", "good", "bad"),
    [
        ("4 <= T <= 8", (4, 8), (3, 9)),
        ("8 >= T", (1, 8), (9,)),
        ("T % 2 == 0 and T < 8", (2, 6), (3, 8)),
        ("T == 5", (5,), (4, 6)),
    ],
)
def test_promised_sizes_are_checked(
    where: str, good: tuple[int, ...], bad: tuple[int, ...]
) -> None:
    text = f"model M {{\n    input x: [B, T, 4] where {where}\n    fc: Linear(2)\n}}"
    model, source = emit_text(text)
    module = namespace(source)[model.entry.name]()
    for size in good:
        assert module(torch.zeros(1, size, 4)).shape == (1, size, 2)
    for size in bad:
        with pytest.raises(ValueError, match=f"is required, not T={size}"):
            module(torch.zeros(1, size, 4))


def test_inferred_bounds_are_checked_in_a_chain_too() -> None:
    text = "model M {\n    input x: [B, 3, H, W]\n    pool: MaxPool2d(4) -> conv: Conv2d(2, 1)\n}"
    model, source = emit_text(text)
    module = namespace(source)[model.entry.name]()
    assert module(torch.zeros(1, 3, 4, 4)).shape == (1, 2, 1, 1)
    with pytest.raises(ValueError, match="H >= 4 is required, not H=3"):
        module(torch.zeros(1, 3, 3, 4))
