import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import AutoModel, BertConfig, BertModel

from retrieval.encoders.inference import batches_of, padded
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.transformer import TransformerEncoder
from retrieval.errors import EncoderError

pytestmark = pytest.mark.slow  # a folder is converted in a process of its own

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *["the", "heat", "pump", "is", "quiet", "at", "night", "refund", "takes", "five", "days"],
]
TEXTS = ["the heat pump", "refund takes five days at night", "quiet", "is is is"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder of a tiny BERT with weights drawn by chance."""
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(WordPiece({word: id for id, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 6}))
    return folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TransformerEncoder:
    return TransformerEncoder(folder)


def by_torch(folder: Path, text: str) -> np.ndarray:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(6)
    model = AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = model(torch.tensor([tokenizer.encode(text).ids])).last_hidden_state[0].mean(0)
    return np.asarray(states / states.norm())


def test_it_encodes_as_the_model_does_in_torch(encoder: TransformerEncoder, folder: Path) -> None:
    expected = np.stack([by_torch(folder, text) for text in TEXTS])
    assert (encoder.encode(TEXTS) * expected).sum(1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-3)


def test_a_text_has_the_same_vector_alone_and_among_others(encoder: TransformerEncoder) -> None:
    many = encoder.encode(TEXTS * 100)
    alone = np.stack([encoder.encode([text])[0] for text in TEXTS])
    assert (many[-len(TEXTS) :] * alone).sum(1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-3)


@given(st.lists(st.integers(0, 512)))
def test_every_text_is_in_one_batch_with_others_of_its_padded_length(lengths: list[int]) -> None:
    batches = list(batches_of(lengths))
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    for rows in batches:
        assert len({padded(lengths[row]) for row in rows}) == 1
        assert len(rows) in (1, 4, 16)


def test_no_texts_and_an_empty_text_are_no_trouble(encoder: TransformerEncoder) -> None:
    assert encoder.encode([]).shape == (0, 16)
    assert np.isfinite(encoder.encode([""])).all()


def test_the_graph_is_made_once(encoder: TransformerEncoder, folder: Path) -> None:
    (graph,) = (folder / "openvino").glob("*.xml")
    made = graph.stat().st_mtime_ns
    assert TransformerEncoder(folder).fingerprint == encoder.fingerprint
    assert graph.stat().st_mtime_ns == made


def test_another_setting_is_another_encoder(
    encoder: TransformerEncoder, folder: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "1_Pooling").mkdir()
    (other / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    changed = TransformerEncoder(other)
    assert changed.fingerprint != encoder.fingerprint
    assert not np.allclose(changed.encode(TEXTS), encoder.encode(TEXTS), atol=1e-2)
    (other / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
    assert TransformerEncoder(other).fingerprint == changed.fingerprint


def test_newer_folders_say_the_same_elsewhere(
    encoder: TransformerEncoder, folder: Path, tmp_path: Path
) -> None:
    newer = shutil.copytree(folder, tmp_path / "newer")
    (newer / "sentence_bert_config.json").write_text("{}")
    (newer / "tokenizer_config.json").write_text('{"model_max_length": 6}')
    (newer / "1_Pooling").mkdir()
    (newer / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean"}')
    assert TransformerEncoder(newer).fingerprint == encoder.fingerprint


def test_a_folder_that_is_no_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"tokenizer\.json"):
        load_encoder("all-MiniLM-L6-v2", tmp_path)


def test_a_model_that_cannot_be_read_is_refused(folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken", ignore=shutil.ignore_patterns("openvino"))
    (broken / "model.safetensors").write_bytes(b"torn off")
    with pytest.raises(EncoderError, match="cannot be converted"):
        TransformerEncoder(broken)


def test_a_name_without_its_folder_is_refused() -> None:
    with pytest.raises(EncoderError, match="needs its weights"):
        load_encoder("all-MiniLM-L6-v2")
