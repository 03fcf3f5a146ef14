"""The state of one elaboration: the graph under construction, diagnostics, limits, caches."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn

from archspec.diagnostics import Diagnostic, Fix
from archspec.diagnostics import Label as Mark
from archspec.dims import (
    PROVEN,
    Dim,
    Domains,
    Kind,
    Proven,
    Refuted,
    Unknown,
    effort,
    satisfying_lower,
    verdict_of,
)
from archspec.elaborate.values import Application, Argument, Cursor, Frame, Label, Pass, Tensor
from archspec.ir import Graph, Need, Requirement, Value
from archspec.layers.base import Obligation
from archspec.source import Span
from archspec.syntax import ast

Verdict = Proven | Refuted | Unknown

#: What a question may take, in steps, that is asked to try a fix.
MAX_EFFORT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one model may cost the compiler; a spec that needs more is refused with A0203."""

    steps: int = 250_000
    depth: int = 64
    nodes: int = 200_000
    items: int = 100_000
    bits: int = 256


@dataclass(slots=True)
class Trace:
    """What elaborations tell beside their diagnostics.

    `left` is the number of steps that they may still take together. `statements` has the spans of
    those that were run, and whether each went through every time: where one failed, or depends on
    one that did, something may still be wrong that was not looked at. Elaboration stops with the
    first fault that is `fatal`.
    """

    left: int = sys.maxsize
    statements: dict[Span, bool] = field(default_factory=dict)
    fatal: Callable[[Diagnostic], bool] | None = None

    def within(self, limits: Limits) -> Limits:
        """`limits`, but no more steps than are left."""
        return replace(limits, steps=max(0, min(limits.steps, self.left)))


