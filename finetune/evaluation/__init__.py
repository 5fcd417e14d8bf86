"""Measures of the whole bot and of its parts, over files of examples."""
