from email.message import EmailMessage

import pytest

from retrieval.documents import Document
from retrieval.errors import UnreadableDocument
from retrieval.loaders.mail import load_eml, split_quotation


def mail(text: str = "", subject: str = "Your pump") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["Date"] = (
        subject,
        "Ann <ann@example.com>",
        "Mon, 4 May 2026 10:00:00 +0200",
    )
    if text:
        message.set_content(text)
    return message


def load(message: EmailMessage) -> list[Document]:
    return list(load_eml(bytes(message), "mails/pump.eml"))


def test_subject_sender_date_and_text_are_read() -> None:
    (document,) = load(mail("Grüße,\nit comes on Friday.\n"))
    assert document.title == "Your pump"
    assert document.text.splitlines() == [
        "Your pump",
        "From: Ann <ann@example.com>; Date: Mon, 04 May 2026 10:00:00 +0200",
        "Grüße,",
        "it comes on Friday.",
    ]


def test_what_is_quoted_stands_apart() -> None:
    (document,) = load(mail("Yes, on Friday.\n\nOn Monday Bob wrote:\n> When does\n> it come?\n"))
    assert document.text.splitlines()[2:] == ["Yes, on Friday.", "Quoted message", "When does", "it come?"]
    assert document.headings[-1].title == "Quoted message"


def test_a_forwarded_mail_is_quoted() -> None:
    own, quoted = split_quotation("See below.\n\n-----Original Message-----\nFrom: Bob\nWhen?\n")
    assert (own.strip(), quoted.strip()) == ("See below.", "From: Bob\nWhen?")


def test_html_is_read_where_there_is_no_plain_text() -> None:
    message = mail()
    message.set_content("<p>It comes on <b>Friday</b>.</p>", subtype="html")
    assert load(message)[0].text.splitlines()[-1] == "It comes on Friday."


def test_attachments_are_documents_and_those_that_cannot_be_read_are_reported() -> None:
    message = mail("See the files.")
    message.add_attachment(b"name,price\nPump,4\n", maintype="text", subtype="csv", filename="prices.csv")
    message.add_attachment(b"%PDF-1.7 torn", maintype="application", subtype="pdf", filename="torn.pdf")
    message.add_attachment(b"\x7fELF", maintype="application", subtype="octet-stream", filename="run.bin")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png")
    first, prices = load(message)
    assert (prices.source, prices.text) == ("mails/pump.eml#prices.csv", "name: Pump; price: 4")
    assert [note.partition(":")[0] for note in first.notes] == ["attachment torn.pdf", "attachment run.bin"]


def test_a_mail_within_a_mail_is_read_below_it() -> None:
    message = mail("Not delivered.")
    message.add_attachment(mail("When does it come?", subject="A question"))
    (document,) = load(message)
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Your pump"),
        (2, "A question"),
    ]
    assert document.text.endswith("When does it come?")


@pytest.mark.parametrize("encoding", ["iso-2022-jp", "no-such-encoding"])
def test_the_encoding_that_is_named_counts_if_it_is_one(encoding: str) -> None:
    said = "すみません。" if encoding == "iso-2022-jp" else "Größe"
    body = said.encode("iso-2022-jp" if encoding == "iso-2022-jp" else "cp1252")
    head = f"Subject: x\nContent-Type: text/plain; charset={encoding}\nContent-Transfer-Encoding: 8bit\n\n"
    (document,) = load_eml(head.encode() + body, "a.eml")
    assert document.text.endswith(said)


def test_what_is_no_mail_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match=r"no e-mail"):
        list(load_eml(b"\n\nhello", "a.eml"))


def test_what_an_html_mail_quotes_stands_apart_and_an_attachment_has_its_name() -> None:
    message = EmailMessage()
    message["Subject"] = "Re: Order"
    page = (
        "<p>It ships <b>today</b>.</p><div class='gmail_quote'>Bob wrote:<blockquote>When?</blockquote></div>"
    )
    message.set_content(page, subtype="html")
    message.add_attachment(
        b"item,price\npump,40\nvalve,7\n", maintype="text", subtype="csv", filename="prices.csv"
    )
    mail, table = load_eml(bytes(message), "order.eml")
    assert mail.text.splitlines() == ["Re: Order", "It ships today.", "Quoted message", "Bob wrote:", "When?"]
    assert table.title == "prices"
