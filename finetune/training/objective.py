"""What a language model is trained on: replies to be given, pairs of replies, or thumbs on single ones."""

from enum import StrEnum


class Objective(StrEnum):
    SUPERVISED = "supervised"
    DPO = "dpo"
    KTO = "kto"
