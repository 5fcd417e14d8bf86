"""Datasets: what was logged and what was imported, as immutable folders of examples to learn from."""
