"""The reader's weights: those that ship with Groundtalk, or a file that READER names."""

from pathlib import Path

import finetune
from bot.models.weights import Weights
from bot.settings import Settings
from retrieval.encoders.names import E5
from retrieval.encoders.packed_bert import open_bert
from retrieval.errors import EncoderError
from retrieval.reader.cross_encoder import CrossEncoder

SHIPPED_READER = Path(finetune.__file__).parent / "reader" / "reader.safetensors"


def load_reader(settings: Settings, weights: Weights) -> CrossEncoder:
    """The reader of READER. Takes a second or two. Raises WeightsError, EncoderError."""
    words = weights.locate(E5)
    if words is None:
        raise EncoderError(f"The reader needs the word vectors of {E5}.", remedies=("weights",))
    return CrossEncoder(reader_file(settings), open_bert(words))


def reader_file(settings: Settings) -> Path:
    return SHIPPED_READER if settings.reader == "on" else Path(settings.reader).expanduser()
