"""Which part of a dataset an example belongs to: all of one conversation is in the same part, for ever.

Knows ids only: `source:group:rest`, where the group is a conversation, a paragraph or whatever belongs together.
"""

import hashlib

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
TENTHS = (TRAIN,) * 8 + (VALIDATION, TEST)


def group_of(example: str) -> str:
    """The middle field of an id; an id without fields stands for itself."""
    fields = example.split(":")
    return fields[1] if len(fields) > 1 else example


def split_of(group: str) -> str:
    """80 % train, 10 % validation, 10 % test, by a hash."""
    digest = hashlib.sha256(group.encode("utf-8", "surrogatepass")).digest()
    return TENTHS[int.from_bytes(digest[:8], "big") % len(TENTHS)]


def pseudonym(conversation: str) -> str:
    """A conversation in ids of examples: its own id opens it, so it stays out of what is trained on and shown."""
    return hashlib.sha256(conversation.encode()).hexdigest()[:16]
