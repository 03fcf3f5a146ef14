"""The code that functions emit, word for word; their costs; what they say of faults."""

import operator
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import Needs, RuleError, TensorType
from archspec.layers.functions_index import IndexSlice
from archspec.layers.registry import functions
from tests.layers.case import Case, T
from tests.layers.functions_harness import FakeCall, make, source, theirs
from tests.layers.functions_reference import TRIALS

FUNCTIONS = functions()
IMAGE = T((2, 4, 6, 6))
TOKENS = T((2, 3, 12))
HEADS = T((2, 4, 3, 3))


def types(*x: T) -> tuple[TensorType, ...]:
    return tuple(TensorType(tuple(map(Dim.of, t.sizes)), t.dtype) for t in x)


@pytest.mark.parametrize(
    ("name", "x", "arguments", "code"),
    [
        ("add", (IMAGE, IMAGE), {}, "x0 + x1"),
        ("add", (IMAGE, IMAGE, IMAGE), {}, "x0 + x1 + x2"),
        ("sub", (IMAGE,), {"other": 1, "reflected": True}, "1 - x0"),
        ("div", (IMAGE,), {"other": 2.0}, "x0 / 2.0"),
        ("neg", (IMAGE,), {}, "-x0"),
        ("matmul", (HEADS, HEADS), {}, "x0 @ x1"),
        ("max", (IMAGE, IMAGE), {}, "torch.maximum(x0, x1)"),
        ("max", (IMAGE,), {"dim": 1}, "x0.amax(1)"),
        ("mean", (IMAGE,), {"dim": (2, 3)}, "x0.mean((2, 3))"),
        ("mean", (IMAGE,), {"dim": (2, 3), "keepdim": True}, "x0.mean((2, 3), keepdim=True)"),
        ("mean", (IMAGE, IMAGE), {}, "(x0 + x1) / 2"),
        ("norm", (TOKENS,), {"dim": -1}, "torch.linalg.vector_norm(x0, dim=-1)"),
        ("concat", (IMAGE, IMAGE), {}, "torch.cat((x0, x1), dim=1)"),
        ("concat", (IMAGE, IMAGE), {"dim": -1}, "torch.cat((x0, x1), dim=-1)"),
        ("stack", (IMAGE, IMAGE), {}, "torch.stack((x0, x1))"),
        ("chunk", (TOKENS,), {"chunks": 3, "dim": -1}, "x0.chunk(3, dim=-1)"),
        ("split", (TOKENS,), {"split_size_or_sections": [4, 8], "dim": 2},
         "x0.split([4, 8], dim=2)"),
        ("flatten", (IMAGE,), {"start_dim": 1}, "x0.flatten(1)"),
        ("flatten", (IMAGE,), {}, "x0.flatten()"),
        ("reshape", (IMAGE,), {"shape": (2, -1)}, "x0.reshape(2, -1)"),
        ("view", (IMAGE,), {"shape": [2, -1]}, "x0.reshape(2, -1)"),
        ("permute", (IMAGE,), {"dims": (0, 2, 3, 1)}, "x0.permute(0, 2, 3, 1)"),
        ("transpose", (IMAGE,), {"dim0": -2, "dim1": -1}, "x0.transpose(-2, -1)"),
        ("rearrange", (TOKENS,), {"pattern": "b t (h d) -> b h t d", "h": 4},
         "x0.unflatten(-1, (4, -1)).transpose(1, 2)"),
        ("rearrange", (HEADS,), {"pattern": "b h t d -> b t (h d)"},
         "x0.transpose(1, 2).flatten(2)"),
        ("rearrange", (IMAGE,), {"pattern": "b c h w -> b (h w) c"},
         "x0.permute(0, 2, 3, 1).flatten(1, 2)"),
        ("rearrange", (IMAGE,), {"pattern": "... a b -> ... b a"}, "x0.transpose(-2, -1)"),
        ("rearrange", (TOKENS,), {"pattern": "b t d -> b t d"}, "x0"),
        ("softmax", (TOKENS,), {"dim": -1}, "x0.softmax(dim=-1)"),
        ("relu", (TOKENS,), {}, "F.relu(x0)"),
        ("gelu", (TOKENS,), {"approximate": "tanh"}, 'F.gelu(x0, approximate="tanh")'),
        ("gelu", (TOKENS,), {"approximate": "none"}, "F.gelu(x0)"),
        ("scaled_dot_product_attention", (HEADS,) * 3, {"is_causal": True, "dropout_p": 0.0},
         "F.scaled_dot_product_attention(x0, x1, x2, is_causal=True)"),
        ("scaled_dot_product_attention", (HEADS,) * 3, {"dropout_p": 0.1},
         "F.scaled_dot_product_attention("
         "x0, x1, x2, dropout_p=0.1 if self.training else 0.0)"),
        ("interpolate", (IMAGE,), {"scale_factor": 2, "mode": "nearest"},
         "F.interpolate(x0, scale_factor=2)"),
        ("pad", (IMAGE,), {"pad": (1, 1, 1, 1)}, "F.pad(x0, (1, 1, 1, 1))"),
        ("arange", (), {"start": 7}, "torch.arange(7, device=x.device)"),
        ("zeros", (), {"size": (1, 5)}, "torch.zeros(1, 5, device=x.device)"),
        ("index", (TOKENS,), {"items": (slice(None), 0)}, "x0[:, 0]"),
        ("index", (TOKENS,), {"items": (..., slice(1, -1))}, "x0[..., 1:-1]"),
        ("index", (TOKENS,), {"items": (None, slice(None, None, 2))}, "x0[None, ::2]"),
        ("to", (TOKENS,), {"dtype": "float16"}, "x0.to(torch.float16)"),
        ("crop", (IMAGE, HEADS), {}, "center_crop(x0, x1)"),
    ],
)  # fmt: skip
def test_reads_as_written_by_hand(
    name: str, x: tuple[T, ...], arguments: dict[str, Any], code: str
) -> None:
    written = source(FUNCTIONS[name], Case(x, arguments))
    assert "".join(written.split()) == "".join(code.split())


