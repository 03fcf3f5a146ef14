"""The formatter: one style for all files, and never a change of meaning."""

from archspec.diagnostics import ArchSpecError
from archspec.source import SourceFile
from archspec.syntax import ast
from archspec.syntax.parser import parse
from archspec.syntax.printer import print_file


def format_source(source: SourceFile) -> str:
    """The text of `source` in the common style.

    Raises ArchSpecError where `source` has syntax errors. Formatting what was formatted changes
    nothing, and no comment is lost: both trees and all comments are compared before returning.
    """
    before = parse(source)
    if before.file is None or before.diagnostics:
        raise ArchSpecError(before.diagnostics)
    text = _settled(before.file, source)
    after = parse(SourceFile(source.name, text))
    if after.file != before.file:
        raise AssertionError(f"{source.name}: formatting would change the meaning")
    kept = sorted(comment.text for comment in after.file.comments) if after.file else []
    if kept != sorted(comment.text for comment in before.file.comments):
        raise AssertionError(f"{source.name}: formatting would lose a comment")
    return text


def _settled(file: ast.File, source: SourceFile) -> str:
    """The printed text, printed again until it stays: a comment may take a step to its place."""
    text = print_file(file, source)
    for _ in range(8):
        again = SourceFile(source.name, text)
        parsed = parse(again).file
        printed = text if parsed is None else print_file(parsed, again)
        if printed == text:
            break
        text = printed
    return text
