"""The strategies of all layers."""

from tests.layers import cases_recurrent, layer_cases

LAYERS: dict[str, layer_cases.Build] = {**layer_cases.LAYERS, **cases_recurrent.CASES}
