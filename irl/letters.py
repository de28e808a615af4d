"""Letters: a mail as text, as HTML of the same words, and as the message that a server takes. Pure.

The HTML is made of the text: paragraphs stay paragraphs and links become links, so whoever writes a
mail writes its words once. It loads nothing from anywhere.
"""

from __future__ import annotations

import email.policy
import html
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

from email_validator import validate_email

from irl.language import ENGLISH

# Lines up to RFC 5322's limit stay whole, so that a link in a mail is never broken in two.
_POLICY: Final = email.policy.SMTP.clone(max_line_length=998)

_LINK: Final = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")
_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
</head>
<body style="margin:0;padding:1.5rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere">
<div style="max-width:34rem;margin:0 auto">
{paragraphs}
</div>
</body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that is written, in a language (ISO 639-1); `html` None is made of the body."""

    recipient: str
    subject: str
    body: str
    html: str | None
    message_id: str
    created_at: datetime
    language: str = ENGLISH


def compose(letter: Letter, *, sender: str) -> EmailMessage:
    """Build the message (RFC 5322) of text and HTML (RFC 2046, section 5.1.4).

    Headers refuse line breaks by themselves. Domains go in ASCII (RFC 5891); only a recipient's
    own name beyond ASCII needs RFC 6531.

    Raises:
        ValueError: the recipient is no address, or a header has a line break in it.
    """
    to = validate_email(letter.recipient, check_deliverability=False, globally_deliverable=False)
    message = EmailMessage(policy=_POLICY.clone(utf8=to.smtputf8))
    name, address = parseaddr(sender)
    message["From"] = Address(display_name=name, addr_spec=address)
    message["To"] = Address(username=to.local_part, domain=to.ascii_domain)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.created_at)
    message["Message-ID"] = f"<{letter.message_id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    message.set_content(letter.body)
    page = letter.html
    if page is None:
        page = as_html(letter.subject, letter.body, language=letter.language)
    # In base64, so that who searches a file for a link finds the one of the text and no other.
    message.add_alternative(page, subtype="html", cte="base64")
    message["Content-Language"] = letter.language  # RFC 3282
    return message


def as_html(subject: str, body: str, *, language: str = ENGLISH) -> str:
    """Write a text as a page of HTML with the same words; everything in it is escaped."""
    found = [part.strip("\n") for part in re.split(r"\n\s*\n", body) if part.strip()]
    paragraphs = "\n".join(f'<p style="margin:0 0 1rem">{_line(part)}</p>' for part in found)
    return _PAGE.format(
        language=html.escape(language), title=html.escape(subject), paragraphs=paragraphs
    )


def _line(text: str) -> str:
    made, at = [], 0
    for link in _LINK.finditer(text):
        address = html.escape(link[0])
        made += [html.escape(text[at : link.start()]), f'<a href="{address}">{address}</a>']
        at = link.end()
    made.append(html.escape(text[at:]))
    return "".join(made).replace("\n", "<br>\n")
