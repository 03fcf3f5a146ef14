"""Sizes that may be symbolic: exact arithmetic, domains, and what holds for every allowed size."""

from archspec.dims.decide import (
    Fact,
    Proven,
    Refuted,
    Unknown,
    Verdict,
    at_least,
    decide_fact,
    divisible,
    equal,
)
from archspec.dims.dim import Atom, Dim, DimError, DimLike, Floor, Monomial, Symbol, ceil_div
from archspec.dims.domains import Domain, Domains
from archspec.dims.text import DimExpr, Neg, Num, Op, Var, expression, parse_dim

__all__ = [
    "Atom",
    "Dim",
    "DimError",
    "DimExpr",
    "DimLike",
    "Domain",
    "Domains",
    "Fact",
    "Floor",
    "Monomial",
    "Neg",
    "Num",
    "Op",
    "Proven",
    "Refuted",
    "Symbol",
    "Unknown",
    "Var",
    "Verdict",
    "at_least",
    "ceil_div",
    "decide_fact",
    "divisible",
    "equal",
    "expression",
    "parse_dim",
]
