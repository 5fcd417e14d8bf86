"""Chooses the encoder for a name. Knows local folders only, not where weights come from.

Imports inside functions are meant here: the library behind an encoder is loaded with the encoder.
"""

from pathlib import Path

from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.combined import CombinedEncoder
from retrieval.errors import EncoderError

__all__ = ["MULTILINGUAL", "WITH_MULTILINGUAL", "Encoder", "Vectors", "load_encoder"]

MULTILINGUAL = "universal-sentence-encoder-multilingual"
WITH_MULTILINGUAL = "+multilingual"
"""The suffix of a name that asks for the multilingual encoder as well as the named one."""


def load_encoder(name: str, path: Path | None = None) -> Encoder:
    """The encoder called `name`, from the sentence-transformers folder `path`.

    `universal-sentence-encoder-multilingual` needs no folder; `NAME+multilingual` combines it with the folder's
    model. Raises EncoderError if the folder is missing or holds no such model.
    """
    if name == MULTILINGUAL:
        return _multilingual()
    if path is None:
        raise EncoderError(f"The encoder {name} needs the folder of its weights.", remedies=("weights",))
    encoder = _transformer(path)
    return CombinedEncoder(encoder, _multilingual()) if name.endswith(WITH_MULTILINGUAL) else encoder


def _multilingual() -> Encoder:
    from retrieval.encoders.multilingual import MultilingualEncoder

    return MultilingualEncoder()


def _transformer(folder: Path) -> Encoder:
    from retrieval.encoders.transformer import TransformerEncoder

    return TransformerEncoder(folder)
