from datetime import date, datetime, time, timedelta

import pytest

from retrieval.loaders.number_formats import shown

ACCOUNTING = '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1234.5, "General", "1234.5"),
        (3.0, "General", "3"),
        (69.11838790931989, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "$69.12"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, '#,##0.00\\ "€"', "1,234.50 €"),
        (1234.5, "#,##0.00 [$€-407]", "1,234.50 €"),
        (1234.5, "[$¥-804]#,##0", "¥1,234"),
        (0.15, "0%", "15%"),
        (0.1234, "0.0%", "12.3%"),
        (-4, "0.0", "-4.0"),
        (-4, '"$"#,##0.00_);\\("$"#,##0.00\\)', "-$4.00"),
        (98, ACCOUNTING, "$98.00"),
        (0, ACCOUNTING, ""),
        (0, "0.00", "0.00"),
        (2.5, "0.##", "2.5"),
        (2, "0.##", "2"),
        (12500, "#,##0,", "12"),
        (363, '0" kg"', "363 kg"),
        (7, "000", "007"),
        (0.5, "# ?/?", "0.5"),
        (True, "General", "TRUE"),
        (None, "General", ""),
        ("#N/A", "General", ""),
        ("#1 choice", "General", "#1 choice"),
        (datetime(2024, 5, 1), "dd/mm/yyyy", "2024-05-01"),
        (datetime(2024, 5, 1), "mmm yy", "2024-05"),
        (datetime(2024, 5, 1), "yyyy", "2024"),
        (datetime(2024, 5, 1, 12, 30), "yyyy-mm-dd h:mm", "2024-05-01 12:30"),
        (date(2024, 5, 1), "General", "2024-05-01"),
        (time(8, 5), "h:mm", "08:05"),
        (timedelta(hours=36, minutes=30), "[h]:mm", "36:30"),
    ],
)
def test_a_value_is_written_as_it_is_shown(value: object, code: str, text: str) -> None:
    assert shown(value, code) == text
