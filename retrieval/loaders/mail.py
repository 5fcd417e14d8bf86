"""E-mails: subject, sender and date, the text without its quotations, and the attachments by their own loaders."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default
from pathlib import PurePosixPath

from retrieval.documents import Document, DocumentBuilder
from retrieval.errors import UnreadableDocument
from retrieval.loaders import LOADERS
from retrieval.loaders.detection import load_file
from retrieval.loaders.html import parsed, read_page
from retrieval.loaders.text import decoded, paragraphs

_QUOTED = re.compile(r"\s*>")
_INTRODUCTION = re.compile(r"(?:^|\n)[^\n>]{1,200}[:：][ \t]*\n+(?=\s*>)")
_ORIGINAL = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|ursprüngliche nachricht|message d'origine|mensaje original|"
    r"messaggio originale|forwarded message|weitergeleitete nachricht|"
    r"原始邮件|转发邮件|on .{5,99} wrote:).*|_{9,})\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTATIONS = (
    ".gmail_quote, blockquote[type=cite], .moz-cite-prefix, .yahoo_quoted, #divRplyFwdMsg, #divRplyFwdMsg ~ *, "
    "#appendonsend ~ *"
)
"""Where the programs of mail put what they quote."""
_MBOX_LINE = re.compile(rb"\AFrom [^\n]*\n")
_NO_FILES = ("image/", "audio/", "video/", "application/pkcs7", "application/pgp", "text/calendar")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says, whatever file it came in. html: read where there is no plain text."""

    subject: str
    sender: str
    date: str
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    enclosed: tuple["Mail", ...] = ()


def load_eml(content: bytes, source: str) -> Iterator[Document]:
    """The mail, and a document for each attachment of a kind that is read."""
    message = message_from_bytes(_MBOX_LINE.sub(b"", content), policy=default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise UnreadableDocument(source, "it is no e-mail")
    return read_mail(_mail(message, source), source)


def read_mail(mail: Mail, source: str) -> Iterator[Document]:
    """The documents of a mail; an attachment that cannot be read is a note of the mail's."""
    draft = DocumentBuilder()
    _add(mail, draft, 1)
    documents: list[Document] = []
    for attachment in _attachments(mail):
        suffix = PurePosixPath(attachment.name).suffix.lower()
        try:
            if suffix not in LOADERS:
                raise UnreadableDocument(attachment.name, "files of its kind are not read")
            documents += load_file(attachment.content, f"{source}#{attachment.name}")
        except UnreadableDocument as error:
            draft.note(f"attachment {attachment.name}: {error.reason}")
        except Exception as error:
            draft.note(f"attachment {attachment.name}: it is broken: {error}")
    yield draft.document(source, mail.subject)
    yield from documents


def _attachments(mail: Mail) -> Iterator[Attachment]:
    yield from mail.attachments
    for enclosed in mail.enclosed:
        yield from _attachments(enclosed)


def _add(mail: Mail, draft: DocumentBuilder, level: int) -> None:
    """A mail, and below it those that it encloses."""
    draft.heading(level, mail.subject or "(no subject)")
    draft.block(
        "; ".join(f"{name}: {value}" for name, value in (("From", mail.sender), ("Date", mail.date)) if value)
    )
    own, quoted = split_quotation(mail.text)
    if own.strip() or not mail.html:
        for line in paragraphs(own):
            draft.block(line)
    else:
        page = parsed(mail.html)
        quotations = [tag.extract() for tag in page.select(_QUOTATIONS) if tag.parent]
        read_page(page, draft)
        quoted = "\n\n".join(tag.get_text("\n", strip=True) for tag in quotations)
    if quoted.strip():
        draft.heading(level + 1, "Quoted message")
        for line in paragraphs(quoted):
            draft.block(line)
    for enclosed in mail.enclosed:
        _add(enclosed, draft, level + 1)


def split_quotation(text: str) -> tuple[str, str]:
    """What the sender wrote, and what is quoted from earlier mails, without its marks and the line that says so."""
    original = _ORIGINAL.search(text)
    own, forwarded = (text[: original.start()], text[original.end() :]) if original else (text, "")
    lines = _INTRODUCTION.sub("\n", own).splitlines()
    quoted = [_QUOTED.sub("", line) for line in lines if _QUOTED.match(line)]
    kept = [line for line in lines if not _QUOTED.match(line)]
    return "\n".join(kept), "\n".join([*quoted, forwarded])


def _mail(message: MIMEPart, source: str) -> Mail:
    texts: list[str] = []
    pages: list[str] = []
    files: list[Attachment] = []
    enclosed: list[Mail] = []
    for part in _leaves(message):
        kind, name = part.get_content_type(), part.get_filename()
        if kind == "message/rfc822":
            enclosed += [_mail(one, source) for one in part.iter_parts()]
        elif name and not kind.startswith(_NO_FILES):
            files.append(Attachment(name, _content(part)))
        elif kind == "text/html":
            pages.append(_body(part, source))
        elif kind == "text/plain":
            texts.append(_body(part, source))
    return Mail(
        str(message.get("subject", "")),
        str(message.get("from", "")),
        str(message.get("date", "")),
        "\n\n".join(texts),
        "\n".join(pages),
        tuple(files),
        tuple(enclosed),
    )


def _leaves(message: MIMEPart) -> Iterator[MIMEPart]:
    """The parts that have no parts, and enclosed mails whole."""
    if message.is_multipart() and message.get_content_type() != "message/rfc822":
        for part in message.iter_parts():
            yield from _leaves(part)
    else:
        yield message


def _body(part: MIMEPart, source: str) -> str:
    """The text of a part, in the encoding that it names if that is right."""
    content = _content(part)
    try:
        return content.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return decoded(content, source)


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
