"""The trained reader: the one that ships with Groundtalk, or the file that READER names.

Imports inside functions are meant here: OpenVINO is loaded with the reader.
"""

from pathlib import Path

from langchain_core.documents import BaseDocumentCompressor

import finetune
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.grounding import GroundingOptions
from retrieval.encoders.names import E5
from retrieval.errors import EncoderError

SHIPPED_READER = Path(finetune.__file__).parent / "reader" / "reader.safetensors"


def load_reader(settings: Settings, weights: Weights) -> BaseDocumentCompressor:
    """The reader of READER, which shows of passages what EVIDENCE asks for. Raises WeightsError, EncoderError."""
    from retrieval.encoders.packed_bert import open_bert
    from retrieval.reader.cross_encoder import CrossEncoder
    from retrieval.reader.reader import Reader

    words = weights.locate(E5)
    if words is None:
        raise EncoderError(f"The reader needs the word vectors of {E5}.", remedies=("weights",))
    return Reader(
        model=CrossEncoder(reader_file(settings), open_bert(words)),
        budget=None if settings.evidence == "passages" else settings.passage_tokens,
        least_score=GroundingOptions().least_score,
    )


def reader_file(settings: Settings) -> Path:
    """Where the weights of the reader are."""
    return SHIPPED_READER if settings.reader == "on" else Path(settings.reader).expanduser()
