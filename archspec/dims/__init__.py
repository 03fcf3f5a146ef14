"""Sizes that may be symbolic: exact arithmetic, domains, and what holds for every allowed size."""

from archspec.dims.decide import at_least, decide_fact, divisible, equal, verdict_of
from archspec.dims.dim import Atom, Dim, DimError, DimLike, Floor, Monomial, Symbol, ceil_div
from archspec.dims.domains import Domain, Domains
from archspec.dims.infer import (
    Condition,
    equal_names,
    satisfying,
    satisfying_lower,
    satisfying_residues,
    satisfying_upper,
)
from archspec.dims.search import effort
from archspec.dims.text import DimExpr, Neg, Num, Op, Var, expression, parse_dim
from archspec.dims.verdict import PROVEN, Fact, Kind, Proven, Refuted, Unknown, Verdict

__all__ = [
    "PROVEN",
    "Atom",
    "Condition",
    "Dim",
    "DimError",
    "DimExpr",
    "DimLike",
    "Domain",
    "Domains",
    "Fact",
    "Floor",
    "Kind",
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
    "effort",
    "equal",
    "equal_names",
    "expression",
    "parse_dim",
    "satisfying",
    "satisfying_lower",
    "satisfying_residues",
    "satisfying_upper",
    "verdict_of",
]
