from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from retrieval.encoders.e5 import E5Encoder
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.names import weights_of
from retrieval.encoders.packed_bert import PackedBert
from retrieval.errors import EncoderError
from tests.retrieval.encoders import packed_file as packed

TEXTS = ["heat pump", "quiet", "heat pump quiet night quiet night quiet"]
NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packed") / "tiny.bin"


@pytest.fixture(scope="module")
def tensors(file: Path) -> packed.Tensors:
    return packed.write_packed(file)


@pytest.fixture(scope="module")
def encoder(file: Path, tensors: packed.Tensors) -> E5Encoder:
    return E5Encoder(file, threads=1)


def reference(tensors: packed.Tensors) -> BertModel:
    """The same weights in the implementation of transformers."""
    config = BertConfig(
        vocab_size=len(packed.PIECES),
        hidden_size=packed.WIDTH,
        num_hidden_layers=packed.LAYERS,
        num_attention_heads=packed.HEADS,
        intermediate_size=packed.INNER,
        max_position_embeddings=packed.LONGEST,
        layer_norm_eps=packed.EPSILON,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"],
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(-1, packed.WIDTH),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(-1, packed.WIDTH),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for layer in range(packed.LAYERS):
        for short, long in NAMES.items():
            state[f"encoder.layer.{layer}.{long}.weight"] = tensors[f"l{layer}.{short}.w"]
            state[f"encoder.layer.{layer}.{long}.bias"] = tensors[f"l{layer}.{short}.b"]
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
    return model


def mean_vector(model: BertModel, ids: list[int]) -> np.ndarray:
    with torch.no_grad():
        states = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
    return torch.nn.functional.normalize(states.mean(0), dim=0).numpy()


def test_vectors_are_those_of_the_same_weights_in_transformers(
    encoder: E5Encoder, file: Path, tensors: packed.Tensors
) -> None:
    model, tokenizer = reference(tensors), PackedBert(file).tokenizer
    vectors = encoder.encode(TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        expected = mean_vector(model, tokenizer.encode([f"passage: {text}"])[0])
        assert vector @ expected > 0.999


def test_a_question_is_read_as_a_question(encoder: E5Encoder) -> None:
    assert encoder.dimension == packed.WIDTH
    question, passage = encoder.encode_questions(["heat pump"]), encoder.encode(["heat pump"])
    assert not np.allclose(question, passage, atol=1e-3)


def test_a_text_has_the_same_vector_in_any_company(encoder: E5Encoder) -> None:
    together = encoder.encode(TEXTS)
    assert np.allclose(encoder.encode(TEXTS[:1])[0], together[0], atol=2e-2)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)


def test_words_are_unpacked_from_the_file(file: Path, tensors: packed.Tensors) -> None:
    ids = np.array([[4, 7], [8, 1]])
    assert np.array_equal(PackedBert(file).words(ids), tensors["emb.word"][ids])


def test_a_text_becomes_the_file_s_own_pieces(file: Path, tensors: packed.Tensors) -> None:
    ids = PackedBert(file).tokenizer.encode(["query:\n heat  pumps ", "ｈeat"])
    pieces = [[packed.PIECES[id] for id in text] for text in ids]
    assert pieces[0] == ["<s>", "▁query", ":", "▁heat", "▁pump", "s", "</s>"]
    assert pieces[1] == ["<s>", "▁heat", "</s>"]


def test_a_long_text_is_cut(file: Path, tensors: packed.Tensors) -> None:
    (ids,) = PackedBert(file).tokenizer.encode(["heat " * 50])
    assert len(ids) == packed.LONGEST
    assert packed.PIECES[ids[-1]] == "</s>"


@pytest.mark.parametrize("length", [0, 3, 40, 200, 700, 3000])
def test_a_file_that_was_cut_is_refused_with_a_remedy(tmp_path: Path, length: int) -> None:
    whole = tmp_path / "whole.bin"
    packed.write_packed(whole)
    cut = tmp_path / "cut.bin"
    cut.write_bytes(whole.read_bytes()[:length])
    with pytest.raises(EncoderError, match="Fetch its weights again"):
        E5Encoder(cut)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="not a packed encoder"):
        load_encoder("multilingual-e5-small", tmp_path / "none.bin")


def test_names_say_which_weights_they_need() -> None:
    assert weights_of("all-MiniLM-L6-v2+e5") == ("all-MiniLM-L6-v2", "multilingual-e5-small")
    assert weights_of("all-MiniLM-L6-v2+multilingual") == ("all-MiniLM-L6-v2",)
    assert weights_of("multilingual-e5-small") == ("multilingual-e5-small",)