class SizesFromModule(FakeCall):
    """Arguments are attributes of the module, as where instances of a class differ in them."""

    def arg(self, argument: str) -> py.Expr:
        return py.dotted(f"self.{argument}")


def test_an_attribute_is_written_though_its_value_is_the_default() -> None:
    case = Case((TOKENS,) * 3, {"dropout_p": 0.0})
    decl = FUNCTIONS["scaled_dot_product_attention"]
    p = decl.Params(**case.arguments)
    expr = decl.emit(p, SizesFromModule(case, types(*case.tensors), p))
    assert "dropout_p=self.dropout_p if self.training else 0.0" in " ".join(
        py.print_expr(expr).split()
    )


@pytest.mark.parametrize(
    ("name", "x", "arguments"),
    [
        ("matmul", (T((2, 3, 4)), T((2, 4, 5))), {}),
        ("matmul", (T((3, 4)), T((4, 5))), {}),
        ("matmul", (T((2, 3, 4)), T((4, 5))), {}),
        ("matmul", (T((2, 6, 3, 4)), T((2, 6, 4, 5))), {}),
        ("einsum", (T((2, 3, 4)), T((2, 5, 4))), {"equation": "bid,bjd->bij"}),
        ("einsum", (T((2, 3)), T((3, 4)), T((4, 5))), {"equation": "ij,jk,kl->il"}),
        ("einsum", (T((2,)), T((3,))), {"equation": "i,j->ij"}),
        ("scaled_dot_product_attention", (T((2, 4, 6, 8)), T((2, 4, 5, 8)), T((2, 4, 5, 3))), {}),
        ("scaled_dot_product_attention", (T((2, 4, 6, 8)),) * 3, {"is_causal": True}),
        ("scaled_dot_product_attention", (T((2, 4, 6, 8)), *(T((2, 2, 5, 8)),) * 2),
         {"enable_gqa": True}),
        ("add", (IMAGE, IMAGE), {}),
    ],
)  # fmt: skip
def test_costs_are_what_torch_counts(
    name: str, x: tuple[T, ...], arguments: dict[str, Any]
) -> None:
    decl = FUNCTIONS[name]
    p = decl.Params(**arguments)
    out = decl.shape(p, types(*x), Needs())
    inputs = tuple(make(t, "meta") for t in x)
    with FlopCounterMode(display=False) as counter:
        TRIALS[name].reference(inputs, dict(arguments))
    assert decl.macs(p, types(*x), out).const == counter.get_total_flops() // 2


