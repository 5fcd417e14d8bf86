"""Converts rows of the tables to the values of `dialogue.conversation` and back."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from dialogue.conversation import (
    Address,
    Answer,
    Citation,
    Conversation,
    Mode,
    OutboxMessage,
    Passage,
    RecordedMessage,
    Role,
    Turn,
    Utterance,
)
from dialogue.store.database import now


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
        about=row["about"],
        query=row["query"],
        citations=tuple(Citation(**citation) for citation in row["citations"] or ()),
        abstained=row["abstained"],
        release=row["release"],
        attempts=row["attempts"],
    )


def answer_from(row: RowMapping, passages: Sequence[Passage]) -> Answer:
    """The answer that an assistant's turn was committed as, with the passages that it was made from."""
    turn = turn_from(row)
    return Answer(
        text=turn.text,
        query=turn.query or "",
        citations=turn.citations,
        passages=tuple(passages),
        abstained=turn.abstained,
        language=row["language"],
        release=turn.release or "",
        failed=row["failed"],
        timings=row["timings"] or {},
        conversation=turn.conversation,
        turn=turn.number,
    )


def outbox_message_from(row: RowMapping) -> OutboxMessage:
    return OutboxMessage(
        id=row["id"],
        conversation=row["conversation"],
        turn=row["turn"],
        address=Address(row["channel"], row["account"]),
        payload=row["payload"],
        attempts=row["attempts"],
        progress=row["progress"],
    )


def passage_row(passage: Passage) -> dict[str, str]:
    """The passage with a digest of its content as its key, so that it is stored once however often it is shown."""
    content = {name: getattr(passage, name) for name in ("chunk", "title", "source", "text")}
    return {"digest": hashlib.sha256(json.dumps(content).encode()).hexdigest(), **content}


def user_turn_row(utterance: Utterance, conversation: RowMapping, about: int | None = None) -> dict[str, Any]:
    """A user turn; the `last_turn` of the conversation's row is its number."""
    return {
        "conversation": conversation["id"],
        "number": conversation["last_turn"],
        "role": Role.USER,
        "text": utterance.text,
        "channel": conversation["channel"],
        "account": conversation["account"],
        "external_id": utterance.external_id,
        "author": utterance.author,
        "language": utterance.language,
        "reference": utterance.reference,
        "pending": conversation["mode"] == Mode.BOT,
        "about": about,
        "attempts": 0,
        "abstained": False,
        "failed": False,
        "created_at": now(),
    }


def recorded_turn_row(message: RecordedMessage, conversation: RowMapping) -> dict[str, Any]:
    """A turn of either role that waits for nothing; the `last_turn` of the conversation's row is its number."""
    address = Address(conversation["channel"], conversation["account"])
    utterance = Utterance(address, "", message.text, reference=message.reference)
    row = user_turn_row(utterance, conversation)
    return row | {"role": message.role, "external_id": None, "pending": False}


def assistant_turn_row(answer: Answer, turn: Turn, conversation: RowMapping) -> dict[str, Any]:
    """The answer to `turn`; the `last_turn` of the conversation's row is its number."""
    return {
        "conversation": conversation["id"],
        "number": conversation["last_turn"],
        "role": Role.ASSISTANT,
        "text": answer.text,
        "channel": conversation["channel"],
        "account": conversation["account"],
        "language": answer.language,
        "pending": False,
        "attempts": 0,
        "reply_to": turn.number,
        "query": answer.query,
        "citations": [asdict(citation) for citation in answer.citations],
        "abstained": answer.abstained,
        "failed": answer.failed,
        "release": answer.release,
        "timings": dict(answer.timings),
        "created_at": now(),
    }


def outbox_row(payload: Mapping[str, Any], conversation: RowMapping) -> dict[str, Any]:
    """What the channel rendered of the newest turn."""
    moment = now()
    return {
        "conversation": conversation["id"],
        "turn": conversation["last_turn"],
        "channel": conversation["channel"],
        "account": conversation["account"],
        "payload": dict(payload),
        "progress": 0,
        "attempts": 0,
        "due_at": moment,
        "delivered": False,
        "created_at": moment,
    }
