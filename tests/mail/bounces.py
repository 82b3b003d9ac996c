"""How mail servers say that a mail was not delivered, in the layouts they are known for; addresses and words are made up.

Each is what comes back for a mail of ours to `buyer@acme.example`.
"""

# ruff: noqa: E501  the lines are as long as mail servers make them

from dataclasses import dataclass

from domain.messages import MessageNature

OURS = "<0123456789abcdef@northwind-tools.example>"
_TO = "To: support@northwind-tools.example\n"
_ORIGINAL = f"From: support@northwind-tools.example\nTo: buyer@acme.example\nSubject: Re: order\nMessage-ID: {OURS}\n"
BOUNCE, DELAY = MessageNature.BOUNCE, MessageNature.AUTO_REPLY


@dataclass(frozen=True)
class Bounce:
    """A mail, and the first line that its owner must read; None where nothing is wrong."""

    raw: bytes
    line: str | None
    nature: MessageNature = BOUNCE
    names_ours: bool = True


def _report(head: str, words: str, status: str, original: str = "message/rfc822", parameters: str = "") -> bytes:
    """A multipart/report (RFC 6522): words, machine-readable status, the mail or its headers."""
    body = f"{_ORIGINAL}\nDear buyer, it left on Friday.\n" if original == "message/rfc822" else _ORIGINAL
    text = (
        f"{head}{_TO}MIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"{parameters}\n\n'
        f"--=_b\nContent-Type: text/plain; charset=utf-8\n\n{words}\n\n"
        f"--=_b\nContent-Type: message/delivery-status\n\n{status}\n\n"
        f"--=_b\nContent-Type: {original}\n\n{body}\n--=_b--\n"
    )
    return text.replace("\n", "\r\n").encode()


def _plain(head: str, words: str, original: bool = True) -> bytes:
    text = f"{head}{_TO}\n{words}\n\n{_ORIGINAL if original else ''}"
    return text.replace("\n", "\r\n").encode()


_POSTFIX = (
    "From: MAILER-DAEMON@mail.northwind-tools.example (Mail Delivery System)\nSubject: {}\nAuto-Submitted: auto-replied\n"
)
_EXCHANGE = "From: <postmaster@acme.example>\nSubject: {}\nAuto-Submitted: auto-replied\nX-MS-Exchange-Message-Is-Ndr:\n"
_GMAIL = "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: {}\nAuto-Submitted: auto-replied\n"
_EXIM = "From: Mail Delivery System <Mailer-Daemon@mail.acme.example>\nSubject: {}\nAuto-Submitted: auto-replied\n"
_SENDMAIL = (
    "From: Mail Delivery Subsystem <MAILER-DAEMON@mail.acme.example>\nSubject: {}\nAuto-Submitted: auto-generated (failure)\n"
)
_ANSWER = "550 5.1.1 <buyer@acme.example>: Recipient address rejected: User unknown"

