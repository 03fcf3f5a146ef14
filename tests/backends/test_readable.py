"""How emitted code is written, where several forms would do the same."""

from pathlib import Path

from archspec import pipeline
from tests.backends.emitted import check_agreement, emit_text


def emit(text: str) -> str:
    """The emitted source of a model, which agrees with its graph."""
    model, source = emit_text(text)
    check_agreement(model, source)
    return source


def test_functions_that_call_functions_of_their_own_file(tmp_path: Path) -> None:
    """A name means what it means in the file where it stands."""
    (tmp_path / "lib.arch").write_text(
        "fn double(n) = 2 * n\n"
        "fn wide(v, by = 8) = max(by, int(double(v) + 0.5))\n"
        "block Wide(n) { Linear(wide(n)) }\n",
        encoding="utf-8",
    )
    (tmp_path / "net.arch").write_text(
        'use Wide, wide from "lib.arch"\n'
        "fn double(n) = 10 * n\n"
        "model Net(n = 3) {\n"
        "    input x: [B, 4]\n"
        "    a: Wide(n) -> b: Linear(wide(n) + int(double(n)))\n"
        "}\n",
        encoding="utf-8",
    )
    program = pipeline.load_file(tmp_path / "net.arch")
    model = pipeline.build_graph(program, "Net")
    source = pipeline.emit_python([model])
    check_agreement(model, source)
    check_agreement(pipeline.build_graph(program, "Net", {"n": 5}), source, n=5)
    assert "def wide(v: float, by: int = 8) -> int:" in source
    assert "def double_2(n: float)" in source


def test_a_function_may_call_itself() -> None:
    source = emit(
        "fn factorial(n = 3) = 1 if n < 2 else n * factorial(n - 1)\n"
        "model M(n = 3) { input x: [B, 4]; a: Linear(factorial(n)) }"
    )
    assert "def factorial(n: int = 3) -> int:" in source


def test_a_group_is_made_with_the_layers_before_its_loop() -> None:
    source = emit(
        "model M(n = 2) {\n    input x: [B, 4]\n"
        "    body: { Linear(8) -> ReLU; for i in 0..<n { Linear(8) }; Linear(3) }\n}"
    )
    assert "self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU())" in source
    assert source.count(".append(") == 2


def test_a_result_keeps_its_name() -> None:
    source = emit(
        "model M { input x: [B, 4]; a: Linear(8); logits = a -> ReLU -> b: Linear(3)\n"
        "    output logits }"
    )
    assert "logits: Tensor = self.b(" in source
    assert "logits_2" not in source


def test_an_argument_is_a_number_or_one_for_each_axis() -> None:
    source = emit(
        "block Conv(width, kernel = 1, padding = 0) { Conv2d(width, kernel, padding=padding) }\n"
        "model M {\n    input x: [B, 3, 8, 8]\n"
        "    a: Conv(4) -> b: Conv(4, (1, 7), padding=(0, 3)) -> c: Conv(4, 3)\n}"
    )
    assert "kernel: int | tuple[int, int] = 1" in source


def test_lists_of_rows_are_typed() -> None:
    source = emit(
        "model M(rows = [(4, 0.5), (8, 0.1)]) {\n    input x: [B, 4]\n"
        "    for width, drop in rows { Linear(width) -> Dropout(drop) }\n}"
    )
    assert "rows: Sequence[tuple[int, float]] = ((4, 0.5), (8, 0.1))" in source


def test_lists_that_are_joined_must_be_of_one_length() -> None:
    source = emit(
        "model M(widths = [4, 5]) {\n    input x: [B, 4]\n"
        "    body: { for w, bias in zip(widths, [true, false]) { Linear(w, bias=bias) } }\n}"
    )
    assert "zip(widths, [True, False], strict=True)" in source


def test_a_loop_over_written_numbers_is_counted() -> None:
    source = emit(
        "model M(width = 4) {\n    input x: [B, 4]\n"
        "    for i, n in enumerate([1, 2], start=3) { stage{i}: Linear(n * width) -> relu }\n}"
    )
    assert "for i in range(3, 5):" in source


