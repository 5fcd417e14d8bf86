"""Measurements of docs/benchmarks.md, each run as `python -m benchmarks.NAME`.

A package of its own, not a namespace: some distributions install a top-level package of the same name.
"""
