"""What a diagnostic is: data, without any wording of how it is shown (see `render`)."""

from dataclasses import dataclass
from typing import Literal

from archspec.source import Span

Severity = Literal["error", "warning"]
FixLevel = Literal["safe", "maybe", "placeholder"]


@dataclass(frozen=True, slots=True)
class Label:
    """A marked place: `primary` where the fault is, else where a part of the cause is."""

    span: Span
    message: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of `span`; an empty span inserts."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the source that mends the fault; `title` says it where the edits don't.

    `safe` keeps what the author meant, `maybe` changes the model, `placeholder` needs a decision
    that only the author can take. What a diagnostic is raised with are candidates: those that are
    shown were tried (see `repair`).
    """

    level: FixLevel
    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: a headline complete alone, its places, reasons (`notes`), remedies (`help`)."""

    code: str
    severity: Severity
    message: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()

    @property
    def primary(self) -> Label | None:
        return next((label for label in self.labels if label.primary), None)

    @property
    def place(self) -> Label | None:
        """The primary label, or the first where none is primary."""
        return self.primary or next(iter(self.labels), None)


class ArchSpecError(Exception):
    """A spec is wrong; `diagnostics` says where and why, `str()` prints them as a command does."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        from archspec.diagnostics.render.text import render_text

        return "\n" + render_text(self.diagnostics)
