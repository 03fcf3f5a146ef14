"""Random specs that are right by construction: joins fit or are aligned, values are used."""

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class _Scope:
    """What a body may use: widths by name, labels that hold one value, loop variables."""

    widths: list[str]
    loops: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def inner(self, *loops: str) -> "_Scope":
        """A body within: it sees the labels so far, its own are not seen outside."""
        return _Scope(self.widths, [*self.loops, *loops], list(self.labels))


@dataclass(slots=True)
class RandomSpec:
    """`text()` is a file with a model `Net` of images [B, 3, H, W], and blocks for it."""

    random: Random
    count: int = 0
    blocks: list[str] = field(default_factory=list)

    def text(self) -> str:
        for number in range(self.random.randint(0, 3)):
            scope = _Scope(["width", "2 * width", "extra"])
            body = self.body(scope, 1, depth=2)
            declared = f"block Part{number}(width, extra = {self.random.randint(1, 4)}, depth = 2)"
            self.blocks.append(f"{declared} {{\n{body}\n    out: Conv2d(width, 1)\n}}\n")
        scope = _Scope(["base", "3", "2 * base"])
        body = self.body(scope, 1, depth=3)
        model = (
            "model Net(base = 4, classes = 2, depth = 2) {\n    input image: float[B, 3, H, W]\n"
            f"{body}\n    head: Conv2d(classes, 1)\n}}\n"
        )
        return "\n".join([*self.blocks, model])

    def body(self, scope: _Scope, indent: int, depth: int) -> str:
        """One to three statements, none of which changes height and width."""
        lines: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            lines += self.statement(scope, depth)
        return "\n".join("    " * indent + line for line in lines)

    def statement(self, scope: _Scope, depth: int) -> list[str]:
        forms = [self.plain, self.plain, self.chain, self.named, self.reuse, self.call]
        forms += [self.family, self.grid, self.shared, self.pool, self.several]
        if depth > 0:
            forms += [self.residual, self.dense, self.group, self.loop, self.loop, self.choice]
        form = self.random.choice(forms)
        return form(scope, depth)

    def label(self, scope: _Scope, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}" + "".join(f"_{{{name}}}" for name in scope.loops)

    def width(self, scope: _Scope) -> str:
        return self.random.choice(scope.widths)

    def conv(self, scope: _Scope, width: str | None = None) -> str:
        kernel = self.random.choice(["1", "3, padding=1", "3, padding=1, bias=false"])
        return f"Conv2d({width or self.width(scope)}, {kernel})"

    # --- statements ----------------------------------------------------------------------------

    def plain(self, scope: _Scope, depth: int) -> list[str]:
        label = self.label(scope, "conv")
        line = f"{label}: {self.conv(scope)}"
        scope.labels.append(label)
        return [line]

    def chain(self, scope: _Scope, depth: int) -> list[str]:
        act = self.random.choice(["ReLU", "GELU", "Tanh", "SiLU", "Identity"])
        return [f"{self.conv(scope)} -> BatchNorm2d -> {act}"]

    def named(self, scope: _Scope, depth: int) -> list[str]:
        name = self.label(scope, "value")
        scope.labels.append(name)
        return [f"{name} = _", f"{self.label(scope, 'after')}: {self.conv(scope)}"]

    def reuse(self, scope: _Scope, depth: int) -> list[str]:
        if not scope.labels:
            return self.plain(scope, depth)
        source = self.random.choice(scope.labels)
        if self.random.random() < 0.5:
            return [f"reuse {source} by concat"]
        width = self.width(scope)
        by = self.random.choice(["add", "mul", "max", "mean"])
        align = f"{{ {self.label(scope, 'fit')}: Conv2d({width}, 1) }}"
        return [
            f"{self.label(scope, 'pre')}: {self.conv(scope, width)}",
            f"reuse {source} by {by} align {align}",
        ]

    def call(self, scope: _Scope, depth: int) -> list[str]:
        parts = [b.split("(")[0].removeprefix("block ") for b in self.blocks if "Part" in b[:10]]
        if not parts:
            return self.plain(scope, depth)
        extra = self.random.choice(["", ", extra=2", f", extra={scope.widths[0]}", ", depth=depth"])
        name = self.random.choice(parts)
        return [f"{self.label(scope, 'part')}: {name}({self.width(scope)}{extra})"]

    def family(self, scope: _Scope, depth: int) -> list[str]:
        """Values that a loop names, read by a list or by another loop."""
        name, times = self.label(scope, "f"), self.times()
        width = self.width(scope)
        conv = f"{name}c{{i}}: {self.conv(scope, width)}"
        lines = [f"for i in 0..<{times} {{ {name}_{{i}} = _ -> {conv} }}"]
        if self.random.random() < 0.3:  # one of them under a plain name, if there are no loops
            first = f"{name}_0 = _ -> {name}z: {self.conv(scope, width)}"
            lines = [first, lines[0].replace("0..<", "1..<", 1)]
        listed = f"[{name}_{{k}} for k in 0..<{times}]"
        match self.random.randrange(6):
            case 0:
                return [*lines, f"reuse {listed} by concat"]
            case 1:
                return [*lines, f"concat({listed})"]
            case 2:
                by = self.random.choice(["sum", "mean", "max", "min"])
                return [*lines, f"{by}({listed})"]
            case 3:
                odd = f"[{name}_{{k}} for k in 0..<{times} if k % 2 == 0]"
                return [*lines, f"concat(_, {odd})", self.conv(scope)]
            case 4:
                by = self.random.choice(["concat", "add"])
                again = f"{name}d{{i}}: {self.conv(scope, width)}"
                return [
                    *lines,
                    f"for i in 1..<{times} {{",
                    f"    {again}",
                    f"    reuse {name}_{{i - 1}} by {by}",
                    "}",
                ]
            case _:
                last = f"{name}_{{{times} - 1}}"
                return [*lines, self.conv(scope), f"reuse {last} by concat"]

    def grid(self, scope: _Scope, depth: int) -> list[str]:
        """Names of two numbers, read under another form than given."""
        name, times = self.label(scope, "g"), self.times()
        width = self.width(scope)
        start = self.random.choice(["0", "{0}"])
        return [
            f"for i in 0..<{times} {{ {name}_{{i}}_{start}: {self.conv(scope, f'{width} + i')} }}",
            f"for j in 1..<{times} {{",
            f"    for i in 0..<({times} - j) {{",
            f"        concat({name}_{{i}}_{{j - 1}}, {name}_{{i + 1}}_{{j - 1}})",
            f"        {name}_{{i}}_{{j}}: {self.conv(scope, f'{width} + j')}",
            "    }",
            "}",
            f"concat([{name}_0_{{j}} for j in 0..<{times}], {name}_{{{times} - 1}}_0)",
        ]

    def shared(self, scope: _Scope, depth: int) -> list[str]:
        """One layer or group, applied several times."""
        if scope.loops:
            return self.plain(scope, depth)
        name, width = self.label(scope, "s"), self.width(scope)
        layer = self.conv(scope, width)
        declared = self.random.choice([layer, f"{{ {layer} -> Tanh }}"])
        lines = [f"shared {name}: {declared}", f"{name}in: {self.conv(scope, width)}"]
        if self.random.random() < 0.5:
            return [*lines, f"for i in 0..<{self.times()} {{ _ -> {name} -> ReLU }}"]
        return [*lines, f"_ -> {name} -> ReLU -> {name}"]

    def pool(self, scope: _Scope, depth: int) -> list[str]:
        """A layer without weights that may follow a loop's variable."""
        size = self.random.choice(["1", *scope.loops])
        return [f"AvgPool2d(2 * {size} + 1, stride=1, padding={size}) -> {self.conv(scope)}"]

    def several(self, scope: _Scope, depth: int) -> list[str]:
        """A block of two outputs."""
        block = f"Two{len(self.blocks)}"
        self.blocks.append(
            f"block {block}(width, extra = 2) {{\n"
            f"    a: {self.conv(_Scope(['width']))}\n"
            f"    b: {self.conv(_Scope(['width', 'extra']))}\n"
            "    output a, b\n}\n"
        )
        name = self.label(scope, "t")
        call = f"{block}({self.width(scope)})"
        if self.random.random() < 0.5:
            return [f"{name}x, {name}y = _ -> {name}: {call}", f"concat({name}y, {name}x)"]
        return [f"{name}: {call}", f"concat({name}.b, {name}.a)"]

    def times(self) -> str:
        return self.random.choice(["2", "3", "depth", "depth + 1"])

    def residual(self, scope: _Scope, depth: int) -> list[str]:
        width = self.width(scope)
        body = self.body(scope.inner(), 1, depth - 1)
        last = f"{self.label(scope, 'last')}: {self.conv(scope, width)}"
        align = f"{{ {self.label(scope, 'fit')}: Conv2d({width}, 1) -> BatchNorm2d }}"
        return ["residual {", *body.splitlines(), f"    {last}", f"}} align {align}"]

    def dense(self, scope: _Scope, depth: int) -> list[str]:
        return ["dense {", *self.body(scope.inner(), 1, depth - 1).splitlines(), "}"]

    def group(self, scope: _Scope, depth: int) -> list[str]:
        label = self.label(scope, "group")
        body = self.body(scope.inner(), 1, depth - 1).splitlines()
        scope.labels.append(label)
        return [f"{label}: {{", *body, "}"]

    def loop(self, scope: _Scope, depth: int) -> list[str]:
        self.count += 1
        name = f"i{self.count}"
        body = self.body(scope.inner(name), 1, depth - 1).splitlines()
        times = self.random.choice(["0..<2", "1..3", "[2, 5]", "0..<1", "0..<depth", "1..depth"])
        return [f"for {name} in {times} {{", *body, "}"]

    def choice(self, scope: _Scope, depth: int) -> list[str]:
        if not scope.loops:
            return self.dense(scope, depth)
        test = f"{self.random.choice(scope.loops)} {self.random.choice(['<', '==', '>'])} 1"
        lines = [f"if {test} {{", *self.body(scope.inner(), 1, depth - 1).splitlines(), "}"]
        if self.random.random() < 0.5:
            other = self.body(scope.inner(), 1, depth - 1).splitlines()
            lines = [*lines[:-1], "} else {", *other, "}"]
        return lines
