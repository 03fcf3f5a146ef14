"""Backends: what a checked graph is written as."""
