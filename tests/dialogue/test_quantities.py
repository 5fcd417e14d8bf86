"""Numbers are compared with their units, however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dialogue.quantities import canonical, follows, mentioned_units, quantities, states


def stands(claim: str, text: str) -> bool:
    stated, units = quantities(text, every=True), mentioned_units(text)
    return all(states(stated, units, one) for one in quantities(claim))


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("10 euros", "Shipping is €10."),
        ("€10", "Versand: 10 EUR"),
        ("10 Euro", "10,00 €"),
        ("1,000 cycles", "1000 Zyklen"),
        ("1.000 Zyklen", "1,000 cycles"),
        ("1.000,50 Euro", "€1,000.50"),
        ("12 345 km", "12,345 kilometers"),
        ("20 %", "20 percent"),
        ("20 Prozent", "20%"),
        ("32 MB", "32 megabytes of RAM"),
        ("5 pm", "Open until 17:00"),
        ("17 Uhr", "closes at 5 p.m."),
        ("9:00 bis 17:00", "9–17 Uhr"),
        ("下午5点", "17:00"),
        ("22. Mai 2024", "2024-05-22"),
        ("May 22, 2024", "22.05.2024"),
        ("5月22日", "22 May"),
        ("2 weeks", "two weeks"),
        ("zwei Wochen", "2 Wochen"),
        ("两周", "2周"),
        ("三个月", "3个月"),
        ("5 million", "5,000,000"),
        ("5 Mio. Euro", "5 million euros"),
        ("montags", "Open on Monday"),
        ("7.3 CHF", "currency: CHF; price: 7.3"),
        ("14 days", "Loan period (days): 14"),
        ("version 3.8.1", "3.8.1"),
        ("in 2024", "2024年"),
        ("you may go", "nothing of the kind"),
        ("the X200", "no number at all"),
    ],
)
def test_the_same_quantity(claim: str, text: str) -> None:
    assert stands(claim, text)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("32 MB", "32-bit and 32 kB"),
        ("$150", "150 €"),
        ("10 euros", "10 days"),
        ("14 Tage", "14 Wochen"),
        ("20 %", "20 Euro"),
        ("5 pm", "17:30"),
        ("22. Mai", "22. Juni"),
        ("3个月", "3天"),
        ("two weeks", "three weeks"),
        ("Montag", "Dienstag"),
        ("10 euros", "10 of them"),
        ("1,5 kg", "15 kg"),
        ("3.8.1", "3.8.2"),
    ],
)
def test_another_quantity(claim: str, text: str) -> None:
    assert not stands(claim, text)


@pytest.mark.parametrize(
    ("number", "readings"),
    [
        ("1000", {"1000"}),
        ("1,000", {"1000", "1.000"}),
        ("0.125", {"0.125"}),
        ("0,20", {"0.2"}),
        ("1.234,50", {"1234.5"}),
        ("1,234,567", {"1234567"}),
        ("1.2.3", {"1.2.3"}),
        ("007", {"7"}),
    ],
)
def test_readings_of_a_number(number: str, readings: set[str]) -> None:
    assert canonical(number) == readings


@pytest.mark.parametrize(
    ("claim", "given", "right"),
    [
        ("27,811", "from 192,268 to 164,457", True),
        ("47", "162971 and 162924", True),
        ("14.5", "27811 and 192268", False),
        ("0.145", "27811 and 192268", True),
        ("48", "162971 and 162924", False),
    ],
)
def test_what_was_reckoned_is_reckoned_again(claim: str, given: str, right: bool) -> None:
    (one,) = quantities(claim)
    assert follows(one, quantities(given)) is right


@given(some.text())
def test_every_text_states_its_own_quantities(text: str) -> None:
    assert stands(text, text)
