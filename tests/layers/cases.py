"""The generators of all layers."""

from tests.layers import cases_images, cases_recurrent, cases_tokens, layer_cases

LAYERS: dict[str, layer_cases.Build] = {
    **layer_cases.LAYERS,
    **cases_images.CASES,
    **cases_recurrent.CASES,
    **cases_tokens.CASES,
}
