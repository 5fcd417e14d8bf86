"""The address of a link, as it stands behind the words that lead there: `the price list (https://example.com/prices)`."""

import re
from html import unescape

_SHOWN = re.compile(r"(?:https?://|mailto:|tel:)\S+", re.IGNORECASE)
_LONGEST = 200
_TRACKING = re.compile(r"[?&](?:utm_\w+|fbclid|gclid|ref)=[^&#]*")
_ENDS = re.compile(r"^(?:https?://(?:www\.)?|mailto:|tel:)|[/#]+$", re.IGNORECASE)
_MARKS = ("", "#", "[*]")


def with_address(text: str, address: str) -> str:
    """The text of a link with its address, unless it leads within the site or the text names it already."""
    address = _TRACKING.sub("", unescape(address.strip()))
    if len(address) > _LONGEST:
        address = address.partition("?")[0]
    if not _SHOWN.fullmatch(address) or len(address) > _LONGEST:
        return text
    said = text.casefold()
    if said.strip() in _MARKS or _ENDS.sub("", address).casefold() in said:
        return text
    return (
        f"{text.rstrip()} ({address.removeprefix('mailto:').removeprefix('tel:')}){' ' * text.endswith(' ')}"
    )
