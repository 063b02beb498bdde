"""Markdown from outside as HTML that can do nothing: few elements, no images, links that name a site or an address.

Two walls, each enough by itself: the parser escapes HTML, and what it gives passes an allow-list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from issues.sanitize import make_visible

LIMIT = 65_536  # characters; what GitHub itself allows in an issue's body
LOWERED_BY = 2  # the page has its own h1 and h2
SCHEMES = ("http:", "https:", "mailto:")
TAGS = {"p", "br", "hr", "em", "strong", "s", "a", "code", "pre", "blockquote", "ul", "ol", "li"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def to_html(text: str, *, limit: int = LIMIT) -> SafeString:
    """`text` as safe HTML; what is beyond `limit` characters is cut, and that is said."""
    tokens = _parser.parse(make_visible(text[:limit]))
    _lower_headings(tokens)
    for line in tokens:
        line.children = list(_without_images(line.children)) if line.children else line.children
        for token in (line, *(line.children or ())):
            token.content = make_visible(token.content)  # an entity may have brought back what was removed
    html = nh3.clean(
        _parser.renderer.render(tokens, _parser.options, {}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_only_known_schemes,
        url_schemes={scheme.rstrip(":") for scheme in SCHEMES},
        link_rel="noopener noreferrer nofollow",
    )
    cut = format_html("<p>[Cut here: the whole text has {} characters.]</p>", f"{len(text):,}")
    safe: SafeString = mark_safe(html + (cut if len(text) > limit else ""))  # noqa: S308
    return safe


def _lower_headings(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + LOWERED_BY, 6)}"


def _without_images(tokens: Sequence[Token]) -> Iterator[Token]:
    """An image becomes a link to it, or inside a link only its words: nothing is loaded from elsewhere."""
    depth = 0
    for token in tokens:
        depth += (token.type == "link_open") - (token.type == "link_close")
        if token.type != "image":
            yield token
            continue
        words = Token("text", "", 0, content=f"[image: {_words(token) or 'without description'}]")
        if depth:
            yield words
        else:
            yield from (
                Token("link_open", "a", 1, attrs={"href": token.attrs.get("src", "")}),
                words,
                Token("link_close", "a", -1),
            )


def _words(image: Token) -> str:
    return "".join(_words(child) if child.children else child.content for child in image.children or ())


def _only_known_schemes(tag: str, name: str, value: str) -> str | None:
    """Relative addresses would lead into our own pages: they are dropped, as are titles."""
    is_known = value.lower().startswith(SCHEMES) if name == "href" else name in ("start", "rel")
    return value if is_known else None
