"""Rows of the tables become the values of `dialogue.conversation`, and back."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from dialogue.conversation import Address, Citation, Conversation, Mode, OutboxMessage, Passage, Role, Turn


def conversation_from(row: RowMapping) -> Conversation:
    return Conversation(
        id=row["id"],
        address=Address(row["channel"], row["account"]),
        language=row["language"],
        mode=Mode(row["mode"]),
        consent=row["consent"],
        state=row["state"],
        state_version=row["state_version"],
        created_at=row["created_at"],
    )


def turn_from(row: RowMapping) -> Turn:
    return Turn(
        conversation=row["conversation"],
        number=row["number"],
        role=Role(row["role"]),
        text=row["text"],
        created_at=row["created_at"],
        author=row["author"],
        language=row["language"],
        reference=row["reference"],
        reply_to=row["reply_to"],
        query=row["query"],
        citations=tuple(Citation(**citation) for citation in row["citations"] or ()),
        abstained=row["abstained"],
        release=row["release"],
        attempts=row["attempts"],
    )


def parcel_from(row: RowMapping) -> OutboxMessage:
    return OutboxMessage(
        id=row["id"],
        conversation=row["conversation"],
        turn=row["turn"],
        address=Address(row["channel"], row["account"]),
        payload=row["payload"],
        attempts=row["attempts"],
        progress=row["progress"],
    )


def citation_to(citation: Citation) -> dict[str, Any]:
    return asdict(citation)


def passage_to(passage: Passage) -> dict[str, str]:
    """The passage under the digest of all that makes it: shown a thousand times, it is stored once."""
    content = {name: getattr(passage, name) for name in ("chunk", "title", "source", "text")}
    return {"digest": hashlib.sha256(json.dumps(content).encode()).hexdigest(), **content}
