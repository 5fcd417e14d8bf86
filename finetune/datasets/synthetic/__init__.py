"""Makes synthetic examples out of others, for kinds of questions that a dataset lacks.

Which datasets they are made from is up to the caller: `benchmarks/recipes` holds the recipe of the adapter that is
shipped. An example belongs to the same split as the one it was made from.
"""