def test_initial_weights_inside_of_groups_are_found_by_name() -> None:
    source = emit(
        "model M {\n    input x: [B, 4]\n    body: { Linear(4) -> ReLU -> Linear(3) }\n"
        "    init body.2.weight by zeros\n}"
    )
    assert 'init.zeros_(self.get_parameter("body.2.weight"))' in source


def test_a_chain_with_an_inlined_block_is_sequential() -> None:
    source = emit(
        "block Norm(width) { Linear(width) -> LayerNorm }\n"
        "block Act(width) { inline Norm(width); ReLU }\n"
        "model M { input x: [B, 4]; a: Act(3) -> b: Act(5) }"
    )
    assert "class Act(nn.Sequential):" in source
    assert "forward" not in source


def test_names_of_values_in_a_group_do_not_hide_that_it_is_a_chain() -> None:
    source = emit(
        "model M(widths = [4, 6]) {\n    input x: [B, 4]\n"
        "    body: { for w in widths { wide = 2 * w; Linear(wide) -> ReLU } }\n"
        "    wide = 3\n    head: Linear(wide)\n}"
    )
    assert "class Body" not in source


def test_paragraphs_of_docs_are_refilled() -> None:
    long = "words of a doc that is so long that it cannot stand in a class as it was written here"
    source = emit(
        f'model M {{\n    """Short.\n\n    {long}\n    and on.\n    """\n    input x: [B, 4]\n'
        "    a: Linear(3)\n}"
    )
    assert "as it was\n    written here and on." in source


LAYERS = """
block Step(width, act: layer = ReLU, norm: layer = LayerNorm) { Linear(width) -> norm -> act }
model M(act: layer = Tanh) {
    input x: [B, 4]
    a: Step(8) -> b: Step(6, GELU(approximate="tanh")) -> c: Step(5, act, LayerNorm(eps=0.001))
}
"""


def test_layers_are_arguments_where_instances_are_given_different_ones() -> None:
    source = emit(LAYERS)
    assert source.count("class Step") == 1
    assert "act: Callable[..., nn.Module] = nn.ReLU" in source
    assert "nn.Linear(in_features, width), norm(width), act())" in source
    assert 'Step(8, 6, partial(nn.GELU, approximate="tanh"))' in source
    assert "Step(6, 5, nn.Tanh, partial(nn.LayerNorm, eps=0.001))" in source


def test_layers_are_written_where_all_instances_are_given_the_same() -> None:
    source = emit(LAYERS.replace('GELU(approximate="tanh")', "act").replace("(8)", "(8, act)"))
    assert "Fixed when this was generated: act = nn.Tanh." in source
    assert source.count("act") == 1
    assert "norm(width), nn.Tanh())" in source


def test_layers_in_a_list_are_carried_through_its_loop() -> None:
    source = emit(
        "block Step(width, act: layer) { Linear(width) -> act }\n"
        "model M(rows = [(8, ReLU), (6, Tanh)]) {\n    input x: [B, 4]\n"
        "    for width, act in rows { Step(width, act) }\n}"
    )
    assert "rows: Sequence[tuple[int, Callable[..., nn.Module]]]" in source
    assert "for width, act in rows:" in source


def test_layers_that_are_made_differently_make_classes() -> None:
    """A norm needs the width and an identity does not: no one call makes both."""
    source = emit(
        "block Step(width, norm: layer) { Linear(width) -> norm }\n"
        "model M { input x: [B, 4]; a: Step(8, LayerNorm) -> b: Step(6, Identity) }"
    )
    assert source.count("class Step") == 2


def test_a_layer_beside_joins_is_named_after_its_argument() -> None:
    source = emit(
        "block Step(act: layer) { input x: [B, D]; residual { fc: Linear(D) -> act } -> act }\n"
        "model M { input x: [B, 4]; a: Step(ReLU) -> b: Step(Tanh) }"
    )
    assert source.count("self.act = act()") == 1


def test_a_size_that_all_branches_give_is_known_after_them() -> None:
    source = emit(
        "block Step(width, twice) {\n"
        "    if twice { Linear(2 * width) -> Linear(width) } else { Linear(width) }\n}\n"
        "model M(widths = [5, 6]) {\n    input x: [B, 4]\n"
        "    for i, w in enumerate(widths) { Step(w, twice = i > 0) }\n    Linear(3)\n}"
    )
    assert "features = w" in source


