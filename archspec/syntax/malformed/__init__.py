"""What authors write by mistake, and what is then said to them.

An entry holds for the places its examples reach: each is read up to its first fault, and the
automaton's state there, with the kind of word that did not fit, selects the entry. A new message is
a new entry here; nothing else changes. `{found}` is what did not fit, as the author sees it.
"""

from typing import Final

from archspec.syntax.malformed.definitions import DEFINITIONS
from archspec.syntax.malformed.entry import Malformed
from archspec.syntax.malformed.statements import STATEMENTS
from archspec.syntax.malformed.values import VALUES

__all__ = ["MALFORMED", "Malformed"]

MALFORMED: Final = (*DEFINITIONS, *STATEMENTS, *VALUES)
