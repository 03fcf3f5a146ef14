"""`load`, `loads`, `Spec` and `Model`: what a notebook does."""

import copy
import inspect
import pickle
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
import torch

import archspec
from archspec import ArchSpecError

TEXT = """
model Base(width, act: layer = ReLU, names = [], rate = 0.5, label = "x", flag = true) {
    input x: [B, 4]
    for i in 0..<(len(names) + 1) { h{i}: Linear(width) -> act -> Dropout(rate) }
    if flag { extra: Linear(2 if label == "x" else 3) }
}
variant Small = Base(width=3)
variant Large = Base(width=30)
"""


@pytest.fixture
def spec() -> archspec.Spec:
    return archspec.loads(TEXT)


def weights(module: torch.nn.Module) -> dict[str, list[int]]:
    return {name: list(weight.shape) for name, weight in module.state_dict().items()}


def test_models_are_those_that_build_as_they_are(spec: archspec.Spec) -> None:
    assert spec.models == ("Small", "Large")
    assert list(spec) == ["Small", "Large"]
    assert len(spec) == 2
    assert "Small" in spec
    assert "Base" in spec
    assert "Other" not in spec


def test_load_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(TEXT, encoding="utf-8")
    assert archspec.load(path).models == archspec.load(str(path)).models == ("Small", "Large")


def test_a_module_runs(spec: archspec.Spec) -> None:
    module = spec["Small"].module()
    assert isinstance(module, torch.nn.Module)
    assert module(torch.zeros(5, 4)).shape == (5, 2)
    assert weights(module)["h0.weight"] == [3, 4]


def test_parameters_recompile(spec: archspec.Spec) -> None:
    module = spec["Small"].module(width=7, names=["a", "b"], rate=0.0, label="y")
    shapes = weights(module)
    assert shapes["h0.weight"] == [7, 4]
    assert shapes["h2.weight"] == [7, 7]
    assert shapes["extra.weight"] == [3, 7]


def test_a_model_without_defaults_takes_them_from_python(spec: archspec.Spec) -> None:
    assert weights(spec["Base"].module(width=5))["h0.weight"] == [5, 4]


def test_with_gives_another_model(spec: archspec.Spec) -> None:
    small = spec["Small"]
    wide = small.with_(width=8).with_(flag=False)
    assert wide.summary().parameters == 4 * 8 + 8
    assert small.summary().parameters == 4 * 3 + 3 + 3 * 2 + 2
    assert small.with_() is small


def test_a_layer_is_given_as_text(spec: archspec.Spec) -> None:
    model = spec["Small"].with_(act="LeakyReLU(0.3)")
    assert "nn.LeakyReLU(0.3)" in model.source()
    assert "nn.ReLU()" not in model.source()


def test_integers_of_other_libraries_are_integers(spec: archspec.Spec) -> None:
    numpy = pytest.importorskip("numpy")
    model = spec["Small"].with_(width=numpy.int64(6), rate=numpy.float32(0.25))
    assert weights(model.module())["h0.weight"] == [6, 4]


def test_the_same_parameters_give_the_same_class(spec: archspec.Spec) -> None:
    first, second = spec["Small"].module(), spec["Small"].module()
    assert type(first) is type(second)
    assert type(first) is not type(spec["Small"].module(width=4))
    assert not torch.equal(first.state_dict()["h0.weight"], second.state_dict()["h0.weight"])


def test_source_is_a_module_of_that_model(spec: archspec.Spec) -> None:
    namespace: dict[str, Any] = {}
    exec(compile(spec["Large"].source(), "large", "exec"), namespace)
    assert "Large" in namespace
    assert "Small" not in namespace
    exec(compile(spec.source(), "all", "exec"), namespace)
    assert "Small" in namespace


def test_graph_and_summary(spec: archspec.Spec) -> None:
    model = spec["Small"]
    assert [node.name for node in model.graph.nodes][:3] == ["x", "Linear", "ReLU"]
    assert model.graph is model.graph
    assert model.graph.networkx.number_of_nodes() == len(model.graph.nodes)
    summary = model.summary(B=2)
    assert summary.sizes == {"B": 2}
    assert str(summary).startswith("Small: x [2, 4]")
    assert "<table>" in summary._repr_html_()


def test_objects_say_what_they_are(spec: archspec.Spec) -> None:
    assert repr(spec) == "<Spec <text>: Small, Large>"
    assert repr(spec["Small"].with_(width=2)) == "<Model Small(width=2) of <text>>"
    assert spec["Small"].parameters == ("width", "act", "names", "rate", "label", "flag")


def test_warnings_are_kept() -> None:
    text = "model Net(unused = 1) {\n    input x: [B, 4]\n    Linear(2)\n}\n"
    spec = archspec.loads(text)
    assert [w.code for w in spec["Net"].warnings] == ["W0101"]
    assert [w.code for w in spec.check()] == ["W0101"]


# --- faults ------------------------------------------------------------------------------------


