"""Specs and models as Python objects: `load`, `loads`, `Spec`, `Model`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec import pipeline
from archspec.diagnostics import Diagnostic
from archspec.elaborate import Elaborated
from archspec.ir import Graph
from archspec.pipeline import Program
from archspec.runtime.overrides import checked_overrides
from archspec.runtime.own_layers import verify_own_layers

if TYPE_CHECKING:
    from torch import nn

    from archspec.backends.diagram.object import Diagram
    from archspec.passes.requirements import Requirements
    from archspec.passes.summary import Summary


def load(path: str | os.PathLike[str]) -> "Spec":
    """Read a spec; `ArchSpecError` if it cannot be read, or for its syntax and definitions."""
    return _spec(pipeline.load_file(Path(path)))


def loads(text: str, name: str = "<text>") -> "Spec":
    """As `load`, for a text that diagnostics call `name`; imports: from the working directory."""
    return _spec(pipeline.load_text(text, name))


def _spec(program: Program) -> "Spec":
    pipeline.refuse(program)
    return Spec(program)


class Spec:
    """A file of models. Each model is checked when it is first used."""

    def __init__(self, program: Program) -> None:
        self._program = program

    @property
    def name(self) -> str:
        """The file's name, as diagnostics show it."""
        return self._program.scope.source.name

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models and variants that can be built as they are."""
        return tuple(self._program.models)

    def __getitem__(self, name: str) -> "Model":
        """A model or variant, also one that still needs parameters; `ArchSpecError` A0114."""
        if name not in self._program.scope.models:
            pipeline.find_model(self._program, name)
        return Model(self._program, name, {}, {})

    def __contains__(self, name: object) -> bool:
        return name in self._program.scope.models

    def __iter__(self) -> Iterator[str]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def check(self) -> tuple[Diagnostic, ...]:
        """Every fault and warning of the file, as `archspec check` finds them."""
        return pipeline.check(self._program)

    def source(self) -> str:
        """The Python module that defines all models."""
        return pipeline.emit_python([self[name].elaborated for name in self.models])

    def __repr__(self) -> str:
        return f"<Spec {self.name}: {', '.join(self.models) or 'no models'}>"


class Model:
    """One model with its parameters. Whatever needs it checked raises `ArchSpecError`."""

    def __init__(
        self, program: Program, name: str, given: dict[str, Any], overrides: dict[str, Any]
    ) -> None:
        self.name = name
        self._program = program
        #: Parameters as the caller gave them, and as the compiler takes them.
        self._given = given
        self._overrides = overrides
        self._elaborated: Elaborated | None = None

    def with_(self, **params: Any) -> "Model":
        """This model with other parameters.

        Values are numbers, bools, strings, None and lists; a layer is its name or call as a string.
        """
        if not params:
            return self
        entry = self._program.scope.models[self.name]
        overrides = {**self._overrides, **checked_overrides(entry, params)}
        return Model(self._program, self.name, {**self._given, **params}, overrides)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that `with_` and `module` take."""
        return tuple(p.name for p in self._program.scope.models[self.name].block.params)

    @property
    def elaborated(self) -> Elaborated:
        """The checked model as the compiler's backends take it."""
        if self._elaborated is None:
            self._elaborated = pipeline.build_graph(self._program, self.name, self._overrides)
        return self._elaborated

    @property
    def graph(self) -> Graph:
        return self.elaborated.graph

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return self.elaborated.warnings

    def summary(self, **sizes: int) -> "Summary":
        """Layers, shapes, parameters and MACs; `sizes` gives numbers for open ones: `H=224`."""
        from archspec.passes.summary import summarize

        return summarize(self.graph, sizes, self.elaborated.frame.constants)

    def requirements(self) -> "Requirements":
        """What the inputs must satisfy, stated or inferred, and what in the model needs it."""
        return pipeline.requirements(self._program, self.name, self._overrides)

    def diagram(
        self,
        view: str = "overview",
        *,
        depth: int | None = None,
        direction: str | None = None,
        width: str | None = None,
        theme: str | os.PathLike[str] = "light",
        legend: bool = True,
        shapes: bool = False,
        shared: str = "copies",
        **sizes: int,
    ) -> "Diagram":
        """A figure of the model, with the options of `archspec diagram`.

        `view` is `overview`, `full` or `block=NAME`; `shapes` says shapes where they change, with
        `sizes` as numbers for open ones: `H=224`; `shared` is `copies` or `merge`. A notebook shows
        the figure as SVG. Raises
        `FigureError` or `ThemeError`, both `ValueError`s, for what cannot be drawn.
        """
        from archspec.backends.diagram.figure import make_scene
        from archspec.backends.diagram.object import Diagram
        from archspec.backends.diagram.options import make_options
        from archspec.backends.diagram.theme import load_theme

        options = make_options(
            view,
            depth,
            direction,
            width,
            legend=legend,
            shapes=shapes,
            sizes=sizes,
            shared=shared,
        )
        look = load_theme(os.fspath(theme))
        entry = self._program.scope.models[self.name]
        return Diagram(make_scene(self.graph, options, entry.block.body.doc or ""), look)

    def source(self) -> str:
        """The Python module that defines this model alone."""
        return pipeline.emit_python([self.elaborated])

    def module(self, **params: Any) -> "nn.Module":
        """A new `nn.Module`, compiled in memory, with freshly initialised weights.

        Own layers are compared with their declarations first; `ArchSpecError` A0116.
        """
        from archspec.runtime.generated import module_of

        model = self.with_(**params)
        verify_own_layers((model.elaborated,))
        made: nn.Module = getattr(module_of(model.source(), self.name), self.name)()
        return made

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._given.items())
        return f"<Model {self.name}({given}) of {self._program.scope.source.name}>"
