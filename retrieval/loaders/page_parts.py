"""What of a web page is its text: navigation, banners, forms' controls and what nobody can see is taken out.

Judges by the elements' names, roles, classes and by how much of their text is links, never by one site's layout.
"""

import re
from collections.abc import Callable, Iterator

from bs4 import Tag
from bs4.element import NavigableString, PreformattedString

from retrieval.loaders.visibility import Visibility

_NEVER = frozenset(
    """
    script style template noscript noframes nav iframe object svg canvas head input select textarea audio video dialog
    rt rp map
    """.split()  # noqa: SIM905
)
_NO_TEXT_ROLES = frozenset(
    ["navigation", "search", "contentinfo", "menu", "menubar", "alertdialog", "tablist"]
)
_SIDES = frozenset({"aside", "header", "footer"})
"""With the roles `complementary` and `banner`: left out beside the main part of a page, kept within it."""
_PARTS = (
    r"(?:[-_](?:container|wrapper|list|bar|links?|inner|box|menu|items?|header|footer|left|right|top|bottom|content|banner|"
    r"nav|popup|modal|notice|dialog|overlay|main|primary))*"
)
_FURNITURE = re.compile(
    r"(?:.*[-_])?(?:navbar|navbox|navheader|navfooter|sitenav|topnav|sphinxsidebar|breadcrumbs?|headerlink|hash-link|"
    r"header-anchor|anchor-link|anchorjs-link|heading-anchor|editsection|edit-link|edit-this-page|printfooter|catlinks|"
    r"jump-to-nav|skip-?link|skip-?nav|cookies?|consent|gdpr|pagination|paginator|prev-next|newsletter|language-switcher|"
    r"lang-switch|linenos?|linenumbers|searchbox|site-footer|page-footer|sr-only|visually-hidden|visuallyhidden|"
    rf"screen-reader-text){_PARTS}",
    re.IGNORECASE,
)
_LINKED_FURNITURE = re.compile(
    r"(?:.*[-_])?(?:nav|navi|navigation|navlinks|menu|menubar|sidebar|toc|tableofcontents|noprint|pager|share|sharing|"
    rf"social|feedback|languages|related){_PARTS}",
    re.IGNORECASE,
)
"""Names that other things have too: navigation where most of the text is links, or there is hardly any."""
_PAGE_FOOTER = re.compile(
    r"(?:site|page|global|main|doc|document|wiki)?[-_]?(?:footer|foot|colophon)", re.IGNORECASE
)
_CONTENTS = re.compile(r"toc|tableofcontents|table-of-contents|contents-list|toctree-wrapper", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s|/>»›·•:,\u2013\u2014\u2192\[\]()<«‹-]*")
_FOOTNOTE = re.compile(r"\[?\d{1,3}\]?|[*†‡]")
_ACTION = re.compile(
    r"\W*(?:¶|#|🔗|§|(?:\[)?edit(?:\])?|edit (?:this page|on \w+)|report (?:a |an )?(?:bug|problem|issue|error)\b.*|"
    r"(?:back to|go to) (?:the )?top|top(?: of page)?|print(?: this page)?|skip to (?:main )?content|"
    r"(?:view|show|page) source|permalink|share(?: this(?: page)?)?|previous|next|prev|home|up|copy(?: link)?|"
    r"fehler melden|seite bearbeiten|nach oben|zur[üu]ck|weiter|inhalt|signaler .{0,30}|haut de (?:la )?page|retour|"
    r"编辑本页|返回顶部|上一页|下一页|このページを編集)\W*",
    re.IGNORECASE,
)
_MOST_OF_A_PAGE = 0.5
_NEARLY_ALL = 0.9
_MOSTLY_LINKS = 0.8
_MANY_IN_LINKS = 0.4
_HARDLY_ANY = 60
_MANY_LINKS = 5


def main_part(page: Tag) -> Tag:
    """The element that holds the page's own text, in which nothing is left that is not text."""
    body = page.body or page
    visibility = Visibility(page)
    _prune(body, lambda tag: _is_never_text(tag) or visibility.is_hidden(tag))
    root = _marked(body) or body
    whole = _length(root)
    most = _MOST_OF_A_PAGE * whole
    if root is body:
        _prune(root, lambda tag: _is_side(tag) and _length(tag) < most)
    _prune(root, lambda tag: _is_furniture(tag) and _length(tag) < _NEARLY_ALL * whole)
    _prune(root, lambda tag: (_is_linked_furniture(tag) or _is_link_list(tag)) and _length(tag) < most)
    _prune(root, lambda tag: _is_contents(tag) and _length(tag) < _NEARLY_ALL * whole)
    _prune(root, lambda tag: _is_action(tag) or _is_line_of_links(tag))
    return root


def link_text_share(tag: Tag) -> float:
    """How much of an element's text is inside links, from 0 to 1."""
    whole = _length(tag)
    return sum(_length(link) for link in tag.find_all("a", href=True)) / whole if whole else 0.0


