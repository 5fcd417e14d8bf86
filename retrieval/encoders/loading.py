"""Chooses the encoder for a name. Knows local folders only, not where weights come from."""

from pathlib import Path

from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.combined import CombinedEncoder
from retrieval.encoders.multilingual import MultilingualEncoder
from retrieval.encoders.transformer import TransformerEncoder
from retrieval.errors import EncoderError

__all__ = ["MULTILINGUAL", "WITH_MULTILINGUAL", "Encoder", "Vectors", "load_encoder"]

MULTILINGUAL = "universal-sentence-encoder-multilingual"
WITH_MULTILINGUAL = "+multilingual"
"""The end of a name that asks for the multilingual encoder beside the one that is named."""


def load_encoder(name: str, path: Path | None = None) -> Encoder:
    """The encoder called `name`, from the sentence-transformers folder `path`.

    `universal-sentence-encoder-multilingual` needs no folder; `NAME+multilingual` puts it beside the folder's
    model. Raises EncoderError where the folder is missing or is no such model.
    """
    if name == MULTILINGUAL:
        return MultilingualEncoder()
    if path is None:
        raise EncoderError(
            f"The encoder {name} needs the folder of its weights: `groundtalk models pull {name}`."
        )
    encoder = TransformerEncoder(path)
    if name.endswith(WITH_MULTILINGUAL):
        return CombinedEncoder(encoder, MultilingualEncoder())
    return encoder