def test_a_variant_of_many_parameters_names_what_it_sets() -> None:
    program = pipeline.load_text(
        "model M(a = 1, b = 2, c = 3, d = 4, e = 5, f = 6) {\n    input x: [B, 4]\n"
        "    Linear(a) -> Linear(b) -> Linear(c) -> Linear(d) -> Linear(e) -> Linear(f)\n}\n"
        "variant Plain = M()\nvariant Wide = M(a=8)"
    )
    models = [pipeline.build_graph(program, name) for name in ("M", "Plain", "Wide")]
    source = pipeline.emit_python(models)
    assert "class Plain(M):\n    pass\n" in source
    assert "super().__init__(a=8, **options)" in source
    for model in models:
        check_agreement(model, source)
    check_agreement(pipeline.build_graph(program, "Wide", {"d": 7}), source, d=7)


def test_outputs_that_a_loop_named() -> None:
    """`output c1` of labels `c{i}` is that value, not what flows at the end."""
    model, source = emit_text(
        "block Trunk(n) {\n    for i in 0..<n { c{i}: Linear(4 + i) }\n    output c0, c1\n}\n"
        "model M(n = 2) {\n    input x: [B, 4]\n    x -> t: Trunk(n)\n"
        "    a = t.c0 -> p: Linear(2)\n    b = t.c1 -> q: Linear(2)\n    output a, b\n}"
    )
    check_agreement(model, source)
    assert "return c[0], c[1]" in source


def test_sizes_of_what_a_loop_named_are_known_after_it() -> None:
    source = emit(
        "block Pyramid(width) {\n    input x: [B, D]\n"
        "    for i in 0..<2 { b{i} = x -> Linear(width) }\n"
        "    concat(b0, b1) -> out: Linear(3)\n}\n"
        "model M { input x: [B, 4]; p: Pyramid(5) }"
    )
    assert "nn.Linear(2 * width, 3)" in source


def test_an_inlined_block_in_a_group() -> None:
    source = emit(
        "block Norm(width) { Linear(width) -> LayerNorm }\n"
        "model M { input x: [B, 4]; body: { inline Norm(6) -> ReLU }; head: Linear(2) }"
    )
    assert "nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.ReLU())" in source


def test_lists_that_functions_give_are_written_out() -> None:
    source = emit(
        "fn widths() = [8, 6]\n"
        "block Stack(widths) { for w in widths { Linear(w) } }\n"
        "model M { input x: [B, 4]; a: Stack(widths()); Linear(2) }"
    )
    assert "Stack(4, (8, 6))" in source
    assert "def widths" not in source


def test_names_with_a_hyphen() -> None:
    source = emit(
        "model M(n = 2) {\n    input x: [B, 4]\n"
        "    for i in 0..<n { for j in 0..<n { block{i}-{j}: Linear(4) } }\n}"
    )
    assert 'f"block{i}-{j}"' in source


def test_modules_without_labels_are_called_by_their_position() -> None:
    source = emit(
        "block Norm { input x: [B, C, L]; permute(0, 2, 1) -> LayerNorm -> permute(0, 2, 1) }\n"
        "block Down(width) { inline Norm -> Conv1d(width, 2, stride=2) -> ReLU }\n"
        "model M {\n    input x: [B, 3, 8]\n    a: Down(4) -> b: { Conv1d(4, 1) -> PReLU }\n"
        "    residual { c: Conv1d(4, 1) -> Tanh }\n}"
    )
    assert "class Down(nn.Sequential):" in source
    assert "self[2](self[1](self[0](x.permute(0, 2, 1)).permute(0, 2, 1)))" in source
    assert "self.tanh = nn.Tanh()" in source  # beside labels, layers are attributes
    assert 'getattr(self, "' not in source


def test_a_residual_around_modules_without_labels() -> None:
    source = emit("model M { input x: [B, 4]; residual { Linear(4) -> PReLU }; Linear(3) }")
    assert "x = x + self[1](self[0](x))" in source
