from finetune.evaluation.document import document


def test_a_document_has_its_title_escaped_and_its_body_as_it_is() -> None:
    page = document("Ferries & <harbours>", "<p>At nine.</p>")
    assert page.startswith("<!doctype html>")
    assert "<title>Ferries &amp; &lt;harbours&gt;</title>" in page
    assert "<h1>Ferries &amp; &lt;harbours&gt;</h1>" in page
    assert "<p>At nine.</p>" in page


def test_it_brings_its_own_style() -> None:
    assert "prefers-color-scheme: dark" in document("Ferries", "")
