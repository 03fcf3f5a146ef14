"""Emission of PyTorch modules."""

from archspec.backends.torch.module import emit_module

__all__ = ["emit_module"]
