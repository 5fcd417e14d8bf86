import json
from pathlib import Path

import pytest

from finetune.training.retriever.data import RetrieverData, read_retriever_data
from tests.finetune.training.retriever.tiny import ORDERS, PLACES, tiny_encoder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an encoder that knows nothing yet."""
    return tiny_encoder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def material(tmp_path: Path) -> RetrieverData:
    """Nobody asks in the words of the documents: `din` is what they call `noise`."""
    rows = [
        {
            "id": f"log:{place}-{order}:1",
            "query": f"{place} {order} din",
            "positive": {"id": "", "text": f"{place} {order} noise"},
            "negatives": [{"id": "", "text": f"{place} {order}"}],
        }
        for place in PLACES
        for order in ORDERS
    ]
    path = tmp_path / "retrieval.train.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return read_retriever_data([path])


@pytest.fixture
def known(material: RetrieverData) -> RetrieverData:
    """What is learnt from."""
    return material.only(lambda question: "garden" not in question.question)


@pytest.fixture
def unknown(material: RetrieverData) -> RetrieverData:
    """What is validated with: nobody who trains was asked about the garden."""
    return material.only(lambda question: "garden" in question.question)
