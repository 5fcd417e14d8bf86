"""Panels of tabs in a web page, each below the name of its tab, which stands in a list of buttons elsewhere."""

from bs4 import BeautifulSoup, Tag


def name_panels(page: BeautifulSoup) -> None:
    """Writes the name of each panel before its text: `Windows:`."""
    for panel in page.select("[role=tabpanel]"):
        name = _name(page, panel)
        if name and not panel.get_text(" ", strip=True).startswith(name):
            label = page.new_tag("p")
            label.string = f"{name}:"
            panel.insert(0, label)


def _name(page: BeautifulSoup, panel: Tag) -> str:
    """What the panel is labelled by, or the tab that controls it."""
    if label := panel.get("aria-label"):
        return str(label).strip()
    named, id = panel.get("aria-labelledby"), panel.get("id")
    tabs = page.select("[id]" if named else "[role=tab][aria-controls]") if named or id else []
    found = (tab for tab in tabs if (tab["id"] == named if named else tab["aria-controls"] == id))
    return next((tab.get_text(" ", strip=True) for tab in found), "")
