"""Fixes: candidates for what a diagnostic says, each checked before it is offered or applied."""

from archspec.repair.apply import Mended, Roots, mend
from archspec.repair.baseline import Recheck
from archspec.repair.edits import Texts, apply_edits
from archspec.repair.verify import verified, verified_syntax

__all__ = [
    "Mended", "Recheck", "Roots", "Texts", "apply_edits", "mend", "verified", "verified_syntax",
]  # fmt: skip
