"""Faults found by the harnesses are shown with the values compared, as in tests."""

import pytest

pytest.register_assert_rewrite(
    "tests.layers.harness", "tests.layers.layer_harness", "tests.layers.functions_harness"
)
