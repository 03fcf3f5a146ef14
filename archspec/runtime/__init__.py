"""Compiled models in memory: `load`, the import hook. torch is imported by what is compiled."""
