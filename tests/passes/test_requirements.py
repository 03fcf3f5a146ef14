"""What inputs must satisfy, and what needs it."""

import json

import pytest

from archspec import loads
from archspec.passes.requirements import Requirement, Requirements
from tests.support.zoo import SPECS


def of(text: str, model: str = "Net") -> Requirements:
    return loads(text)[model].requirements()


def the(found: Requirements, condition: str) -> Requirement:
    (one,) = [r for r in found.requirements if r.condition == condition]
    return one


UNET = """
model Net(depth = 2) {
    input image: float[B, 3, H, W] where H % 2 ** depth == 0, W % 4 == 0, B <= 64
    for i in 0..<depth {
        enc{i}: Conv2d(8, 3, padding=1)
        MaxPool2d(2)
    }
    for i in reversed(0..<depth) {
        up{i}: ConvTranspose2d(8, 2, stride=2)
        reuse enc{i} by concat
    }
}
"""


def test_joins_that_need_a_condition() -> None:
    found = of(UNET)
    assert found.inputs == ("image float[B, 3, H, W]",)
    height = the(found, "H % 4 == 0")
    assert (height.size, height.origin, height.written) == ("H", "stated", "H % 2 ** depth == 0")
    assert [(n.name, n.otherwise, n.place.line) for n in height.needed_by] == [
        ("reuse enc1 by concat", "`enc1` does not align with `up1`", 10),
        ("reuse enc0 by concat", "`enc0` does not align with `up0`", 10),
    ]
    assert [n.name for n in the(found, "W % 4 == 0").needed_by] == [
        n.name for n in height.needed_by
    ]


def test_what_nothing_needs_is_said() -> None:
    found = of(UNET)
    assert the(found, "B <= 64").needed_by == ()
    assert "B <= 64  (stated at <text>:3:75; nothing needs it)" in str(found)


def test_inferred_bounds_name_what_needs_most() -> None:
    found = of(
        """
        model Net {
            input x: float[B, 3, H, W]
            a: Conv2d(8, 3)
            b: Conv2d(8, 5)
            c: Conv2d(8, 1)
        }
        """
    )
    one = the(found, "H >= 7")
    assert (one.origin, one.written) == ("inferred", None)
    assert [n.name for n in one.needed_by] == ["b", "c"]


def test_a_stated_bound_that_is_stronger_than_needed() -> None:
    found = of("model Net { input x: float[B, 3, H, 9] where H >= 9\n conv: Conv2d(8, 5) }")
    assert the(found, "H >= 9").enough == "H >= 5"
    exact = of("model Net { input x: float[B, 3, H, 9] where H >= 5\n conv: Conv2d(8, 5) }")
    assert the(exact, "H >= 5").enough is None


def test_sizes_that_must_be_one() -> None:
    found = of(
        """
        model Net {
            input a: float[B, N]
            input b: float[B, M] where N == M
            output y = a + b
        }
        """
    )
    one = the(found, "N == M")
    assert [(n.name, n.otherwise) for n in one.needed_by] == [
        ("a + b", "cannot add [B, N] and [B, M]: N and M differ")
    ]


def test_positions_need_an_entry_each() -> None:
    found = of(
        """
        model Net(context = 16) {
            input x: float[B, T, 8] where T <= context
            pos = arange(T) -> wpe: Embedding(context, 8)
            reuse x by add
        }
        """
    )
    (need,) = the(found, "T <= 16").needed_by
    assert need.name == "wpe"


def test_where_of_blocks_and_require_are_needs() -> None:
    found = of(
        """
        block Half {
            input x: [B, C, T] where T % 2 == 0
            require T % 3 == 0, "T must be a multiple of three"
            ReLU
        }
        model Net {
            input x: float[B, 4, T] where T % 6 == 0
            Half
        }
        """
    )
    assert [n.otherwise for n in the(found, "T % 6 == 0").needed_by] == [
        "`T % 2 == 0` does not hold",
        "T must be a multiple of three",
    ]


def test_alignment_that_is_spared_is_a_need() -> None:
    found = of(
        """
        model Net {
            input x: float[B, 4, T] where T % 2 == 0
            residual {
                Conv1d(4, 2, stride=2) -> ConvTranspose1d(4, 2, stride=2)
            } align crop
        }
        """
    )
    (need,) = the(found, "T % 2 == 0").needed_by
    assert need.otherwise == "`align` would be applied"


@pytest.mark.parametrize("name", ["unet", "gpt2", "resnet"])
def test_json_is_what_the_text_says(name: str) -> None:
    from archspec import load

    spec = load(SPECS / f"{name}.arch")
    found = spec[spec.models[0]].requirements()
    assert Requirements.model_validate_json(found.to_json()) == found
    assert json.loads(found.to_json())["version"] == 1
    for one in found.requirements:
        assert one.condition in str(found)
