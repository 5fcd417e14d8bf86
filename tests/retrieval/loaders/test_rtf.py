from retrieval.loaders.rtf import load_rtf


def test_paragraphs_and_tables_are_read() -> None:
    rows = "".join(
        rf"\trowd\cellx1\cellx2 {a}\cell {b}\cell\row"
        for a, b in (("Pump", "Price"), ("X-32", "4"), ("X-33", "5"))
    )
    content = (
        rf"{{\rtf1\ansi\ansicpg1252 {{\b Pumps}}\par Gr\'fc\'dfe, 5 \u8364?.\par {rows}\pard The end.\par}}"
    )
    (document,) = load_rtf(content.encode(), "pump_list.rtf")
    assert document.title == "pump list"
    assert document.text.splitlines() == [
        "Pumps",
        "Grüße, 5 €.",
        "Pump: X-32; Price: 4",
        "Pump: X-33; Price: 5",
        "The end.",
    ]