def fault(function: Any) -> archspec.Diagnostic:
    with pytest.raises(ArchSpecError) as caught:
        function()
    found: archspec.Diagnostic = caught.value.diagnostics[0]
    assert found.message in str(caught.value)
    return found


def test_a_missing_file(tmp_path: Path) -> None:
    assert fault(lambda: archspec.load(tmp_path / "none.arch")).code == "A0801"


def test_syntax_errors_come_at_once() -> None:
    found = fault(lambda: archspec.loads("model Net {\n    input x [B]\n}\n", "net.arch"))
    assert found.code == "A0001"
    assert found.place is not None
    assert str(found.place.span).startswith("net.arch:2:")


def test_a_faulty_model_leaves_the_others_usable() -> None:
    spec = archspec.loads(
        "model Good {\n    input x: [B, 4]\n    Linear(2)\n}\n"
        "model Bad {\n    input x: [B, 4]\n    Linaer(2)\n}\n"
    )
    assert spec["Good"].summary().parameters == 10
    bad = spec["Bad"]
    assert fault(bad.module).code == "A0102"
    assert fault(lambda: bad.graph).code == "A0102"


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"widht": 3}, "A0115", "no parameter `widht`"),
        ({"width": {}}, "A0106", "cannot be a Python `dict`"),
        ({"names": [object()]}, "A0106", "cannot be a Python `object`"),
        ({"width": 0}, "A0106", "greater than 0"),
        ({"width": "a"}, "A0106", 'not the string "a"'),
        ({"act": "LeakyRelu"}, "A0102", "unknown layer `LeakyRelu`"),
        ({"act": "ReLU("}, "A0002", "never closed"),
        ({"act": 3}, "A0106", "takes a layer or block, not the number 3"),
    ],
)
def test_parameters_at_fault(
    spec: archspec.Spec, params: dict[str, Any], code: str, words: str
) -> None:
    found = fault(lambda: spec["Small"].module(**params))
    assert found.code == code
    assert words in found.message


def test_unknown_models_and_sizes(spec: archspec.Spec) -> None:
    found = fault(lambda: spec["Smal"])
    assert found.code == "A0114"
    assert found.help == ("did you mean `Small`?",)
    assert fault(lambda: spec["Base"].graph).code == "A0104"
    assert fault(lambda: spec["Small"].summary(Q=1)).code == "A0115"


def test_a_text_for_a_layer_is_one_expression(spec: archspec.Spec) -> None:
    found = fault(lambda: spec["Small"].with_(act="ReLU\nmodel Other { input x: [B] }"))
    assert found.code == "A0001"


# --- modules in memory -------------------------------------------------------------------------


def test_modules_copy_and_pickle(spec: archspec.Spec) -> None:
    module = spec["Small"].module().eval()
    x = torch.ones(2, 4)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(twin) is type(module)
        assert torch.equal(twin(x), module(x))


def test_the_emitted_source_is_at_hand(spec: archspec.Spec) -> None:
    model = spec["Small"]
    kind = type(model.module())
    assert inspect.getsource(kind) in model.source()
    assert inspect.getsource(kind).startswith("class Small(")


def test_tracebacks_show_emitted_lines() -> None:
    text = "model Net {\n    input x: [B, 4]\n    residual { fc: Linear(4) }\n}\n"
    module = archspec.loads(text)["Net"].module()
    with pytest.raises(RuntimeError) as caught:
        module(torch.zeros(2, 9))
    lines = "".join(traceback.format_exception(caught.value))
    assert "archspec_Net" in lines
    assert "self.fc(x)" in lines


def test_a_module_that_cannot_be_run_leaves_nothing_behind() -> None:
    from archspec.runtime.generated import module_of

    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        module_of("1 / 0", "Broken")
    assert set(sys.modules) == before


# --- imports -----------------------------------------------------------------------------------

HEAVY = ("torch", "networkx", "pydantic", "lark", "click", "rich", "numpy")


def loaded_after(code: str) -> set[str]:
    """Which of the heavy packages a fresh interpreter has loaded after `code`."""
    script = f"{code}\nimport sys; print(*(set(sys.modules) & set({HEAVY})))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_archspec_imports_nothing_else() -> None:
    assert loaded_after("import archspec; archspec.__version__; dir(archspec)") == set()


def test_what_needs_no_torch_does_not_import_it() -> None:
    code = (
        "import archspec\n"
        "spec = archspec.loads('model Net {\\n    input x: [B, 4]\\n    Linear(2)\\n}\\n')\n"
        "model = spec['Net']\n"
        "spec.check(); model.source(); str(model.summary()); archspec.install_import_hook()"
    )
    assert "torch" not in loaded_after(code)
    assert "torch" in loaded_after(f"{code}\nmodel.module()")


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        archspec.laod  # noqa: B018
    assert set(archspec.__all__) <= set(dir(archspec))
    for name in archspec.__all__:
        assert getattr(archspec, name) is not None
