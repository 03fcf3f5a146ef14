"""From a source file to its syntax tree and every syntax error in it."""

import dataclasses
import gc
from dataclasses import dataclass
from typing import Final

from archspec.diagnostics import Diagnostic, Label
from archspec.source import SourceFile, Span
from archspec.syntax import ast
from archspec.syntax.building import Context, Rejected
from archspec.syntax.machine import Machine
from archspec.syntax.scanner import MAX_ERRORS, Scanner, TooDeep
from archspec.syntax.tables import Tables, load_tables
from archspec.syntax.tokens import END, Scan, Token

MAX_SIZE: Final = 10_000_000
RECOVERED: Final = ""  # the name of a block whose header was not understood


@dataclass(frozen=True, slots=True)
class ParseResult:
    """`file` holds what could be read; it is whole exactly when there are no diagnostics."""

    file: ast.File | None
    diagnostics: tuple[Diagnostic, ...]


def parse(source: SourceFile) -> ParseResult:
    """Read `source`; never raises for what is in it."""
    if len(source.text) > MAX_SIZE:
        span = Span(source, 0, 0)
        limit = Diagnostic(
            "A0203",
            "error",
            f"the file is larger than {MAX_SIZE // 1_000_000} MB",
            (Label(span, primary=True),),
            help=("move a part of it into a file of its own and `use` it",),
        )
        return ParseResult(None, (limit,))
    enabled = gc.isenabled()
    gc.disable()  # nothing is garbage yet, and looking for it takes longer than the parsing
    try:
        tables = load_tables()
        scanner = Scanner(source, tables.words, tables.signs)
        try:
            scan = scanner.scan()
        except TooDeep:
            return ParseResult(None, _in_order(list(scanner.diagnostics.values())))
        return _Parser(tables, source, scan).run()
    finally:
        if enabled:
            gc.enable()


def _in_order(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    def start(diagnostic: Diagnostic) -> int:
        return diagnostic.labels[0].span.start

    return tuple(sorted(diagnostics, key=start)[:MAX_ERRORS])


class _Parser:
    """One file on its way through a `Machine`, with recovery at the ends of statements."""

    def __init__(self, tables: Tables, source: SourceFile, scan: Scan) -> None:
        self.source = source
        self.scan = scan
        self.tokens = scan.tokens
        self.machine = Machine(tables, Context(source))
        self.diagnostics = list(scan.diagnostics)
        self.faulty_lines = {
            label.span.position.line for found in scan.diagnostics for label in found.labels[:1]
        }
        self.quiet: set[int] = set()  # tokens after a body whose header was not understood

    def run(self) -> ParseResult:
        machine, tokens = self.machine, self.tokens
        position = 0
        failed_at = -1
        while True:
            try:
                position = machine.feed(tokens, position)
            except Rejected as rejected:
                self._reject(rejected)
                position = self._recover(machine.position)
            else:
                if position == len(tokens):
                    break
                token = tokens[position]
                if machine.take_as_name(token):
                    continue
                if position == failed_at and token.type != END:
                    position += 1  # whatever stands here, each fault costs a token
                    continue
                if position == failed_at:
                    return ParseResult(None, _in_order(self.diagnostics))
                failed_at = position
                self._fail(token, tokens[position - 1] if position else None)
                position = self._recover(position)
            if len(self.diagnostics) > MAX_ERRORS:
                return ParseResult(None, _in_order(self.diagnostics))
        file: ast.File = machine.values[-1]
        definitions = tuple(
            definition
            for definition in file.definitions
            if not (isinstance(definition, ast.Block) and definition.name.id == RECOVERED)
        )
        file = dataclasses.replace(file, definitions=definitions, comments=self.scan.comments)
        return ParseResult(file, _in_order(self.diagnostics))

    def _reject(self, rejected: Rejected) -> None:
        self.diagnostics.append(
            Diagnostic(
                rejected.code,
                "error",
                rejected.message,
                (Label(rejected.span, primary=True),),
                help=(rejected.help,) if rejected.help else (),
            )
        )

    def _fail(self, token: Token, before: Token | None) -> None:
        from archspec.syntax.errors import describe, ends_line  # only a file with errors pays

        supplied = token.type != END and token.start == token.end
        at_line_end = before is not None and ends_line(self.source, token, before)
        at = before.end if before is not None and at_line_end else token.start
        line = self.source.position(at).line
        if supplied or token.start in self.quiet or line in self.faulty_lines:
            return
        self.diagnostics.append(describe(self.source, self.machine, token, before))

    def _recover(self, position: int) -> int:
        """Make the machine ready for the next statement, and say at which token that begins."""
        machine, tokens = self.machine, self.tokens
        machine.end_statement(tokens[position].start)
        inside = machine.unwind()
        depth = 0
        while True:
            type_ = tokens[position].type
            if type_ == END or (type_ == "NEWLINE" and depth == 0):
                break
            if type_ == "RBRACE":
                if depth == 0:
                    break
                depth -= 1
            elif type_ == "LBRACE":
                self._quieten_after(position)
                self._enter_body(inside, tokens[position])
                return position
            position += 1
        if type_ == "NEWLINE" and not machine.accepts("NEWLINE"):
            position += 1
        return position

    def _quieten_after(self, brace: int) -> None:
        """What follows the body that opens at `brace` belongs to a header already reported."""
        depth = 0
        for index in range(brace, len(self.tokens)):
            type_ = self.tokens[index].type
            depth += (type_ == "LBRACE") - (type_ == "RBRACE")
            if depth == 0:
                self.quiet.add(self.tokens[index + 1].start)
                return

    def _enter_body(self, inside: bool, brace: Token) -> None:
        """Read the body at `brace` as one that stands alone, so that its errors are found too."""
        machine, at = self.machine, brace.start
        supplied = (
            []
            if machine.accepts("LBRACE") or machine.accepts("BLOCK")
            else [Token("NEWLINE", "\n", at, at)]
        )
        if not inside:
            supplied += [Token("BLOCK", "block", at, at), Token("NAME", RECOVERED, at, at)]
        machine.feed(supplied, 0)
