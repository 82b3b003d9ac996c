"""HTML of strangers made harmless: no script, no style sheet, no form, nothing loaded from elsewhere."""

import nh3

_TAGS = frozenset(
    "a abbr b bdi bdo blockquote br caption center code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i ins kbd li"
    " mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul".split()
)
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "title", "valign"},
    "a": {"href"},
    "td": {"colspan", "rowspan", "width"},
    "th": {"colspan", "rowspan", "width"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "font": {"color", "size"},
    "ol": {"start", "type"},
}
_DROPPED_WITH_CONTENT = {"script", "style", "title", "head", "noscript", "template", "iframe", "object", "embed", "svg", "math"}
_SCHEMES = {"http", "https", "mailto", "tel"}

HTML_LIMIT = 1_000_000
"""Characters of HTML that are shown; what is longer is cut, the text beside it is whole."""


def cleaned(html: str) -> str:
    """What may be shown of `html`. Pictures go (they tell the sender who read the mail), links stay and open elsewhere."""
    return nh3.clean(
        html[:HTML_LIMIT],
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        clean_content_tags=_DROPPED_WITH_CONTENT,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
