"""`archspec check --fix`: fixes written to files or shown as a diff, and how many there are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.cli.output import count, echo, print_diff
from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.diagnostics.model import FixLevel

if TYPE_CHECKING:
    from archspec.pipeline import Program

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Fixed:
    """What --fix or --diff did: the files it `changed`, and the diagnostics that `remain`."""

    gone: Counter[str]
    remain: tuple[Diagnostic, ...]
    changed: tuple[Path, ...]
    diff: bool

    def summary(self, others: Iterable[Diagnostic]) -> str:
        """`fixed 2 errors, 1 error remains`; `others` are those of files that were not read."""
        left = [*others, *self.remain]
        if not self.gone:
            return totals(left)
        gone = totals(self.gone, " and ")
        text = f"{'would fix' if self.diff else 'fixed'} {gone}"
        if not left:
            return text
        remain = "would remain" if self.diff else "remains" if len(left) == 1 else "remain"
        return f"{text}, {totals(left)} {remain}"


def apply_fixes(programs: Mapping[Path, "Program"], *, diff: bool, unsafe: bool) -> Fixed:
    """Mend the programs of files, and write what changed: files, standard input to the output.

    With `diff`, print what would change instead. Files that are only imported stay as they are.
    """
    from archspec import pipeline
    from archspec.cli.files import STDIN

    named = {program.scope.source.key: file for file, program in programs.items()}
    levels: tuple[FixLevel, ...] = ("safe", "maybe") if unsafe else ("safe",)
    mended = pipeline.mend([*programs.values()], levels, named.__contains__)
    remain, texts = mended.remain, dict(mended.texts)
    faults: list[Diagnostic] = []
    for file, program in programs.items():
        source = program.scope.source
        text = texts.get(source.key, source.text)
        if diff:
            print_diff(source.name, source.text, text, "fixed")
        elif file == STDIN:
            echo(text, end="")
        elif source.key in texts:
            try:
                _write(file, text)
            except ArchSpecError as error:
                faults.extend(error.diagnostics)
                del texts[source.key]
    gone = _severities(mended.before) - _severities(remain) | _severities(mended.mended)
    if faults:  # what could not be written is as it was
        written = [program.changed(texts) for program in programs.values()]
        remain = pipeline.check_all(written)
        gone = _severities(mended.before) - _severities(remain)
        remain = (*faults, *remain)
    changed = tuple(named[key] for key in texts)
    return Fixed(gone, remain, changed, diff)


def _write(file: Path, text: str) -> None:
    """As the file was: a byte-order mark stays."""
    from archspec.files import write_atomically

    with file.open("rb") as before:
        marked = before.read(len(_BOM)) == _BOM
    write_atomically(file, "\ufeff" + text if marked else text, "make it writable")


def _severities(diagnostics: Iterable[Diagnostic]) -> Counter[str]:
    return Counter(d.severity for d in diagnostics)


def totals(diagnostics: Iterable[Diagnostic] | Counter[str], join: str = ", ") -> str:
    """`2 errors, 1 warning`."""
    numbers = diagnostics if isinstance(diagnostics, Counter) else _severities(diagnostics)
    parts = [count(numbers[kind], kind) for kind in ("error", "warning") if numbers[kind]]
    return join.join(parts) or "no errors"


def fixes_for(
    diagnostics: Iterable[Diagnostic],
    programs: Mapping[Path, "Program"],
    *,
    applied: FixLevel | None,
) -> Iterator[str]:
    """Lines that say how many diagnostics --fix could mend, once fixes of `applied` are done."""
    named = {program.scope.source.key for program in programs.values()}
    counted: dict[FixLevel, set[object]] = {"safe": set(), "maybe": set()}
    elsewhere: dict[str, None] = {}
    for diagnostic in diagnostics:
        fix = next((fix for fix in diagnostic.fixes if fix.level != "placeholder"), None)
        if fix is None:
            continue
        others = [e.span.source for e in fix.edits if e.span.source.key not in named]
        elsewhere |= dict.fromkeys(source.name for source in others)
        if not others:
            counted[fix.level].add(tuple((e.span.source.key, e.span.start) for e in fix.edits))
    safe, maybe = len(counted["safe"]), len(counted["maybe"])
    fixes = f"{safe or maybe} {'fix' if (safe or maybe) == 1 else 'fixes'} available with"
    if applied is None and safe:
        more = f", {maybe} more with --fix --unsafe-fixes" if maybe else ""
        yield f"{fixes} --fix{more}"
    elif applied != "maybe" and maybe:
        yield f"{fixes} --fix --unsafe-fixes"
    if elsewhere:
        yield f"to mend imported files as well, name them: {', '.join(elsewhere)}"
