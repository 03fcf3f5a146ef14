"""Diagnostics: what they are, the table of codes, and how they are shown."""

from archspec.diagnostics.model import (
    ArchSpecError,
    Diagnostic,
    Edit,
    Fix,
    FixLevel,
    Label,
    Severity,
)

__all__ = ["ArchSpecError", "Diagnostic", "Edit", "Fix", "FixLevel", "Label", "Severity"]
