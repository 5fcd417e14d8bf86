"""Log-probabilities of replies, in the form that TRL's preference trainers ask for, from as few states as can be.

TRL lets the head read whole prompts on a CPU, where it costs a small model as much as its layers. This head reads only
the states before the tokens of a reply, as `reply_trainer` does; the numbers are the same.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel
from transformers.utils import ModelOutput
from trl.trainer.utils import FusedCausalLMOutput

from finetune.training.reply_trainer import IGNORED


class ReplyHead:
    """Takes the place of a model's `forward`, after TRL has put its own there."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._usual = model.forward

    @classmethod
    def fit(cls, model: PreTrainedModel) -> None:
        model.forward = cls(model)

    def __call__(
        self,
        *args: Any,
        fused_lm_head: bool = False,
        labels: Tensor | None = None,
        output_router_logits: bool = False,
        **kwargs: Any,
    ) -> ModelOutput:
        """labels: (rows, tokens). What is given of a token stands at the token before: (rows, tokens - 1)."""
        if not fused_lm_head or labels is None or output_router_logits:
            more = {"output_router_logits": True} if output_router_logits else {}
            return self._usual(*args, fused_lm_head=fused_lm_head, labels=labels, **more, **kwargs)
        wanted = labels[:, 1:]
        told = wanted != IGNORED
        states = self._model.base_model(*args, **kwargs | {"use_cache": False}).last_hidden_state
        logits = self._model.get_output_embeddings()(states[:, :-1][told]).float()
        log_probs = -cross_entropy(logits, wanted[told], reduction="none")
        with torch.no_grad():
            shares = logits.log_softmax(-1)
            entropy = -(shares.exp() * shares).sum(-1)
            first = logits.argmax(-1) == wanted[told]
        return FusedCausalLMOutput(
            log_probs=_placed(log_probs, told),
            entropy=_placed(entropy, told),
            mean_logits=_placed(logits.detach().mean(-1), told),
            is_top1=_placed(first, told),
            label_mask=told,
        )


def _placed(values: Tensor, told: Tensor) -> Tensor:
    return values.new_zeros(told.shape).masked_scatter(told, values)
