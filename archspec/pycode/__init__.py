"""An intermediate form of the Python that is emitted: nodes, short constructors, printer.

Submodules are imported when one of their names is first used: a check never needs them, though the
layers it reads can also write themselves as Python.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archspec.pycode.build import attr, branch, call, const, dotted, name
    from archspec.pycode.imports import IMPORTS, reserved_names
    from archspec.pycode.names import names_used
    from archspec.pycode.namespace import Namespace
    from archspec.pycode.nodes import (
        Assign,
        Attr,
        AugAssign,
        Binary,
        Blank,
        Call,
        ClassDef,
        Comment,
        Compare,
        Comprehension,
        Conditional,
        Constant,
        Dict,
        Expr,
        ExprStmt,
        For,
        FString,
        FunctionDef,
        If,
        Import,
        Lambda,
        List,
        Module,
        Name,
        Parameter,
        Paren,
        Raise,
        Return,
        Slice,
        Starred,
        Stmt,
        Subscript,
        Tuple,
        Unary,
        With,
    )
    from archspec.pycode.printer import print_expr, print_module
    from archspec.pycode.traversal import rebuild, rebuild_statement, rename, substitute, walk
else:
    _NAMES = {
        "build": "attr branch call const dotted name",
        "imports": "IMPORTS reserved_names",
        "names": "names_used",
        "namespace": "Namespace",
        "nodes": (
            "Assign Attr AugAssign Binary Blank Call ClassDef Comment Compare Comprehension "
            "Conditional Constant Dict Expr ExprStmt For FString FunctionDef If Import Lambda "
            "List Module Name Parameter Paren Raise Return Slice Starred Stmt Subscript Tuple "
            "Unary With"
        ),
        "printer": "print_expr print_module",
        "traversal": "rebuild rebuild_statement rename substitute walk",
    }
    _HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'archspec.pycode' has no attribute '{name}'")
        value = globals()[name] = getattr(import_module(f"archspec.pycode.{_HOMES[name]}"), name)
        return value


__all__ = [
    "IMPORTS",
    "Assign",
    "Attr",
    "AugAssign",
    "Binary",
    "Blank",
    "Call",
    "ClassDef",
    "Comment",
    "Compare",
    "Comprehension",
    "Conditional",
    "Constant",
    "Dict",
    "Expr",
    "ExprStmt",
    "FString",
    "For",
    "FunctionDef",
    "If",
    "Import",
    "Lambda",
    "List",
    "Module",
    "Name",
    "Namespace",
    "Parameter",
    "Paren",
    "Raise",
    "Return",
    "Slice",
    "Starred",
    "Stmt",
    "Subscript",
    "Tuple",
    "Unary",
    "With",
    "attr",
    "branch",
    "call",
    "const",
    "dotted",
    "name",
    "names_used",
    "print_expr",
    "print_module",
    "rebuild",
    "rebuild_statement",
    "rename",
    "reserved_names",
    "substitute",
    "walk",
]
