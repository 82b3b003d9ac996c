"""What a person wrote, out of what their mail program sent."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.mail.html_text import html_text
from activities.mail.reply_text import is_forward, reply_text

REPLIES = {
    "gmail en": "Thanks, that works.\n\nOn Mon, 2 Mar 2026 at 10:00, Support <support@x.example> wrote:\n> Hello\n> Bye",
    "gmail de": "Danke, das passt.\n\nAm Mo., 2. März 2026 um 10:00 Uhr schrieb Support <s@x.example>:\n\n> Hallo",
    "gmail fr": "Merci, c'est bon.\n\nLe lun. 2 mars 2026 à 10:00, Support <s@x.example> a écrit\u00a0:\n\n> Bonjour",
    "gmail it": "Grazie, va bene.\n\nIl giorno lun 2 mar 2026 alle ore 10:00 Support <s@x.example> ha scritto:\n\n> Ciao",
    "gmail es": "Gracias, perfecto.\n\nEl lun, 2 mar 2026 a las 10:00, Support (<s@x.example>) escribió:\n\n> Hola",
    "gmail zh": "谢谢，可以。\n\nSupport <s@x.example> 于2026年3月2日周一 10:00写道：\n\n> 您好",
    "wrapped": "Thanks.\n\nOn Monday, 2 March 2026 at 10:00,\nSupport Team <support@x.example>\nwrote:\n\n> Hello",
    "apple de": "Danke.\n\nVon meinem iPhone gesendet\n\n> Am 02.03.2026 um 10:00 schrieb Support <s@x.example>:\n>\n> Hallo",
    "apple it": "Grazie.\n\nInviato da iPhone\n\n> Il giorno 2 mar 2026, alle ore 10:00, Support <s@x> ha scritto:\n> Ciao",
    "outlook en": "Thanks.\n\nFrom: Support <s@x.example>\nSent: Monday 10:00\nTo: Anna\nSubject: RE: it\n\nHello",
    "outlook de": "Danke.\n\n____________________\nVon: Support <s@x>\nGesendet: Montag\nAn: Anna\nBetreff: AW: es\n\nHallo",
    "outlook fr": "Merci.\n\nDe\u00a0: Support <s@x>\nEnvoyé\u00a0: lundi\nÀ\u00a0: Anna\nObjet\u00a0: RE: ça\n\nBonjour",
    "outlook it": "Grazie.\n\nDa: Support <s@x>\nInviato: lunedì\nA: Anna\nOggetto: R: cosa\n\nCiao",
    "outlook es": "Gracias.\n\nDe: Support <s@x>\nEnviado el: lunes\nPara: Anna\nAsunto: RE: eso\n\nHola",
    "outlook zh": "谢谢。\n\n发件人: Support <s@x>\n发送时间: 2026年3月2日\n收件人: Anna\n主题: 回复: 订单\n\n您好",
    "old outlook": "Thanks.\n\n-----Original Message-----\nFrom: Support\nHello",
    "old outlook de": "Danke.\n\n-----Ursprüngliche Nachricht-----\nVon: Support\nHallo",
    "qq": "谢谢。\n\n--------- 原始邮件 ---------\n发件人: \"Support\" <s@x>;\n发送时间: 2026年3月2日\n\n您好",
    "163": "谢谢。\n\n\n在 2026-03-02 10:00:00，\"Support\" <s@x.example> 写道：\n> 您好",
    "163 unquoted": "谢谢。\n\nAt 2026-03-02 10:00:00, \"Support\" <s@x.example> wrote:\n您好",
    "netease mobile": "谢谢。\n\n---- 回复的原邮件 ----\n| 发件人 | Support<s@x.example> |\n| 日期 | 2026年3月2日 |\n您好",
    "foxmail": "谢谢。\n\n\n发件人： Support\n发送时间： 2026-03-02 10:00\n收件人： wang@acme.example\n主题： Re: 订单\n您好",
    "outlook zh-tw": "謝謝。\n\n寄件者: Support <s@x>\n寄件日期: 2026年3月2日\n收件者: Anna\n主旨: RE: 訂單\n\n您好",
    "iphone zh": "谢谢。\n\n发自我的iPhone\n\n> 在 2026年3月2日，10:00，Support <s@x.example> 写道：\n> \n> 您好",
    "gmail zh-tw": "謝謝。\n\nSupport <s@x.example> 於 2026年3月2日 週一 上午10:00寫道：\n\n> 您好",
    "full-width quotes": "谢谢。\n\n在 2026-03-02 10:00，“Support” <s@x.example> 写道：\n＞ 您好",
    "signature": "Thanks.\n\n-- \nAnna Berg\nPurchasing",
    "unknown language": "Kiitos.\n\nSupport <s@x.example> kirjoitti 2.3.2026 10.00:\n> Hei",
    "no blank line": "Thanks.\nOn Mon, 2 Mar 2026 at 10:00, Support <s@x.example> wrote:\n> Hello",
    "crlf": "Thanks.\r\n\r\nOn Mon, 2 Mar 2026 at 10:00, Support <s@x.example> wrote:\r\n> Hello",
}  # fmt: skip
FIRST_WORDS = ("Thank", "Danke", "Merci", "Grazie", "Gracias", "谢谢", "謝謝", "Kiitos")


@pytest.mark.parametrize("client", REPLIES)
def test_the_quote_goes_and_the_words_stay(client: str) -> None:
    mail = REPLIES[client]
    assert reply_text(mail) == mail.replace("\r\n", "\n").partition("\n")[0]
    assert reply_text(mail).startswith(FIRST_WORDS)


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        ("On Mon, 2 Mar 2026 at 10:00, S <s@x.example> wrote:\n> Which one?\n\nThe blue one.", "The blue one."),
        ("> Which one?\nThe blue one.\n> How many?\nFive.", "The blue one.\nFive."),
        ("See https://x.example:\nthere.", "See https://x.example:\nthere."),
        (
            "On 3 March 2026 your colleague wrote:\nWe will refund it.",
            "On 3 March 2026 your colleague wrote:\nWe will refund it.",
        ),
        ("Please check order 10452, due 2.3.2026:\n- 5 pieces", "Please check order 10452, due 2.3.2026:\n- 5 pieces"),
        ("From: my side all is fine.\nThanks", "From: my side all is fine.\nThanks"),
        ("On 2.3.2026 we asked:\n\nOn Mon, 2 Mar 2026 at 10:00, S <s@x.example> wrote:\n> Hi", "On 2.3.2026 we asked:"),
        ("Our numbers:\n---\n10452\n---\nThanks", "Our numbers:\n---\n10452\n---\nThanks"),
    ],
)
def test_nothing_of_the_writer_is_lost(mail: str, expected: str) -> None:
    assert reply_text(mail) == expected


@pytest.mark.parametrize("mail", ["> all quoted", "-- \nAnna", "From: a\nTo: b\nSubject: c\nDate: d", "Sent from my iPhone"])
def test_nothing_left_means_the_whole(mail: str) -> None:
    assert reply_text(mail) == mail.strip()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Merci</p><blockquote>ancien</blockquote>", "Merci"),
        ("<div>Thanks</div><div id='appendonsend'></div><hr><div id='divRplyFwdMsg'>From: S</div><div>old</div>", "Thanks"),
        ("<div><p>Thanks<div id='divRplyFwdMsg'>From</div> tail</div><div>old</div>", "Thanks"),
        ("<div>谢谢</div><includetail><div>原始邮件</div></includetail>", "谢谢"),
        ("<div>Danke</div><div class='moz-cite-prefix'>Am schrieb:</div><blockquote type='cite'>alt</blockquote>", "Danke"),
        ("<div>Hi</div><div class='a yahoo_quoted b'>old</div>", "Hi"),
        ('<?xml version="1.0" encoding="gbk"?><p>hé</p>', "hé"),
        ("<script>alert(1)</script><style>p{}</style><p>text</p>", "text"),
        ("<p>no &lt;end", "no <end"),
        ("", ""),
        ("<!-- only -->", ""),
    ],
)
def test_html_without_its_quotes(html: str, expected: str) -> None:
    assert html_text(html, without_quotes=True) == expected


def test_deeply_nested_html_does_not_stop_it() -> None:
    assert isinstance(html_text("<div>" * 20_000 + "deep"), str)


@pytest.mark.parametrize("subject", ["Fwd: x", "FW: x", "WG: x", "TR : x", "I: x", "RV: x", "转发：x"])
def test_forwards_by_subject(subject: str) -> None:
    assert is_forward(subject)
    assert not is_forward("Re: " + subject)


@given(st.text())
def test_a_text_never_becomes_empty(text: str) -> None:
    assert bool(reply_text(text)) is bool(text.strip())


@given(
    st.lists(st.sampled_from(["> q", "", "-- ", "From: a", "To: b", "Subject: c", "On 2.3.2026 10:00 a@b.de wrote:", "own"]))
)
def test_no_mixture_of_markers_makes_it_empty(lines: list[str]) -> None:
    mail = "\n".join(lines)
    assert bool(reply_text(mail)) is bool(mail.strip())


def _steps(work: Callable[[], Any]) -> int:
    """Lines of Python executed: a measure of work that no busy machine changes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "line",
    [
        "On x x x",
        "On On On On",
        "From: a",
        "> ",
        "On 2.3.2026 10:00",
        "a@b.c:",
        "-- - -- -",
        "From: x\nTo: y\n\n",
        "- " * 30,
        "：：",
        "在 2026年3月2日 10:00，某人",
        "于2026-03-02 10:00 写道",
        "在 2026-03-02 10:00:00，某人 <a@b.cn> 写道：\n您好",
        "发件人：某人\n收件人：某人\n\n",
        "主题：订单\n发送时间：今天",
        "＞ 您好",
        "---------- 原始邮件",
        "发自我的",
        "订单" * 100,
    ],
)
def test_work_grows_with_the_length_and_no_faster(line: str) -> None:
    small, large = "\n".join([line] * 200), "\n".join([line] * 800)
    assert _steps(lambda: reply_text(large)) <= 4.4 * _steps(lambda: reply_text(small)) + 200