BOUNCES: dict[str, Bounce] = {
    "postfix, user unknown": Bounce(
        _report(
            _POSTFIX.format("Undelivered Mail Returned to Sender"),
            f"This is the mail system at host mail.\n\n<buyer@acme.example>: host mx.acme.example[192.0.2.1] said: {_ANSWER}",
            "Reporting-MTA: dns; mail.northwind-tools.example\nX-Postfix-Queue-ID: 4ABC\n\n"
            "Final-Recipient: rfc822; buyer@acme.example\nOriginal-Recipient: rfc822;buyer@acme.example\nAction: failed\n"
            f"Status: 5.1.1\nRemote-MTA: dns; mx.acme.example\nDiagnostic-Code: smtp; {_ANSWER}",
        ),
        f"Mail to buyer@acme.example was refused: {_ANSWER}",
    ),
    "postfix, expired": Bounce(
        _report(
            _POSTFIX.format("Undelivered Mail Returned to Sender"),
            "I'm sorry to have to inform you that your message could not be delivered.",
            "Reporting-MTA: dns; mail\n\nFinal-Recipient: rfc822; buyer@acme.example\nAction: failed\nStatus: 4.4.1\n"
            "Diagnostic-Code: X-Postfix; connect to mx.acme.example[192.0.2.1]:25:\n    Connection timed out",
            "text/rfc822-headers",
        ),
        "Mail to buyer@acme.example could not be delivered: 4.4.1 connect to mx.acme.example[192.0.2.1]:25: Connection timed out",
    ),
    "postfix, delayed": Bounce(
        _report(
            _POSTFIX.format("Delayed Mail (still being retried)"),
            "THIS IS A WARNING ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE.",
            "Reporting-MTA: dns; mail\n\nFinal-Recipient: rfc822; buyer@acme.example\nAction: delayed\nStatus: 4.4.1\n"
            "Diagnostic-Code: X-Postfix; Connection refused\nWill-Retry-Until: Sat, 7 Mar 2026 10:00:00 +0000",
        ),
        "Mail to buyer@acme.example is delayed: 4.4.1 Connection refused",
        DELAY,
    ),
    "postfix, delivered": Bounce(
        _report(
            _POSTFIX.format("Successful Mail Delivery Report"),
            "Your message was successfully delivered.",
            "Reporting-MTA: dns; mail\n\nFinal-Recipient: rfc822; buyer@acme.example\nAction: relayed\nStatus: 2.1.5",
        ),
        None,
        DELAY,
    ),
    "postfix, one of two": Bounce(
        _report(
            _POSTFIX.format("Undelivered Mail Returned to Sender"),
            "One of your recipients.",
            "Reporting-MTA: dns; mail\n\nFinal-Recipient: rfc822; boss@acme.example\nAction: delivered\nStatus: 2.0.0\n\n"
            "Final-Recipient: rfc822; buyer@acme.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 mailbox full",
        ),
        "Mail to buyer@acme.example was refused: 5.2.2 552 mailbox full",
    ),
    "exchange, not found": Bounce(
        _report(
            _EXCHANGE.format("Undeliverable: Re: order"),
            "Delivery has failed to these recipients or groups:\n\nbuyer@acme.example\nThe email address wasn't found.",
            "Reporting-MTA: dns;EX01.acme.example\n\nFinal-recipient: RFC822;buyer@acme.example\nAction: failed\nStatus: 5.1.10\n"
            "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\nX-Display-Name: Buyer",
        ),
        "Mail to buyer@acme.example was refused: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
    ),
    "exchange in german": Bounce(
        _report(
            "From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@acme.example>\n"
            "Subject: Unzustellbar: Re: order\n",
            "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:",
            "Reporting-MTA: dns;EX01\n\nFinal-Recipient: rfc822;buyer@acme.example\nAction: failed\nStatus: 5.7.1\n"
            "Diagnostic-Code: smtp;550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
        ),
        "Mail to buyer@acme.example was refused: 550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
    ),
    "exchange, delayed": Bounce(
        _report(
            _EXCHANGE.format("Delivery delayed:Re: order"),
            "This message hasn't been delivered yet. Delivery will continue to be attempted.",
            "Reporting-MTA: dns;EX01\n\nFinal-recipient: RFC822;buyer@acme.example\nAction: delayed\nStatus: 4.4.7",
        ),
        "Mail to buyer@acme.example is delayed: 4.4.7",
        DELAY,
    ),
    "exchange 2003": Bounce(
        _report(
            "From: System Administrator <postmaster@acme.example>\nSubject: Undeliverable: Re: order\n",
            "Your message did not reach some or all of the intended recipients.",
            "Reporting-MTA: dns;ex.acme.example\n\nFinal-Recipient: RFC822;buyer@acme.example\nAction: failed\nStatus: 5.1.1\n"
            "X-Display-Name: buyer@acme.example",
        ),
        "Mail to buyer@acme.example was refused: 5.1.1",
    ),
    "office 365": Bounce(
        _report(
            _EXCHANGE.format("Undeliverable: Re: order").replace(
                "<postmaster@acme.example>", "<postmaster@acme.onmicrosoft.com>"
            ),
            "Your message to buyer@acme.example couldn't be delivered.\nbuyer wasn't found at acme.example.",
            "Reporting-MTA: dns;AM0PR01MB1.eurprd01.prod.outlook.com\nReceived-From-MTA: dns;mail\nArrival-Date: x\n\n"
            "Final-Recipient: rfc822;buyer@acme.example\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 "
            "RESOLVER.ADR.RecipientNotFound; Recipient buyer@acme.example not found by SMTP address lookup",
            parameters=";\n\tcharset=utf-8",
        ),
        "Mail to buyer@acme.example was refused: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient buyer@acme.example not"
        " found by SMTP address lookup",
    ),
    "office 365, blocked": Bounce(
        _report(
            _EXCHANGE.format("Undeliverable: Re: order"),
            "Your message wasn't delivered because the recipient's email provider rejected it.",
            "Reporting-MTA: dns;VI1PR\n\nFinal-Recipient: rfc822;buyer@acme.example\nAction: failed\nStatus: 5.7.511\n"
            "Diagnostic-Code: smtp;550 5.7.511 Access denied, banned sender[192.0.2.7]",
        ),
        "Mail to buyer@acme.example was refused: 550 5.7.511 Access denied, banned sender[192.0.2.7]",
    ),
    "gmail": Bounce(
        _report(
            _GMAIL.format("Delivery Status Notification (Failure)") + "X-Failed-Recipients: buyer@acme.example\n",
            "** Address not found **\n\nYour message wasn't delivered to buyer@acme.example.",
            "Reporting-MTA: dns; googlemail.com\nX-Original-Message-ID: x\n\nFinal-Recipient: rfc822; buyer@acme.example\n"
            "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; gmail-smtp-in.l.google.com.\nDiagnostic-Code: smtp; 550-5.1.1 The"
            " email account that you tried to reach does not exist.\n 550 5.1.1 Please try double-checking",
        ),
        "Mail to buyer@acme.example was refused: 550-5.1.1 The email account that you tried to reach does not exist."
        " 550 5.1.1 Please try double-checking",
    ),
    "gmail, delayed": Bounce(
        _report(
            _GMAIL.format("Delivery Status Notification (Delay)"),
            "** Delivery incomplete **\n\nGmail will retry for 45 more hours.",
            "Reporting-MTA: dns; googlemail.com\n\nFinal-Recipient: rfc822; buyer@acme.example\nAction: delayed\nStatus: 4.4.1\n"
            "Diagnostic-Code: smtp; The recipient server did not accept our requests to connect.",
        ),
        "Mail to buyer@acme.example is delayed: 4.4.1 The recipient server did not accept our requests to connect.",
        DELAY,
    ),
    "gmail before 2016": Bounce(
        _plain(
            _GMAIL.format("Delivery Status Notification (Failure)") + "X-Failed-Recipients: buyer@acme.example\n",
            "Delivery to the following recipient failed permanently:\n\n     buyer@acme.example\n\nTechnical details of permanent"
            " failure:\nThe error that the other server returned was: 550 5.1.1 no such user\n\n----- Original message -----",
        ),
        "Mail to buyer@acme.example was refused: 550 5.1.1 no such user",
    ),
    "amazon ses": Bounce(
        _report(
            "From: MAILER-DAEMON@eu-west-1.amazonses.com\nSubject: Delivery Status Notification (Failure)\n",
            "An error occurred while trying to deliver the mail to the following recipients:\nbuyer@acme.example",
            "Reporting-MTA: dns; a1.smtp-out.eu-west-1.amazonses.com\n\nAction: failed\nFinal-Recipient: rfc822;"
            " buyer@acme.example\nDiagnostic-Code: smtp; 550 5.4.1 Recipient address rejected: Access denied\nStatus: 5.4.1",
        ),
        "Mail to buyer@acme.example was refused: 550 5.4.1 Recipient address rejected: Access denied",
    ),
    "amazon ses, suppressed": Bounce(
        _report(
            "From: MAILER-DAEMON@amazonses.com\nSubject: Delivery Status Notification (Failure)\n",
            "Amazon SES did not send the message to this address because it is on the suppression list.",
            "Reporting-MTA: dns; amazonses.com\n\nFinal-Recipient: rfc822; buyer@acme.example\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: Amazon SES has suppressed sending to this address",
        ),
        "Mail to buyer@acme.example was refused: 5.1.1 Amazon SES has suppressed sending to this address",
    ),
    "exim": Bounce(
        _plain(
            _EXIM.format("Mail delivery failed: returning message to sender") + "X-Failed-Recipients: buyer@acme.example\n",
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to"
            " one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  buyer@acme.example\n"
            "    host mx.acme.example [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<buyer@acme.example>:\n"
            "    550 5.1.1 User unknown\n\n------ This is a copy of the message, including all the headers. ------",
        ),
        "Mail to buyer@acme.example was refused: 550 5.1.1 User unknown",
    ),
    "exim, report": Bounce(
        _report(
            _EXIM.format("Mail delivery failed: returning message to sender") + "X-Failed-Recipients: buyer@acme.example\n",
            "This message was created automatically by mail delivery software.",
            "Reporting-MTA: dns; mail\n\nAction: failed\nFinal-Recipient: rfc822;buyer@acme.example\nStatus: 5.0.0\n"
            "Remote-MTA: dns; mx.acme.example\nDiagnostic-Code: smtp; 554 5.7.1 rejected as spam",
        ),
        "Mail to buyer@acme.example was refused: 5.0.0 554 5.7.1 rejected as spam",
    ),
    "exim, delayed": Bounce(
        _plain(
            _EXIM.format("Warning: message 1abcDE-0001 delayed 24 hours"),
            "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered"
            " to one or more of its\nrecipients after more than 24 hours on the queue.",
        ),
        None,
        DELAY,
        names_ours=False,
    ),
    "qmail": Bounce(
        _plain(
            "From: MAILER-DAEMON@mail.acme.example\nSubject: failure notice\n",
            "Hi. This is the qmail-send program at mail.acme.example.\nI'm afraid I wasn't able to deliver your message to the"
            " following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<buyer@acme.example>:\n"
            "192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\nGiving up on 192.0.2.1.\n\n"
            "--- Below this line is a copy of the message.\n",
        ),
        "Mail to buyer@acme.example was refused: 550 5.1.1 no such user",
    ),
    "qmail without a code": Bounce(
        _plain(
            "From: MAILER-DAEMON@mail.acme.example\nSubject: failure notice\n",
            "Hi. This is the qmail-send program at mail.acme.example.\n\n<buyer@acme.example>:\nSorry, no mailbox here by that name."
            " (#5.1.1)\n\n--- Below this line is a copy of the message.\n",
        ),
        "Mail to buyer@acme.example could not be delivered",
    ),
    "sendmail": Bounce(
        _report(
            _SENDMAIL.format("Returned mail: see transcript for details"),
            "   ----- The following addresses had permanent fatal errors -----\n<buyer@acme.example>\n    (reason: 550 5.1.1 unknown)",
            "Reporting-MTA: dns; mail\nArrival-Date: Mon, 2 Mar 2026 10:00:00 GMT\n\nFinal-Recipient: RFC822; buyer@acme.example\n"
            "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: SMTP; 550 5.1.1 unknown\nLast-Attempt-Date: Mon, 2 Mar 2026",
        ),
        "Mail to buyer@acme.example was refused: 550 5.1.1 unknown",
    ),
    "sendmail, delayed": Bounce(
        _report(
            _SENDMAIL.format("Warning: could not send message for past 4 hours").replace("(failure)", "(warning-timeout)"),
            "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **",
            "Reporting-MTA: dns; mail\n\nFinal-Recipient: RFC822; buyer@acme.example\nAction: delayed\nStatus: 4.2.0\n"
            "Diagnostic-Code: SMTP; 451 4.2.0 greylisted",
        ),
        "Mail to buyer@acme.example is delayed: 451 4.2.0 greylisted",
        DELAY,
    ),
    "courier": Bounce(
        _report(
            'From: "Courier mail server at mail.acme.example" <postmaster@mail.acme.example>\nSubject: NOTICE: mail delivery status.\n',
            "UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<buyer@acme.example>:\n"
            "    mx.acme.example [192.0.2.1]:\n<<< 550 User unknown.",
            "Reporting-MTA: dns; mail\n\nFinal-Recipient: rfc822; buyer@acme.example\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-Code: smtp; 550 User unknown.",
        ),
        "Mail to buyer@acme.example was refused: 5.0.0 550 User unknown.",
    ),
    "zimbra, quota": Bounce(
        _report(
            _POSTFIX.format("Undelivered Mail Returned to Sender"),
            "This is the mail system at host zimbra.",
            "Reporting-MTA: dns; zimbra\n\nFinal-Recipient: rfc822; buyer@acme.example\nAction: failed\nStatus: 5.2.2\n"
            "Diagnostic-Code: smtp; 452-4.2.2 Over quota 552 5.2.2 Over quota",
            "text/rfc822-headers; charset=us-ascii",
        ),
        "Mail to buyer@acme.example was refused: 452-4.2.2 Over quota 552 5.2.2 Over quota",
    ),
    "domino": Bounce(
        _report(
            "From: Postmaster@acme.example\nSubject: DELIVERY FAILURE: User buyer (buyer@acme.example) not listed in Directory\n",
            "Your message was not delivered to: buyer@acme.example because: User not listed in Domino Directory",
            "Reporting-MTA: dns;domino.acme.example\n\nFinal-Recipient: rfc822;buyer@acme.example\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: X-Notes; User buyer (buyer@acme.example) not listed in Domino Directory",
        ),
        "Mail to buyer@acme.example was refused: 5.1.1 User buyer (buyer@acme.example) not listed in Domino Directory",
    ),
    "yahoo": Bounce(
        _report(
            "From: MAILER-DAEMON@yahoo.com\nSubject: Failure Notice\n",
            "Sorry, we were unable to deliver your message to the following address.",
            "Reporting-MTA: dns; sonic.gate.mail.ne1.yahoo.com\n\nFinal-Recipient: rfc822; buyer@acme.example\nAction: failed\n"
            "Status: 5.0.0\nDiagnostic-Code: smtp; 554 30 Sorry, your message cannot be delivered. This mailbox is disabled (554.30).",
        ),
        "Mail to buyer@acme.example was refused: 5.0.0 554 30 Sorry, your message cannot be delivered. This mailbox is disabled"
        " (554.30).",
    ),
    "qq": Bounce(
        _plain(
            "From: PostMaster@qq.com\nSubject: 系统退信/Mail delivery failed\n",
            "抱歉，您的邮件被退回来了……\n收件人邮件地址 buyer@acme.example 不存在，邮件无法送达。\nhost said: 550 Mailbox not found",
        ),
        "Mail to buyer@acme.example was refused: 550 Mailbox not found",
    ),
    "163": Bounce(
        _report(
            "From: Postmaster@163.com\nSubject: 系统退信\n",
            "很抱歉，您发送的邮件未能投递成功。",
            "Reporting-MTA: dns; m12-11.163.com\n\nFinal-recipient: rfc822; buyer@acme.example\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-code: SMTP Connect, MX mx.acme.example said: 550 User not found: buyer@acme.example",
        ),
        "Mail to buyer@acme.example was refused: 5.0.0 SMTP Connect, MX mx.acme.example said: 550 User not found:"
        " buyer@acme.example",
    ),
    "t-online": Bounce(
        _plain(
            "From: postmaster@t-online.example\nSubject: Mail delivery failed: returning message to sender\n",
            "|------------------------- Message log follows: -------------------------|\n no valid recipients were found\n"
            "|------------------------- Failed addresses follow: ---------------------|\n <buyer@acme.example> ... 550 user unknown",
        ),
        "Mail to buyer@acme.example was refused: 550 user unknown",
    ),
    "a status without action": Bounce(
        _report(
            "From: MAILER-DAEMON@gw.acme.example\nSubject: Delivery report\n",
            "Delivery report",
            "Reporting-MTA: x-local; gw\n\nFinal-Recipient: rfc822; buyer@acme.example\nStatus: 5.1.2",
        ),
        "Mail to buyer@acme.example was refused: 5.1.2",
    ),
    "a status in base64": Bounce(
        _report("From: MAILER-DAEMON@gw.acme.example\nSubject: x\n", "Sorry", "QQ==").replace(
            b"message/delivery-status\r\n\r\nQQ==",
            b"message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            b"RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGJ1eWVyQGFjbWUuZXhhbXBsZQpBY3Rpb246IGZhaWxlZApTdGF0dXM6IDUuMS4xCg==",
        ),
        "Mail to buyer@acme.example was refused: 5.1.1",
    ),
    "international address": Bounce(
        _report(
            "From: MAILER-DAEMON@gw.acme.example\nSubject: Undelivered Mail Returned to Sender\n",
            "Sorry",
            "Reporting-MTA: dns; gw\n\nFinal-Recipient: utf-8; buyer@acme.example\nAction: failed\nStatus: 5.1.1",
        ),
        "Mail to buyer@acme.example was refused: 5.1.1",
    ),
}