class SpecError(Exception):
    """A statement is wrong; carries its diagnostic to the statement's end."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class LimitError(SpecError):
    """A limit is reached: elaboration of the model stops."""


class SilentError(Exception):
    """The statement depends on one that failed; its own failure is not worth a word."""


def fail(
    code: str,
    message: str,
    span: Span,
    text: str = "",
    *,
    labels: tuple[Mark, ...] = (),
    notes: tuple[str, ...] = (),
    help: tuple[str, ...] = (),
    fixes: tuple[Fix, ...] = (),
) -> NoReturn:
    """Raise the `SpecError` of a fault at `span`."""
    primary = Mark(span, text, primary=True)
    raise SpecError(Diagnostic(code, "error", message, (primary, *labels), notes, help, fixes))


@dataclass(frozen=True, slots=True)
class Misfit:
    """`fact` fails for some sizes. `headline`, if any, is what a condition on them completes.

    `subject` tells the joins and layers apart that fail: its name, if it has one, and its pass.
    """

    diagnostic: int
    fact: Obligation
    headline: str | None
    subject: "Subject"


#: What failed: a name to call it by, its place, and the pass, which tells rounds and calls apart.
Subject = tuple[str, Span, int]


@dataclass(slots=True, eq=False)
class Fault:
    """Sizes that are known and differ, reported once for all joins to which they come.

    `places` are where the sizes were given; faults of the same sizes that share one of them have
    that in common, so that only the first is reported.
    """

    diagnostic: int
    sizes: frozenset[int]
    places: frozenset[Span]


@dataclass(slots=True, eq=False)
class Context:
    """Everything that the rooms of elaboration share; `frame` and `pass_` are where we stand."""

    graph: Graph
    limits: Limits
    frame: Frame
    pass_: Pass
    cursor: Cursor
    diagnostics: list[Diagnostic] = field(default_factory=list)
    #: Labels by the identity of their module.
    labels: dict[int, Label] = field(default_factory=dict)
    #: Ties and initialisers, resolved when all modules exist.
    deferred: list[tuple[Pass, ast.Tie | ast.Init]] = field(default_factory=list)
    #: Values that blocks give out: alive though the caller may not use them.
    given_out: list[Tensor] = field(default_factory=list)
    #: Symbols whose lower bound the author states.
    bounded: set[str] = field(default_factory=set)
    #: The blocks called, by identity.
    blocks: dict[int, ast.Block] = field(default_factory=dict)
    #: The statements of the model's inputs and the arguments of its nodes, by node.
    inputs: dict[int, ast.Input] = field(default_factory=dict)
    given: dict[int, dict[str, Argument]] = field(default_factory=dict)
    #: The block in which a node stands, by node.
    frames: dict[int, Frame] = field(default_factory=dict)
    #: The shared modules being applied, innermost last.
    applying: list[Application] = field(default_factory=list)
    #: The calls of the deepest block so far.
    deepest: tuple[Span, ...] = ()
    steps: int = 0
    depth: int = 0
    #: The statements that were run, and those that failed or depend on one that did, by identity.
    run: dict[int, ast.Statement] = field(default_factory=dict)
    failing: set[int] = field(default_factory=set)
    fatal: Callable[[Diagnostic], bool] | None = None
    #: Results of parameter validation and of shape rules, by call: repeated blocks cost little.
    validated: dict[Any, Any] = field(default_factory=dict)
    ruled: dict[Any, Any] = field(default_factory=dict)
    #: Verdicts by obligation: those that smaller domains can change, and those that stay.
    verdicts: dict[tuple[str, Dim, Dim], Refuted | Unknown] = field(default_factory=dict)
    proven: set[tuple[str, Dim, Dim]] = field(default_factory=set)
    #: The smallest and largest element of integer values, where they are known, and who gave them.
    elements: dict[Value, tuple[Dim, Dim, Span]] = field(default_factory=dict)
    #: Which axes of its inputs the axes of a call follow, asked for where something is wrong.
    followed: dict[Any, Any] = field(default_factory=dict)
    #: Facts that fail for some sizes, with the number of the diagnostic that says so.
    misfits: list[Misfit] = field(default_factory=list)
    #: Known sizes that differ; and by the number of a diagnostic, what fails as its subject does.
    faults: list[Fault] = field(default_factory=list)
    repeats: dict[int, dict[Subject, None]] = field(default_factory=dict)
    _seen: dict[tuple[str, Span], int] = field(default_factory=dict)

    @property
    def domains(self) -> Domains:
        return self.graph.domains

    @property
    def failed(self) -> bool:
        """Whether an error is reported already."""
        return any(d.severity == "error" for d in self.diagnostics)

    def tick(self, span: Span) -> None:
        """Count one step of compile-time work."""
        self.steps += 1
        if self.steps > self.limits.steps:
            self.limit(f"the model needs more than {self.limits.steps:,} steps to unroll", span)

    def limit(self, message: str, span: Span) -> NoReturn:
        raise LimitError(
            Diagnostic(
                "A0203",
                "error",
                message,
                (Mark(span, "", primary=True),),
                help=("check the loop bounds and list lengths that lead here",),
            )
        )

    def report(self, diagnostic: Diagnostic) -> int:
        """Add a diagnostic, and give its number; one code at one place is reported once."""
        primary = diagnostic.primary
        if primary is not None:
            key = (diagnostic.code, primary.span)
            if key in self._seen:
                return self._seen[key]
            self._seen[key] = len(self.diagnostics)
            call = self.frame.calls[-1] if self.frame.calls else primary.span
            if not any(label.span.within(call) for label in diagnostic.labels):
                where = Mark(call, f"in this call of `{self.frame.block.name.id}`")
                diagnostic = replace(diagnostic, labels=(*diagnostic.labels, where))
        if self.fatal is not None and self.fatal(diagnostic):
            raise LimitError(diagnostic)
        self.diagnostics.append(diagnostic)
        return len(self.diagnostics) - 1

    def report_once(self, diagnostic: Diagnostic, sizes: tuple[Dim, Dim], subject: Subject) -> int:
        """As `report`; of known sizes that differ for a reason given before, only the count."""
        known = frozenset(size.const for size in sizes if size.const is not None)
        places = frozenset(label.span for label in diagnostic.labels if not label.primary)
        number = None
        if len(known) == 2:
            for fault in self.faults:
                if fault.sizes == known and fault.places & places:
                    number = fault.diagnostic
        if number is None:
            number = self.report(diagnostic)
            if len(known) == 2:
                self.faults.append(Fault(number, known, places))
        self.repeats.setdefault(number, {})[subject] = None
        return number

    def need(self, fact: Obligation, by: str, span: Span) -> None:
        """Record that the model rests on a fact about open sizes."""
        need = Need(fact.kind, fact.left, fact.right, by, fact.message, span)
        self.graph.needs.setdefault(need)

    def decide(self, kind: Kind, left: Dim, right: Dim) -> Verdict:
        """The verdict on an obligation, for all sizes that the inputs allow."""
        key = (kind, left, right)
        if key in self.proven:
            return PROVEN
        known = self.verdicts.get(key)
        if known is not None:
            return known
        if self.fatal is not None:
            self._spend(left, right)
        verdict = verdict_of(kind, left, right, self.domains)
        if isinstance(verdict, Proven):
            self.proven.add(key)
        else:
            self.verdicts[key] = verdict
        return verdict

    def _spend(self, left: Dim, right: Dim) -> None:
        """Count what a question of a trial takes; one that takes long ends it."""
        work = effort(left, right)
        self.steps += work
        if work > MAX_EFFORT:
            raise LimitError(Diagnostic("A0405", "error", "it would take long to decide"))

    def differ(self, a: Dim, b: Dim) -> bool:
        """Whether two sizes are seen to differ for some large inputs: quick, and often enough.

        The verdict of `decide` comes with the smallest counterexample, which can take long to find.
        """
        names = sorted(a.symbols() | b.symbols())
        for bits in (8, 16, 32, 64, 128):
            far = self.domains
            for name in names:
                far = far.with_lower(name, 1 << bits)
            rows = [far.values(name, 2) for name in names]
            for row in zip(*rows, strict=False):
                point = dict(zip(names, row, strict=True))
                if a.evaluate(point) != b.evaluate(point):
                    return True
        return False

    def judge(self, obligation: Obligation, span: Span) -> Verdict:
        """As `decide`; a lower bound that no `where` speaks of becomes a requirement of the model.

        An image that a pooling would shrink to nothing is no mistake of the architecture, so
        `input image: float[B, 3, H, W]` alone asks for no `where H >= 29`: the bound is inferred,
        recorded, and checked by the emitted module.
        """
        verdict = self.decide(obligation.kind, obligation.left, obligation.right)
        if obligation.kind != "at_least" or not isinstance(verdict, Refuted):
            return verdict
        for name in sorted(verdict.counterexample):
            if name in self.bounded or self._fails_far_out(obligation, name):
                continue
            lower = satisfying_lower((obligation,), name, self.domains)
            if lower is None:
                continue
            domains = self.domains.with_lower(name, lower)
            if domains.contradiction is not None:
                continue
            self.graph.domains = domains
            self.graph.requirements[name] = Requirement(name, lower, obligation.message, span)
            self.verdicts.clear()
            verdict = self.decide(obligation.kind, obligation.left, obligation.right)
            if isinstance(verdict, Proven):
                break
        return verdict

    def _fails_far_out(self, obligation: Obligation, name: str) -> bool:
        """Whether it fails for large values of `name`, so that no lower bound can help.

        The other sizes are as small as they may be, then larger than `name` is.
        """
        left, right = obligation.left, obligation.right
        names = left.symbols() | right.symbols()
        far = self.domains
        for other in names - {name}:
            larger = far.with_lower(other, 1 << 40)
            far = far if larger[other].empty else larger
        values = self.domains.with_lower(name, 1 << 20).values(name, 8)
        for point in (self.domains.smallest(names), far.smallest(names)):
            for value in values:
                point[name] = value
                bound = right.evaluate(point) if right.const is None else right.const
                if left.evaluate(point) < bound:
                    return True
        return False