def infer(
    name: str, x: tuple[TensorType, ...], arguments: dict[str, Any]
) -> tuple[TensorType, Needs]:
    """The type of the one output, and the obligations."""
    decl = FUNCTIONS[name]
    need = Needs()
    (out,) = decl.shape(decl.Params(**arguments), x, need)
    return out, need


def test_sizes_may_be_symbols() -> None:
    b, t, d = (Dim.symbol(name) for name in "BTD")
    x = TensorType((b, t, d))

    out, needs = infer("reshape", (x,), {"shape": [b, t * d, 1]})
    assert out.shape == (b, t * d, Dim.of(1))
    assert not needs.obligations
    out, _ = infer("index", (x,), {"items": (slice(None), IndexSlice(start=Dim.of(1)))})
    assert out.shape == (b, t - 1, d)
    out, _ = infer("arange", (), {"start": t})
    assert (out.shape, out.dtype) == ((t,), "int")
    merged = TensorType((b, t, 3 * d))
    out, _ = infer("rearrange", (merged,), {"pattern": "b t (k d) -> k b t d", "k": 3})
    assert out.shape == (Dim.of(3), b, t, d)


def test_a_symbol_never_broadcasts() -> None:
    n, one = Dim.symbol("N"), Dim.of(1)
    add = FUNCTIONS["add"]
    need = Needs()
    add.shape(add.Params(), (TensorType((n, one)), TensorType((Dim.of(4), n))), need)
    assert [(o.kind, o.left, o.right, o.code) for o in need.obligations] == [
        ("equal", n, Dim.of(4), "A0401")
    ]


@pytest.mark.parametrize(
    ("name", "x", "arguments", "code", "message"),
    [
        ("add", (T((2,)), T((2,), "int")), {}, "A0701", "one dtype, not float and int"),
        ("softmax", (T((2, 3)),), {"dim": 2}, "A0503", "axis 2 does not exist"),
        ("permute", (T((2, 3)),), {"dims": (0,)}, "A0404", "orders 1 axis, but [2, 3] has 2"),
        ("concat", (T((2, 3)), T((2,))), {}, "A0404", "2 dimensions and 1"),
        ("reshape", (T((2, 3)),), {"shape": (-1, -1)}, "A0106", "one -1 at most"),
        ("rearrange", (T((2, 6)),), {"pattern": "b (h d) -> b h d"}, "A0104", "`h` and `d`"),
        ("rearrange", (T((2, 6)),), {"pattern": "b d -> b d", "q": 2}, "A0105", "no axis `q`"),
        ("rearrange", (T((2, 6)),), {"pattern": "b d"}, "A0106", "two sides"),
        ("einsum", (T((2, 6)),), {"equation": "ij,jk"}, "A0305", "names 2 tensors, but 1"),
        ("unbind", (), {}, "A0204", "left open"),
    ],
)
def test_faults_say_what_is_wrong(
    name: str, x: tuple[T, ...], arguments: dict[str, Any], code: str, message: str
) -> None:
    decl = FUNCTIONS[name]
    given = types(*x) or (TensorType((Dim.symbol("N"),)),)
    with pytest.raises(RuleError) as caught:
        decl.shape(decl.Params(**arguments), given, Needs())
    assert caught.value.code == code
    assert message in caught.value.message


def test_every_declaration_is_documented_and_immutable() -> None:
    for name, decl in FUNCTIONS.items():
        assert decl.__doc__, name
        assert decl.Params.model_config["frozen"], name
        assert name == name.lower()


def test_the_reference_refuses_what_torch_refuses() -> None:
    case = Case((T((2, 3)), T((3, 2))))
    assert theirs(TRIALS["add"].reference, case) is None
    with pytest.raises(RuntimeError):
        operator.add(torch.zeros(2, 3), torch.zeros(3, 2))
