"""Each entry of the ledger is needed, for each declaration that it names."""

from random import Random

import pytest

from tests.layers.harness import ours
from tests.layers.ledger import FUNCTIONS, LAYERS, LEDGER, Entry, excuses
from tests.layers.trials import DECLARATIONS, TRIALS

#: Calls drawn until one needs the entry; of the rarest that do, there is one in a few hundred.
DRAWS = 10_000


def is_needed(entry: Entry, name: str) -> bool:
    """Whether some call of `name` that torch runs is refused, and only this entry excuses it."""
    random, trial = Random(name), TRIALS[name]
    for _ in range(DRAWS):
        case = trial.cases.draw(random)
        if (
            entry.applies(name, case)
            and excuses(name, case) == [entry]
            and ours(DECLARATIONS[name], case) is None
            and trial.runs(case)
        ):
            return True
    return False


@pytest.mark.parametrize("entry", LEDGER, ids=lambda entry: entry.reason[:40])
def test_each_entry_is_needed_wherever_it_applies(entry: Entry) -> None:
    names = entry.declarations()
    if entry.names in (LAYERS, FUNCTIONS):
        assert any(is_needed(entry, name) for name in names)
    else:
        assert [name for name in names if not is_needed(entry, name)] == []


def test_each_pattern_names_something() -> None:
    for entry in LEDGER:
        for pattern in entry.names.split():
            assert Entry("", pattern, entry.applies).declarations(), pattern
