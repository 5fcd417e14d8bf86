from retrieval.loaders.detection import load_file
from tests.retrieval.loaders.compound_files import outlook_mail

SUBJECT, BODY, SENDER, ADDRESS, HTML = 0x0037, 0x1000, 0x0C1A, 0x0C1F, 0x1013


def test_a_mail_of_outlook_is_read_with_its_attachments() -> None:
    texts = {SUBJECT: "Your pump", BODY: "It comes on Friday.\r\n", SENDER: "Ann", ADDRESS: "ann@example.com"}
    files = {"prices.csv": b"name,price\nPump,4\n", "logo.bin": b"\x00\x01"}
    mail, prices = load_file(outlook_mail(texts, files), "mails/pump.msg")
    assert mail.title == "Your pump"
    assert mail.text.splitlines() == ["Your pump", 'From: "Ann" <ann@example.com>', "It comes on Friday."]
    assert (prices.source, prices.text) == ("mails/pump.msg#prices.csv", "name: Pump; price: 4")
    assert mail.notes == ("attachment logo.bin: files of its kind are not read",)


def test_a_mail_in_html_is_read() -> None:
    (mail,) = load_file(
        outlook_mail({SUBJECT: "Your pump", HTML: "<p>It comes on <b>Friday</b>.</p>"}), "pump.msg"
    )
    assert mail.text.splitlines()[-1] == "It comes on Friday."
