"""Random chains of layers and joins whose shapes are tracked here, without the compiler."""

import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.checking import faults, graph_from, net


@dataclass
class Chain:
    """A spec under construction: its lines, and what flows at their end for H x W pixels."""

    chance: random.Random
    channels: int
    height: int
    width: int
    lines: list[str] = field(default_factory=list)
    #: Labels with the shape [channels, height, width] that they gave.
    labels: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    #: Weights by name.
    weights: dict[str, tuple[int, ...]] = field(default_factory=dict)
    #: A spatial size below 2 is left alone by what would shrink it.
    indent: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    def fresh(self) -> str:
        return f"n{len(self.labels)}"

    def conv(self, out: int, kernel: int, stride: int, padding: int) -> None:
        label = self.fresh()
        arguments = f"{out}, {kernel}, stride={stride}, padding={padding}, bias=false"
        self.lines.append(f"{self.indent}{label}: Conv2d({arguments})")
        self.weights[f"{label}.weight"] = (out, self.channels, kernel, kernel)
        self.channels = out
        # Counted one window at a time, not by the formula that the compiler uses.
        self.height = len(range(0, self.height + 2 * padding - kernel + 1, stride))
        self.width = len(range(0, self.width + 2 * padding - kernel + 1, stride))
        self.labels[label] = self.shape

    def keep(self) -> None:
        """A convolution that keeps height and width."""
        kernel = self.chance.choice([1, 3, 5])
        self.conv(self.chance.randint(1, 9), kernel, 1, kernel // 2)

    def shrink(self) -> None:
        if min(self.height, self.width) >= 4:
            self.conv(self.chance.randint(1, 9), 3, 2, self.chance.choice([0, 1]))

    def pool(self) -> None:
        if min(self.height, self.width) >= 2:
            self.lines.append(f"{self.indent}MaxPool2d(2)")
            self.height, self.width = self.height // 2, self.width // 2

    def transpose(self) -> None:
        label = self.fresh()
        out = self.chance.randint(1, 9)
        self.lines.append(f"{self.indent}{label}: ConvTranspose2d({out}, 2, stride=2, bias=false)")
        self.weights[f"{label}.weight"] = (self.channels, out, 2, 2)
        self.channels, self.height, self.width = out, 2 * self.height, 2 * self.width
        self.labels[label] = self.shape

    def act(self) -> None:
        plain_norm = "BatchNorm2d(affine=false, track_running_stats=false)"
        self.lines.append(self.indent + self.chance.choice(["ReLU", "gelu", plain_norm]))

    def residual(self) -> None:
        before = self.shape
        self.body("residual")
        label = self.fresh()
        if self.channels == before[0]:
            self.lines.append(f"{self.indent}}}")
            return
        self.lines.append(
            f"{self.indent}}} align {{ {label}: Conv2d({self.channels}, 1, bias=false) }}"
        )
        self.weights[f"{label}.weight"] = (self.channels, before[0], 1, 1)
        self.labels[label] = self.shape

    def dense(self) -> None:
        before = self.channels
        self.body("dense")
        self.lines.append(f"{self.indent}}}")
        self.channels += before

    def body(self, word: str) -> None:
        self.lines.append(f"{self.indent}{word} {{")
        self.indent += "    "
        self.keep()
        self.act()
        self.indent = self.indent[4:]

    def reuse(self) -> None:
        """Join a label of fitting size, by whatever combines such shapes."""
        fitting = [k for k, (_, *size) in self.labels.items() if tuple(size) == self.shape[1:]]
        if not fitting:
            return
        label = self.chance.choice(fitting)
        channels = self.labels[label][0]
        if channels == self.channels and self.chance.random() < 0.6:
            by = self.chance.choice(["add", "mul", "max", "mean"])
        else:
            by, self.channels = "concat", self.channels + channels
        self.lines.append(f"{self.indent}reuse {label} by {by}")

    def grow(self, steps: int) -> None:
        moves = [self.keep, self.shrink, self.pool, self.transpose, self.act, self.residual]
        moves += [self.dense, self.reuse, self.reuse]
        for _ in range(steps):
            self.chance.choice(moves)()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


seeds = st.integers(0, 2**32)
settings_ = settings(derandomize=True, deadline=None, max_examples=60)


def random_chain(seed: int) -> Chain:
    chance = random.Random(seed)
    return Chain(chance, chance.randint(1, 5), chance.randint(4, 40), chance.randint(4, 40))


@settings_
@given(seeds)
def test_shapes_and_weights_are_as_predicted(seed: int) -> None:
    chain = random_chain(seed)
    input = f"input x: float[B, {chain.channels}, {chain.height}, {chain.width}]"
    chain.keep()
    chain.grow(12)
    graph = graph_from(net(chain.text, input))
    ((_, value),) = graph.outputs
    assert tuple(d.const for d in graph.type_of(value).shape[1:]) == chain.shape, chain.text
    found = {
        name: tuple(d.const for d in weight.shape)
        for module in graph.modules()
        for name, weight in module.all_weights()
    }
    assert found == chain.weights, chain.text


@settings_
@given(seeds)
def test_open_sizes_evaluate_to_the_predicted_ones(seed: int) -> None:
    """The same with open height and width: where it checks, the formulas give the same numbers."""
    chain = random_chain(seed)
    sizes = {"B": 2, "H": chain.height, "W": chain.width}
    input = f"input x: float[B, {chain.channels}, H, W]"
    chain.keep()
    chain.grow(8)
    text = net(chain.text, input)
    if faults(text):
        return  # fits for this size alone: `test_joins_that_fit_once` looks at those
    graph = graph_from(text)
    ((_, value),) = graph.outputs
    shape = graph.type_of(value).shape
    assert tuple(d.evaluate(sizes) for d in shape[1:]) == chain.shape, chain.text


@settings_
@given(seeds)
def test_joins_that_fit_once(seed: int) -> None:
    """A refusal of open sizes is of joins only, and its fix, where there is one, mends it."""
    from archspec.pipeline import check, load_text

    chain = random_chain(seed)
    input = f"input x: float[B, {chain.channels}, H, W]"
    chain.keep()
    chain.grow(8)
    text = net(chain.text, input)
    for found in check(load_text(text)):
        if found.severity == "warning":
            continue
        assert found.code in ("A0402", "A0403"), (found, text)
        for fix in found.fixes:
            if fix.level == "safe":
                mended = text
                for edit in sorted(fix.edits, key=lambda e: -e.span.start):
                    mended = mended[: edit.span.start] + edit.replacement + mended[edit.span.end :]
                after = check(load_text(mended), fixes=False)
                assert [d for d in after if d.code == "A0403"] == [], mended


@settings_
@given(seeds)
def test_a_wrong_number_is_refused(seed: int) -> None:
    """Declared outputs that are one off are found: the prediction can fail."""
    chain = random_chain(seed)
    input = f"input x: float[B, {chain.channels}, {chain.height}, {chain.width}]"
    chain.keep()
    chain.grow(6)
    good = f"{chain.text}\noutput y: [B, {chain.channels}, {chain.height}, {chain.width}]"
    assert [f for f in faults(net(good, input)) if f[0] == "A"] == []
    bad = good.replace(f"y: [B, {chain.channels},", f"y: [B, {chain.channels + 1},")
    assert [f.split()[0] for f in faults(net(bad, input)) if f[0] == "A"] == ["A0408"]
