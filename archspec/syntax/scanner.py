"""From text to tokens, with every bracket balanced.

The scanner does what a grammar cannot say well: which newlines end a statement, which words are
words of the language where they stand, and which bracket is the one that was never closed. Where a
bracket is missing it is reported at its opening one and supplied, so that the parser goes on as if
it were there and every further fault of the file is still found.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from archspec.diagnostics import Diagnostic, Fix, Label
from archspec.source import SourceFile, Span
from archspec.syntax import ast
from archspec.syntax.characters import bad_character, single_quotes
from archspec.syntax.tokens import END, Scan, Token

MAX_NESTING: Final = 100
MAX_ERRORS: Final = 50

_TOKEN: Final = re.compile(
    r"""[ \t\r\f]*(?:
      (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>\.\.\.|\.\.<|\.\.|->|//|\*\*|==|!=|<=|>=|[-+*/%@<>=.,:()\[\]{}])
    | (?P<number>[0-9](?:_?[0-9])*
        (?P<fraction>\.[0-9](?:_?[0-9])*(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)?)
    | (?P<newline>\n|;)
    | (?P<comment>\#[^\n]*)
    | (?P<string>\"\"\"(?:[^\\]|\\.)*?\"\"\"|(?!\"\"\")\"(?:[^"\\\n]|\\[^\n])*")
    | (?P<quoted>'(?:[^'\\\n]|\\[^\n])*')
    | (?P<quote>"(?:"")?)
    | (?P<end>\Z)
    | (?P<bad>[^\x00-\x7f]+|&&|\|\||[\x00-\x08\x0b\x0e-\x1f\x7f]+|.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_SELECTOR: Final = re.compile(r"[ \t]*([A-Za-z0-9_.*]+)")
_TEMPLATE: Final = re.compile(r"\{[^\s{}][^{}\n]*\}")
# A hyphen stands between two braces only: `block{i}-{j}` is a name, `enc{i}-x` a difference.
_TEMPLATE_TEXT: Final = re.compile(r"\}[A-Za-z0-9_]*(?:-?(\{[^\s{}][^{}\n]*\}))?")
# The file behind `from`, with braces in its name, and what follows each of them.
_FILE_TEMPLATE: Final = re.compile(r'"(?:[^"\\{}]|\\.)*(?:\{[^"{}]*\}(?:[^"\\{}]|\\.)*)+"\Z')
_FILE_TEXT: Final = re.compile(r'\}(?:[^"\\{}]|\\.)*(?:(\{)|")')
_NAME_FOLLOWS: Final = re.compile(r"[ \t]+[A-Za-z_]")
# After these no word begins a construct: `input: ReLU`, `by = 8`, `x -> dense -> y`.
_NAME_LIKE: Final = re.compile(r"[ \t]*(?:[:=.,)\]]|->)")

_OPERATORS: Final = frozenset(
    ["==", "!=", "<=", ">=", "<", ">", "..", "..<", "/", "//", "%", "**", "*", "@"]
)
_RESERVED: Final = frozenset(
    ["true", "false", "none", "and", "or", "not", "in", "if", "else", "for"]
)
_DEFINITION_WORDS: Final = frozenset(["use", "fn", "block", "model", "variant", "extern", "keys"])
_TOP_WORDS: Final = _DEFINITION_WORDS | {"from", "layer"}
_BEFORE_BRACE: Final = frozenset(["residual", "dense", "align", "else"])
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}", "template": "}", "file": "}"}


class TooDeep(Exception):
    """The file nests deeper than any tool that reads it could follow."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An opening bracket: `sign` is `(`, `[`, `{`, `template` or `file`; `token` is its index."""

    sign: str
    start: int
    token: int


class Scanner:
    """One pass over one file; `scan` is its only entry."""

    def __init__(
        self, source: SourceFile, words: Mapping[str, str], signs: Mapping[str, str]
    ) -> None:
        self.source = source
        self.text = source.text
        self.words = {**words, "and": "OPERATOR", "or": "OPERATOR"}
        self.signs = {
            **signs,
            **dict.fromkeys(_OPERATORS, "OPERATOR"),
            **dict.fromkeys("+-", "SIGN"),
        }
        self.tokens: list[Token] = []
        self.comments: list[ast.Comment] = []
        self.diagnostics: dict[tuple[int, str], Diagnostic] = {}
        self.stack: list[_Open] = []
        self.suspects: list[_Open] = []  # braces closed by a `}` that stands too far left
        self.separator: Token | None = None

    def scan(self) -> Scan:
        """All tokens, comments and diagnostics; raises `TooDeep` with its diagnostic last."""
        match_token = _TOKEN.match
        text = self.text
        position = 1 if text.startswith("\ufeff") else 0
        while True:
            match = match_token(text, position)
            assert match is not None
            kind = match.lastgroup
            position = match.end()
            if kind == "word":
                position = self._word(match.start(kind), position)
            elif kind == "sign":
                position = self._sign(match[kind], match.start(kind), position)
            elif kind == "number":
                self._number(match.start(kind), position, match["fraction"] is not None)
            elif kind == "newline":
                start = position - 1
                if text[start] == ";" or not self.stack or self.stack[-1].sign == "{":
                    separator = self.separator
                    if separator is None or separator.text == "\n":
                        self.separator = Token("NEWLINE", text[start], start, position)
            elif kind == "comment":
                self._comment(match.start(kind), position)
            elif kind == "string":
                position = self._string(match.start(kind), position)
            elif kind == "end":
                resumed = self._close_at_end(position)
                if resumed is None:
                    break
                position = resumed
            else:
                position = self._fault(kind, match.start(kind or 0), position)
            if len(self.diagnostics) > MAX_ERRORS:
                self.separator = None
                break
        self.tokens.append(Token(END, "", len(text), len(text)))
        return Scan(self.tokens, tuple(self.comments), tuple(self.diagnostics.values()))

    # --- tokens --------------------------------------------------------------------------------

    def _add(self, type_: str, start: int, end: int) -> None:
        token = Token(type_, self.text[start:end], start, end)
        if self.separator is not None:
            self._separate(token)
        self.tokens.append(token)

    def _separate(self, token: Token) -> None:
        """Put the newline before `token`, if it ends a statement."""
        separator, self.separator = self.separator, None
        assert separator is not None
        if not self.tokens or self.tokens[-1].type in ("LBRACE", "NEWLINE"):
            return
        if token.type in ("RBRACE", END):
            return
        last = self.tokens[-1].type
        if separator.text == "\n" and (
            last in ("COMMA", "ARROW")
            or token.type in ("ARROW", "ALIGN")
            or (token.type == "ELSE" and last == "RBRACE")
        ):
            return
        self.tokens.append(separator)

    def _word(self, start: int, end: int) -> int:
        text = self.text
        word = text[start:end]
        type_ = self._word_type(word, start, end) if word in self.words else "NAME"
        brace_follows = type_ == "NAME" and text.startswith("{", end) and self.stack
        if brace_follows and _TEMPLATE.match(text, end):
            self._add("TEMPLATE_START", start, end + 1)
            self._open("template", end)
            return end + 1
        if type_ == "NOT":
            joined = re.compile(r"\s+in\b").match(text, end)
            if joined and self.tokens and self._operand_before():
                self._add("OPERATOR", start, joined.end())
                return joined.end()
        self._add(type_, start, end)
        if type_ == "INIT":
            selector = _SELECTOR.match(text, end)
            if selector:
                self._add("SELECTOR", selector.start(1), selector.end())
                return selector.end()
        return end

    def _operand_before(self) -> bool:
        return self.separator is None and self.tokens[-1].type in (
            "NAME", "INTEGER", "FLOAT", "STRING", "TRUE", "FALSE", "NONE",
            "RPAR", "RSQB", "TEMPLATE_END",
        )  # fmt: skip

    def _string(self, start: int, end: int) -> int:
        """A string; behind `from` in a body, braces in it are those of a template."""
        types = [token.type for token in self.tokens[-2:]]
        file = types[1:] == ["FROM"] and types[0] != "STRING" and self.separator is None
        if not (file and self.stack and _FILE_TEMPLATE.match(self.text[start:end])):
            self._add("STRING", start, end)
            return end
        brace = self.text.index("{", start)
        self._add("TEMPLATE_START", start, brace + 1)
        self._open("file", brace)
        return brace + 1

    def _word_type(self, word: str, start: int, end: int) -> str:
        """The terminal of a word of the language, or NAME where it cannot be meant as one."""
        text = self.text
        after_dot = bool(self.tokens) and self.tokens[-1].type == "DOT" and self.separator is None
        if after_dot:
            return "NAME"
        if word in _RESERVED:
            return self.words[word]
        if self.stack and self.stack[-1].sign != "{":
            return "NAME"
        if not self.stack:
            if word not in _TOP_WORDS:
                return "NAME"
        elif word in _DEFINITION_WORDS:
            at_margin = start == 0 or text[start - 1] == "\n"
            if not (at_margin and _NAME_FOLLOWS.match(text, end)):
                return "NAME"
            self._close_braces(start)
        elif word == "layer" or (text.startswith("{", end) and word not in _BEFORE_BRACE):
            return "NAME"
        if _NAME_LIKE.match(text, end):
            return "NAME"
        return self.words[word]

    def _number(self, start: int, end: int, fraction: bool) -> None:
        follows = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").match(self.text, end)
        if follows:
            span = Span(self.source, start, follows.end())
            self._report(
                "A0001",
                f"`{span.text[:40]}` is neither a number nor a name",
                span,
                help_="a name begins with a letter; a product is written with `*`",
            )
        self._add("FLOAT" if fraction else "INTEGER", start, end)

    def _comment(self, start: int, end: int) -> None:
        line_start = self.text.rfind("\n", 0, start) + 1
        own_line = not self.text[line_start:start].strip(" \t\r\f\ufeff")
        content = self.text[start:end].rstrip()
        span = Span(self.source, start, start + len(content))
        self.comments.append(ast.Comment(content, own_line, span=span))

    # --- brackets ------------------------------------------------------------------------------

    def _sign(self, sign: str, start: int, end: int) -> int:
        if sign in "([{":
            if sign == "{" and self.stack and self.stack[-1].sign in "([":
                opener = self._outermost_open()
                cut = self._cut(opener)
                if cut < start:
                    return self._rewind(opener, cut)
                self._unclosed(opener)
                self._supply_closers(opener, start)
            self._add(self.signs[sign], start, end)
            self._open(sign, start)
        elif sign in ")]":
            return self._close(sign, start, end)
        elif sign == "}":
            return self._close_brace(start, end)
        else:
            self._add(self.signs[sign], start, end)
        return end

    def _open(self, sign: str, start: int) -> None:
        self.stack.append(_Open(sign, start, len(self.tokens) - 1))
        if len(self.stack) > MAX_NESTING:
            self._report(
                "A0203",
                f"brackets are nested more than {MAX_NESTING} deep",
                Span(self.source, start, start + 1),
                help_="move an inner part into a block or a named value",
            )
            raise TooDeep

    def _close(self, sign: str, start: int, end: int) -> int:
        opener = "(" if sign == ")" else "["
        top = self.stack[-1] if self.stack else None
        if top is not None and top.sign == opener:
            self.stack.pop()
            self._add(self.signs[sign], start, end)
            return end
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index].sign not in "([":
                break
            if self.stack[index].sign == opener:
                inner = self.stack[index + 1]
                self._unclosed(inner)
                self._supply_closers(inner, start)
                return self._close(sign, start, end)
        span = Span(self.source, start, end)
        if top is None or top.sign not in "([":
            self._report("A0001", f"this `{sign}` closes nothing", span)
            return end
        closer = _CLOSERS[top.sign]
        self._report(
            "A0001",
            f"`{top.sign}` is closed by `{closer}`, not by `{sign}`",
            span,
            (Label(Span(self.source, top.start, top.start + 1), "opened here"),),
        )
        self.stack.pop()
        self.tokens.append(Token(self.signs[closer], closer, start, end))
        return end

    def _close_brace(self, start: int, end: int) -> int:
        if not any(opener.sign in ("{", "template", "file") for opener in self.stack):
            if self.stack:
                opener = self._outermost_open()
                cut = self._cut(opener)
                if cut < start:
                    return self._rewind(opener, cut)
            self._report("A0001", "this `}` closes nothing", Span(self.source, start, end))
            return end
        if self.stack[-1].sign in "([":
            opener = self._outermost_open()
            cut = self._cut(opener)
            if cut < start:
                return self._rewind(opener, cut)
            self._unclosed(opener)
            self._supply_closers(opener, start)
        opener = self.stack[-1]
        if opener.sign in ("template", "file"):
            rest = _TEMPLATE_TEXT if opener.sign == "template" else _FILE_TEXT
            text = rest.match(self.text, start)
            assert text is not None
            self.stack.pop()
            if text[1] is None:
                self._add("TEMPLATE_END", start, text.end())
                return text.end()
            brace = text.start(1)
            self._add("TEMPLATE_MIDDLE", start, brace + 1)
            self._open(opener.sign, brace)
            return brace + 1
        self.stack.pop()
        if self._indent(start, own=True) < self._indent(opener.start):
            self.suspects.append(opener)
        if not self.stack:
            self.suspects.clear()
        self._add("RBRACE", start, end)
        return end

    def _outermost_open(self) -> _Open:
        """The first of the parentheses and square brackets that are open, back to a brace."""
        index = len(self.stack) - 1
        while index > 0 and self.stack[index - 1].sign in "([":
            index -= 1
        return self.stack[index]

    def _cut(self, opener: _Open) -> int:
        """Where the text of an unclosed bracket ends: before a line no deeper than its own."""
        text = self.text
        indent = self._indent(opener.start)
        newline = text.find("\n", opener.start)
        while newline != -1:
            line_end = text.find("\n", newline + 1)
            line = text[newline + 1 : line_end if line_end != -1 else len(text)]
            if line.strip() and self._indent(newline + 1) <= indent:
                return newline
            newline = line_end
        return len(text)

    def _rewind(self, opener: _Open, cut: int) -> int:
        """Report `opener`, supply what closes it at `cut`, and scan on from there."""
        self._unclosed(opener)
        while self.tokens and self.tokens[-1].start >= cut:
            self.tokens.pop()
        while self.comments and self.comments[-1].span.start >= cut:
            self.comments.pop()
        self.separator = None
        del self.stack[self.stack.index(opener) :]
        position = max(cut, self.tokens[-1].end)
        for index in range(opener.token, len(self.tokens)):
            token = self.tokens[index]
            if token.type in ("LPAR", "LSQB", "TEMPLATE_START", "TEMPLATE_MIDDLE"):
                sign = "template" if token.type.startswith("TEMPLATE") else token.text
                if token.type == "TEMPLATE_MIDDLE":
                    self.stack.pop()
                self.stack.append(_Open(sign, token.start, index))
            elif token.type in ("RPAR", "RSQB", "TEMPLATE_END"):
                self.stack.pop()
        self._supply_closers(opener, position)
        return position

    def _supply_closers(self, opener: _Open, at: int) -> None:
        """Close everything from `opener` inwards with tokens of no extent."""
        while self.stack:
            top = self.stack.pop()
            type_ = {"(": "RPAR", "[": "RSQB", "{": "RBRACE"}.get(top.sign, "TEMPLATE_END")
            self.tokens.append(Token(type_, _CLOSERS[top.sign], at, at))
            if top.start == opener.start:
                return

    def _close_at_end(self, position: int) -> int | None:
        """At the end of the text: where to scan on, or None when all is closed."""
        if self.stack and self.stack[-1].sign in "([":
            opener = self._outermost_open()
            cut = self._cut(opener)
            if cut < position:
                return self._rewind(opener, cut)
            self._unclosed(opener)
            self._supply_closers(opener, position)
        self._close_braces(position)
        self.separator = None
        return None

    def _close_braces(self, at: int) -> None:
        """Report and supply every brace that is still open at `at`."""
        if not self.stack:
            return
        blamed = self.suspects[: len(self.stack)]
        blamed += self.stack[len(blamed) :]
        for opener in blamed:
            self._unclosed(opener)
        separator, self.separator = self.separator, None
        self._supply_closers(self.stack[0], at)
        self.separator = separator
        self.suspects.clear()

    def _unclosed(self, opener: _Open) -> None:
        sign = "{" if opener.sign in ("template", "file") else opener.sign
        closer = _CLOSERS[opener.sign]
        self._report(
            "A0002",
            f"this `{sign}` is never closed",
            Span(self.source, opener.start, opener.start + 1),
            help_=f"add the `{closer}`",
        )

    def _indent(self, position: int, own: bool = False) -> int:
        """The indentation of the line of `position`; with `own`, only if the line begins there."""
        line_start = self.text.rfind("\n", 0, position) + 1
        line = self.text[line_start : position + 1]
        width = len(line) - len(line.lstrip(" \t"))
        if own and line_start + width != position:
            return len(self.text)
        return width

    # --- faults --------------------------------------------------------------------------------

    def _fault(self, kind: str | None, start: int, end: int) -> int:
        span = Span(self.source, start, end)
        if kind == "quoted":
            diagnostic = single_quotes(span)
            self.diagnostics[start, diagnostic.code] = diagnostic
            self._add("STRING", start, end)
            self.tokens[-1].text = '""'
            return end
        if kind == "quote":
            self._report(
                "A0002",
                f"this `{span.text}` is never closed",
                span,
                help_='a string ends on its line; one of several lines is written in `"""`'
                if span.text == '"'
                else 'add the `"""`',
            )
            newline = self.text.find("\n", end)
            end = newline if newline != -1 else len(self.text)
            self._add("STRING", start, end)
            self.tokens[-1].text = '""'
            return end
        diagnostic = bad_character(span)
        self.diagnostics[start, diagnostic.code] = diagnostic
        return end

    def _report(
        self,
        code: str,
        message: str,
        span: Span,
        others: tuple[Label, ...] = (),
        help_: str = "",
        fixes: tuple[Fix, ...] = (),
    ) -> None:
        labels = (Label(span, primary=True), *others)
        self.diagnostics[span.start, code] = Diagnostic(
            code, "error", message, labels, help=(help_,) if help_ else (), fixes=fixes
        )
