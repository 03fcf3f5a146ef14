"""Sizes that may be symbolic: exact arithmetic, domains, and what holds for every allowed size."""

from archspec.dims.dim import Atom, Dim, DimError, DimLike, Floor, Monomial, Symbol, ceil_div
from archspec.dims.text import DimExpr, Neg, Num, Op, Var, expression, parse_dim

__all__ = [
    "Atom",
    "Dim",
    "DimError",
    "DimExpr",
    "DimLike",
    "Floor",
    "Monomial",
    "Neg",
    "Num",
    "Op",
    "Symbol",
    "Var",
    "ceil_div",
    "expression",
    "parse_dim",
]