def _prune(tag: Tag, unwanted: Callable[[Tag], bool]) -> None:
    """Removes the outermost elements of which `unwanted` says so."""
    for child in list(tag.children):
        if isinstance(child, Tag):
            if unwanted(child):
                child.extract()
            elif child.contents:
                _prune(child, unwanted)


def _is_never_text(tag: Tag) -> bool:
    return (
        tag.name in _NEVER
        or tag.get("role") in _NO_TEXT_ROLES
        or "BreadcrumbList" in str(tag.get("itemtype", ""))
    )


def _is_side(tag: Tag) -> bool:
    """A banner, a sidebar or the foot of the page; not the head or the foot of a section."""
    if tag.find("h1") or (tag.name in ("header", "footer") and tag.find_parent(("section", "article"))):
        return False
    return tag.name in _SIDES or tag.get("role") in ("complementary", "banner")


def _marked(body: Tag) -> Tag | None:
    """The part that the page itself marks as its main one; several articles are a list, not a main part."""
    for found in (body.find_all("main"), body.find_all(role="main"), body.find_all("article")):
        if len(found) == 1 and _length(found[0]) > 0:
            return found[0]
    return None


def _is_furniture(tag: Tag) -> bool:
    """Whether its class or id calls it what never is text."""
    return tag.name not in _TEXT and any(map(_FURNITURE.fullmatch, _names(tag)))


def _is_linked_furniture(tag: Tag) -> bool:
    """Whether its class or id calls it navigation or a page's foot, and it is made of links or of hardly any words."""
    if tag.name in _TEXT:
        return False
    if any(map(_PAGE_FOOTER.fullmatch, _names(tag))):
        return True
    return any(map(_LINKED_FURNITURE.fullmatch, _names(tag))) and (
        link_text_share(tag) > _MANY_IN_LINKS or (_length(tag) < _HARDLY_ANY and tag.name not in _LISTS)
    )


def _is_contents(tag: Tag) -> bool:
    """A table of contents, also where it is most of what a chapter's first page holds."""
    named = any(map(_CONTENTS.fullmatch, _names(tag)))
    return named and tag.name not in _TEXT and link_text_share(tag) > _MANY_IN_LINKS


def _is_link_list(tag: Tag) -> bool:
    """A cell or box of many links and hardly any other text, as sidebars in tables are."""
    if tag.name not in ("td", "div", "table", "section") or tag.find(("p", "pre", "dd")):
        return False
    return len(tag.find_all("a", href=True)) >= _MANY_LINKS and link_text_share(tag) > _MOSTLY_LINKS


def _is_action(tag: Tag) -> bool:
    """A link that does something or leads somewhere, a button that opens no text, the mark of a footnote."""
    if tag.name == "sup":
        return tag.find("a") is not None and bool(_FOOTNOTE.fullmatch(tag.get_text().strip()))
    if tag.name == "button":
        return not tag.has_attr("aria-expanded") and tag.find_parent(_HEADINGS) is None
    if tag.name != "a" or tag.find(("img", "table")):
        return False
    text = tag.get_text()
    return not text.strip() or (bool(_ACTION.fullmatch(text)) and _stands_alone(tag))


_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LISTS = frozenset({"ul", "ol", "dl"})
_TEXT = frozenset({"html", "body", "main", "article", "pre", "code", "h1"})


def _stands_alone(tag: Tag) -> bool:
    """Whether a link is all that its block says, or an anchor at the end of a heading."""
    block = tag.find_parent(("p", "div", "li", "td", "center", "span", *_HEADINGS, "dt"))
    if block is None:
        return True
    rest = _length(block) - _length(tag)
    return rest == 0 or (block.name in (*_HEADINGS, "dt") and str(tag.get("href", "#")).startswith("#"))


def _is_line_of_links(line: Tag) -> bool:
    """`Home > Guides > Pumps`, `Deutsch | English`: two links or more, and nothing else but separators."""
    if line.name not in ("p", "div", "center", "td", "li"):
        return False
    links = line.find_all("a", href=True)
    if len(links) < 2 or line.find(("p", "div", "table", "ul", "ol", "br", "img")):
        return False
    between = "".join(
        text
        for text in _texts(line)
        if not any(parent.name == "a" for parent in text.parents if parent is not line)
    )
    return bool(between.strip()) and bool(_SEPARATORS.fullmatch(between))


def _names(tag: Tag) -> Iterator[str]:
    classes: str | list[str] = tag.get("class") or []
    yield from classes if isinstance(classes, list) else [classes]
    if isinstance(name := tag.get("id"), str):
        yield name


def _texts(tag: Tag) -> Iterator[NavigableString]:
    return (
        child
        for child in tag.descendants
        if isinstance(child, NavigableString) and not isinstance(child, PreformattedString)
    )


def _length(tag: Tag) -> int:
    return sum(len(text.strip()) for text in _texts(tag))
