"""The trained reader: the one that ships with Groundtalk, or the file that READER names.

Imports inside functions are meant here: OpenVINO is loaded with the reader.
"""

from langchain_core.documents import BaseDocumentCompressor

from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.grounding import GroundingOptions
from retrieval.encoders.names import E5
from retrieval.errors import EncoderError


def load_reader(settings: Settings, weights: Weights) -> BaseDocumentCompressor:
    """The reader of READER, which shows of passages what EVIDENCE asks for. Raises WeightsError, EncoderError."""
    from retrieval.encoders.packed_bert import open_bert
    from retrieval.reader.cross_encoder import CrossEncoder
    from retrieval.reader.reader import Reader

    words = weights.locate(E5)
    if words is None:
        raise EncoderError(f"The reader needs the word vectors of {E5}.", remedies=("weights",))
    return Reader(
        model=CrossEncoder(settings.reader_file, open_bert(words)),
        budget=None if settings.evidence == "passages" else settings.passage_tokens,
        least_score=GroundingOptions().least_score,
    )
