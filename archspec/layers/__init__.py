"""Declarations of layers and tensor functions: arguments, shape rules, weights, cost, emission."""
