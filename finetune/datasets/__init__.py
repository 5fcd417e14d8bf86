"""Datasets of examples, built from logged conversations and from imported files."""
