"""File names as attackers choose them."""

_INNOCENT = ("invoice.pdf", "photo.jpg", "order 10452.xlsx", "发票.pdf", "Größe.docx")
_HIDDEN = (
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u180e",
    "\u202e",
    "\u202d",
    "\u2066",
    "\u2069",
    "\u061c",
)
_CONTROL = ("\x00", "\r\n", "\n", "\t", "\x1b[31m", "\x07", "\x7f", "\x85", "\u2028", "\u2029")
_UP = (
    "../",
    "..\\",
    "..%2f",
    "..%5c",
    "%2e%2e%2f",
    "....//",
    "..;/",
    "..\u2215",
    "/",
    "\\\\server\\share\\",
    "C:\\",
    "file:///",
)
_SECRET = (".htaccess", ".env", ".git/config", "web.config", "etc/passwd", ".ssh/authorized_keys", "php.ini")
_DEVICES = ("CON", "prn", "AUX.txt", "nul", "COM1.pdf", "lpt9", "con .txt", "COM¹", "CONIN$")
_RUN = ("exe", "scr", "js", "vbs", "lnk", "hta", "php", "jsp", "svg", "html", "xhtml", "desktop")
_MARKUP = (
    "<script>alert(1)</script>.jpg", "\"><img src=x onerror=alert(1)>.jpg", "' onmouseover='alert(1).jpg", "a`b.jpg",
    "{{7*7}}.pdf", "${7*7}.pdf", "%s%n%x.pdf", "$(reboot).pdf", "`id`.pdf", "; rm -rf ~.pdf", "| cat.pdf", "a\tb.pdf",
    "=cmd|'/c calc'!A1.csv", "@SUM(1).csv", "javascript:alert(1)", "data:text/html,x",
)  # fmt: skip
_LONG = (
    "x" * 300 + ".pdf",
    "汉" * 300 + ".pdf",
    "a." * 200 + "pdf",
    "." * 300,
    " " * 300 + "a.pdf",
    "x." + "y" * 300,
    "x" * 65_536,
)
_ODD = (
    "",
    ".",
    "..",
    "...",
    " ",
    "/",
    "\\",
    ".pdf",
    "a.pdf.",
    "a.pdf ",
    "a.pdf...",
    "-rf",
    "--",
    "~",
    "~root",
    "a:b.pdf",
    "a::$DATA",
)
_INJECTED = (
    "a.pdf\r\nX-Injected: yes\r\n\r\nbody", "=?utf-8?Q?a=0D=0AX-Injected:_1?=", "=?utf-8?B?DQpYLUluamVjdGVkOiAx?=",
    "a%0d%0aX-Injected:%20yes.pdf", 'a.pdf"; filename="b.exe', "a.pdf; name=b.exe", "a.pdf\\", '"', "utf-8''a.pdf",
    "a\ud800b.pdf", "e\u0301" * 200 + ".pdf", "\U000e0001\U000e0061.pdf", "Ⅽ:\\a.pdf",
)  # fmt: skip

NAMES = tuple(
    dict.fromkeys(
        [
            *(hidden + secret for hidden in _HIDDEN for secret in (".htaccess", ".php", "a.exe")),
            *(f"invoice{hidden}fdp.exe" for hidden in _HIDDEN),
            *(f"a{control}b.pdf" for control in _CONTROL),
            *(f"{control}.htaccess" for control in _CONTROL),
            *(up * depth + secret for up in _UP for depth in (1, 8) for secret in _SECRET[:4]),
            *_SECRET,
            *_DEVICES,
            *(f"invoice.pdf.{extension}" for extension in _RUN),
            *(f"invoice.pdf{' ' * 80}.{extension}" for extension in _RUN[:4]),
            *_MARKUP,
            *_LONG,
            *_ODD,
            *_INJECTED,
            *_INNOCENT,
        ]
    )
)
