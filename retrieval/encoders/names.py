"""What encoders are called, and whose weights a name asks for. Imports nothing, so that settings can use it."""

E5 = "multilingual-e5-small"
MULTILINGUAL = "universal-sentence-encoder-multilingual"
WITH_MULTILINGUAL, WITH_E5 = "+multilingual", "+e5"
"""The suffixes of a name that ask for a multilingual encoder as well as the named one."""


def weights_of(name: str) -> tuple[str, ...]:
    """The names of the weights that an encoder needs, in the order in which `load_encoder` takes their places."""
    first, _, beside = name.partition("+")
    return (first, E5) if f"+{beside}" == WITH_E5 else (first,)
