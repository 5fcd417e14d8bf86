"""Encoder and index go together: a release's encoder finds what was ingested, before and after, and on the way back."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from bot.models import loader as pairing
from bot.models.download import Hub
from bot.models.weights import Weights
from finetune.errors import BadRelease
from finetune.release import Release
from retrieval.collection import Collection
from retrieval.encoders.loading import Encoder
from retrieval.encoders.query_map import MAP_FILE, QueryMap
from retrieval.retriever import Retriever
from tests.bot.deployed_bot import HashingRetrieverLoader, settings_in
from tests.retrieval.fakes import HashingEncoder


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, "sqlite:///x")


@pytest.fixture
def pairs(settings, monkeypatch):
    monkeypatch.setattr(pairing, "load_encoder", lambda name, folder: HashingEncoder("learnt"))
    return HashingRetrieverLoader(settings, Weights(settings.weights_dir, Hub("http://127.0.0.1:9")))


def release(**files: str) -> Release:
    return Release("r-1", ("retrieve",), "hashing", None, None, {}, None, files, None)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """The files of a release that is an encoder."""
    (tmp_path / "release" / "encoder").mkdir(parents=True)
    return tmp_path / "release"


def found(collection: Collection, question: str) -> list[str]:
    documents = asyncio.run(Retriever(collection=collection).ainvoke(question))
    return [document.metadata["source"] for document in documents]


def test_a_new_encoder_is_searchable_before_it_takes_over(pairs, settings, encoder):
    home = pairs.collection()
    home.ingest(settings.knowledge_dir)

    learnt = pairs.collection(release(), encoder)

    assert learnt.snapshot.manifest.encoder == "learnt"
    assert found(learnt, "return") == found(home, "return") == ["returns.md"]


def test_what_was_ingested_meanwhile_is_there_after_going_back(pairs, settings, encoder):
    pairs.collection().ingest(settings.knowledge_dir)
    (settings.knowledge_dir / "warranty.md").write_text("# Warranty\n\nTwo years.\n")
    pairs.collection(release(), encoder).ingest(settings.knowledge_dir)

    assert "warranty.md" in found(pairs.collection(), "warranty")


def test_an_encoder_without_any_documents_waits_for_them(pairs, settings, encoder):
    learnt = pairs.collection(release(), encoder)
    assert learnt.snapshot is None
    learnt.ingest(settings.knowledge_dir)
    assert found(learnt, "return") == ["returns.md"]


def test_a_map_searches_the_index_that_is_there(pairs, settings, tmp_path):
    home = pairs.collection()
    home.ingest(settings.knowledge_dir)
    own: Encoder = HashingEncoder()
    matrix = np.eye(own.dimension, dtype=np.float32)
    QueryMap(matrix, own.fingerprint).write(tmp_path / MAP_FILE)

    mapped = pairs.collection(release(), tmp_path)

    assert mapped.folder == home.folder
    assert found(mapped, "return") == ["returns.md"]


def test_what_is_neither_is_refused(pairs, tmp_path):
    with pytest.raises(BadRelease, match="neither"):
        pairs.encoder(release(), tmp_path)
