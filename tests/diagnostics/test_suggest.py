from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.diagnostics.suggest import closest, edit_distance

LAYERS = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d", "Linear", "BatchNorm2d", "ReLU", "GELU"]

words = st.text("abcD", max_size=8)


def test_swapped_letters() -> None:
    assert closest("Covn2d", LAYERS)[0] == "Conv2d"


def test_case() -> None:
    assert closest("relu", LAYERS)[0] == "ReLU"
    assert closest("batchnorm2d", LAYERS) == ["BatchNorm2d"]


def test_nothing_alike() -> None:
    assert closest("Transformer", LAYERS) == []
    assert closest("", LAYERS) == []


def test_limit_and_the_name_itself() -> None:
    assert closest("Conv2d", LAYERS, limit=1) == ["Conv1d"]
    assert "Conv2d" not in closest("Conv2d", LAYERS)


@settings(derandomize=True, deadline=None)
@given(words, words)
def test_distance_is_a_measure(a: str, b: str) -> None:
    distance = edit_distance(a, b)
    assert distance == edit_distance(b, a)
    assert (distance == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))


@settings(derandomize=True, deadline=None)
@given(words, st.integers(0, 7), st.sampled_from("abcD"))
def test_one_slip_is_one(word: str, at: int, char: str) -> None:
    at = min(at, len(word))
    assert edit_distance(word, word[:at] + char + word[at:]) == 1
    assert edit_distance(word, word[:at] + word[at + 1 :]) == int(at < len(word))
