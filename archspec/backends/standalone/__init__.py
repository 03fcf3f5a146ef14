"""Tests of an emitted module, for those who have the module but not archspec."""

from archspec.backends.standalone.write import standalone_test

__all__ = ["standalone_test"]
