"""Chooses the encoder for a name. Knows local folders only, not where weights come from.

Imports inside functions are meant here: the library behind an encoder is loaded with the encoder.
"""

from pathlib import Path

from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.combined import WITH_E5 as MIXED_WITH_E5
from retrieval.encoders.combined import CombinedEncoder
from retrieval.encoders.names import E5, MULTILINGUAL, WITH_E5, WITH_MULTILINGUAL
from retrieval.errors import EncoderError

__all__ = ["Encoder", "Vectors", "load_encoder"]


def load_encoder(name: str, path: Path | None = None, multilingual: Path | None = None) -> Encoder:
    """The encoder called `name`, from the sentence-transformers folder `path`, or from the file of E5.

    `universal-sentence-encoder-multilingual` needs no weights of ours. `NAME+multilingual` combines it with the
    folder's model; `NAME+e5` combines that with multilingual-e5-small, whose file is `multilingual`.

    Raises EncoderError if something is missing, or is not what it is taken for.
    """
    if name == MULTILINGUAL:
        return _universal()
    if name == E5:
        return _e5(_given(name, path))
    encoder = _transformer(_given(name, path))
    if name.endswith(WITH_E5):
        return CombinedEncoder(encoder, _e5(_given(E5, multilingual)), MIXED_WITH_E5)
    return CombinedEncoder(encoder, _universal()) if name.endswith(WITH_MULTILINGUAL) else encoder


def _given(name: str, path: Path | None) -> Path:
    if path is None:
        raise EncoderError(f"The encoder {name} needs its weights.", remedies=("weights",))
    return path


def _universal() -> Encoder:
    from retrieval.encoders.multilingual import MultilingualEncoder

    return MultilingualEncoder()


def _e5(file: Path) -> Encoder:
    from retrieval.encoders.e5 import E5Encoder

    return E5Encoder(file)


def _transformer(folder: Path) -> Encoder:
    from retrieval.encoders.transformer import TransformerEncoder

    return TransformerEncoder(folder)