@pytest.mark.parametrize(
    "line",
    [
        "在于" * 20_000,
        "写道：" * 20_000,
        "发件人：" * 15_000,
        "2026年3月" * 10_000,
        "原始邮件-" * 12_000,
        "＞" * 60_000 + "x",
        "On " * 20_000,
        "a@" * 20_000,
        "-" * 60_000,
        "From:" * 12_000,
        "2.3." * 15_000,
        "x" * 60_000 + ":",
    ],
)
def test_one_long_line_is_looked_at_only_in_part(line: str) -> None:
    assert reply_text(line) == line.strip()


MARKERS = (
    "> q", "＞ 引用", "", "-- ", "—", "From: a", "To: b", "Subject: c", "发件人：某人", "收件人：某人", "主题：订单",
    "On 2.3.2026", "10:00 a@b.de", "wrote:", "在 2026年3月2日", "某人 <a@b.cn>", "写道：", "：", "___________",
    "--- 原始邮件 ---", "发自我的iPhone", "words",
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(MARKERS), min_size=1, max_size=8))
def test_no_pattern_of_markers_takes_more_than_its_length(pattern: list[str]) -> None:
    small, large = "\n".join(pattern * 50), "\n".join(pattern * 200)
    assert _steps(lambda: reply_text(large)) <= 4.4 * _steps(lambda: reply_text(small)) + 200


@given(st.lists(st.sampled_from(MARKERS), max_size=30))
def test_no_mixture_of_markers_in_any_script_makes_it_empty(lines: list[str]) -> None:
    mail = "\n".join(lines)
    assert bool(reply_text(mail)) is bool(mail.strip())
