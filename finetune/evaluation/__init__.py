"""Evaluation of rewriting, answering and retrieval, and of the whole bot on a handbook."""
