"""Recipes for datasets."""
