"""The tiny models as GGUF files, with the rows of Llama's queries and keys in the order of such files."""

from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType
from transformers import PreTrainedModel

from finetune.merging import GGUF_NAMES
from tests.finetune.training.tiny import PAD, TEMPLATE, tokenizer

OUTER = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
NORMS = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}


def write_gguf(model: PreTrainedModel, path: Path) -> Path:
    """All in float32."""
    writer = GGUFWriter(path, model.config.model_type)
    _write_shape(writer, model)
    _write_tokenizer(writer)
    for name, tensor in model.state_dict().items():
        writer.add_tensor(file_name(name), in_file(model, name, tensor.float().numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def file_name(name: str) -> str:
    """Of a tensor of transformers in a GGUF file."""
    if name in OUTER:
        return OUTER[name]
    _, _, layer, *_, piece, kind = name.split(".")
    return f"blk.{layer}.{(GGUF_NAMES | NORMS)[piece]}.{kind}"


def in_file(model: PreTrainedModel, name: str, values: np.ndarray) -> np.ndarray:
    """As llama.cpp's converter does it: the two halves of a head of a Llama are dealt out in turns."""
    config = model.config
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    piece = name.split(".")[-2]
    if config.model_type != "llama" or piece not in heads:
        return values
    by_half = values.reshape(heads[piece], 2, -1, *values.shape[1:])
    return np.ascontiguousarray(by_half.swapaxes(1, 2).reshape(values.shape))


def _write_shape(writer: GGUFWriter, model: PreTrainedModel) -> None:
    config = model.config
    writer.add_name("tiny")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)


def _write_tokenizer(writer: GGUFWriter) -> None:
    tokens = tokenizer()
    words = sorted(tokens.get_vocab(), key=tokens.get_vocab().get)
    special = set(tokens.all_special_tokens) | {"<|im_start|>"}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(words)
    writer.add_token_types([TokenType.CONTROL if w in special else TokenType.NORMAL for w in words])
    writer.add_token_merges(["a a"])
    writer.add_eos_token_id(tokens.eos_token_id)
    writer.add_bos_token_id(words.index(PAD))
    writer.add_pad_token_id(words.index(PAD))
    writer.add_chat_template(TEMPLATE)
