"""Mails that Outlook has saved."""

from collections.abc import Iterator
from io import BytesIO

from oxmsg import Message

from retrieval.documents import Document
from retrieval.loaders.mail import Attachment, Mail, read_mail


def load_msg(content: bytes, source: str) -> Iterator[Document]:
    """The mail, and a document for each attachment of a kind that is read."""
    message = Message.load(BytesIO(content))
    files = ((one.file_name, one.file_bytes) for one in message.attachments)
    mail = Mail(
        message.subject or "",
        message.sender or "",
        f"{message.sent_date:%Y-%m-%d %H:%M}" if message.sent_date else "",
        message.body or "",
        message.html_body or "",
        tuple(Attachment(name, data) for name, data in files if name and data),
    )
    return read_mail(mail, source)
