"""The trial of every layer and function: how its calls are generated and compared with torch."""

from functools import partial
from typing import Any

from archspec.layers import registry
from archspec.layers.base import Declaration
from tests.layers import functions_harness, functions_more, layer_harness
from tests.layers.cases import LAYERS
from tests.layers.functions_reference import TRIALS as FUNCTIONS
from tests.layers.harness import Trial
from tests.layers.layer_cases import case_of

DECLARATIONS: dict[str, Declaration[Any]] = {**registry.layers(), **registry.functions()}
TRIALS: dict[str, Trial] = {
    **{
        name: Trial(case_of(build), partial(layer_harness.runs, name), layer_harness.check)
        for name, build in LAYERS.items()
    },
    **{
        name: Trial(
            trial.cases,
            partial(functions_harness.runs, trial.reference),
            partial(functions_harness.check, trial.reference),
        )
        for name, trial in {**FUNCTIONS, **functions_more.TRIALS}.items()
    },
}
