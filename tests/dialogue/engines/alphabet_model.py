"""A model small enough for a test to write, whose answers a test can foretell.

A Qwen2 of one layer that looks only at the last character and says what comes after it: "w" is answered "xyz" and the
end; a digit by counting round and round, without end; "?" by characters of three and four bytes. Embeddings are nearly
orthogonal, attention and feed-forward are zero, and each row of the output matrix is the embedding of the token before.
"""

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize
from gguf.vocab import bytes_to_unicode

WIDTH, HEADS = 128, 2
"""Of the stream between layers, and how many attention heads share it."""
BYTES = [bytes_to_unicode()[byte] for byte in range(256)]
END, PAD = 256, 257
TOKENS = [*BYTES, "<|im_end|>", "<|endoftext|>", "zz"]
WIDE = "世🎉"
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def write_alphabet(
    path: Path,
    kind: GGMLQuantizationType = GGMLQuantizationType.F16,
    window: int = 4096,
    sure: float = 1.0,
    rival: float = 0.0,
) -> None:
    """A GGUF file whose matrices are all of `kind`.

    sure: below 1, what comes after is likelier than the rest, not certain. rival: how likely, beside the next digit, is
    a "z".
    """
    writer = GGUFWriter(path, "qwen2")
    _write_shape(writer, window)
    _write_tokenizer(writer)
    for name, matrix in _matrices(sure, rival).items():
        writer.add_tensor(name, quantize(matrix, kind), raw_dtype=kind)
    for name, size in (("attn_q", WIDTH), ("attn_k", WIDTH), ("attn_v", WIDTH)):
        writer.add_tensor(f"blk.0.{name}.bias", np.zeros(size, np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_shape(writer: GGUFWriter, window: int) -> None:
    writer.add_name("alphabet")
    writer.add_file_type(1)
    writer.add_quantization_version(2)
    writer.add_block_count(1)
    writer.add_context_length(window)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)


def _write_tokenizer(writer: GGUFWriter) -> None:
    special = {END, PAD}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(TOKENS)
    writer.add_token_types(
        [TokenType.CONTROL if n in special else TokenType.NORMAL for n in range(len(TOKENS))]
    )
    writer.add_token_merges(["z z"])
    writer.add_eos_token_id(END)
    writer.add_bos_token_id(PAD)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def _matrices(sure: float, rival: float) -> dict[str, np.ndarray]:
    embeddings = np.random.default_rng(7).standard_normal((len(TOKENS), WIDTH)).astype(np.float32)
    output = np.zeros_like(embeddings)
    for token, after in _successors().items():
        output[after] += sure * embeddings[token]
    for digit in b"0123456789":
        output[ord("z")] += rival * embeddings[digit]
    still = np.zeros((WIDTH, WIDTH), np.float32)
    names = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    return {
        "token_embd.weight": embeddings,
        "output.weight": output,
        **{f"blk.0.{name}.weight": still for name in names},
    }


def _successors() -> dict[int, int]:
    letters = b"abcdefghijklmnopqrstuvwxyz"
    digits = b"0123456789"
    wide = f"?{WIDE}".encode()
    return {
        **dict(zip(letters, [*letters[1:], END], strict=True)),
        **dict(zip(digits, [*digits[1:], digits[0]], strict=True)),
        **dict(zip(wide, [*wide[1:], END], strict=True)),
    }
