"""A sentence-transformers encoder so small that training it takes no time."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

PLACES = ("cellar", "attic", "garage", "kitchen", "garden", "hallway")
ORDERS = ("first", "second", "third", "fourth", "fifth")
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *PLACES, *ORDERS, "din", "noise")
LONGEST = 24


def tiny_encoder(folder: Path) -> Path:
    """The folder of a BERT with weights drawn by chance, which knows `WORDS`."""
    torch.manual_seed(7)
    shape = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=LONGEST,
    )
    BertModel(shape).save_pretrained(folder / "bert")
    _tokenizer().save_pretrained(folder / "bert")
    body = Transformer(str(folder / "bert"))
    model = SentenceTransformer(modules=[body, Pooling(16), Normalize()], device="cpu")
    model.save(str(folder / "encoder"), create_model_card=False)
    return folder / "encoder"


def _tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(WordPiece({word: id for id, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=LONGEST,
    )
