"""Neutral cards as e-mail: plain text, and the same as simple HTML. Pure. What people write can format or link nowhere.

Buttons stand in chat only; what takes their place is a sentence of the card itself (handlers/mail.py).
"""

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Final, assert_never

from handlers.cards.model import Buttons, Card, Divider, Element, Facts, Heading, Items, Link, Note, Quote, Text

FONT: Final = "font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5;color:#1b1b1b"


def message(card: Card, *, sender: str, to: str, delivery_id: str) -> EmailMessage:
    """The whole mail. Its id is the delivery's: of one that comes twice most mailboxes show one."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Clearway <{sender}>"
    mail["To"] = to
    mail["Subject"] = _line(card.title)
    mail["Message-ID"] = f"<{delivery_id}@{sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is to answer it
    mail.set_content(text(card))
    mail.add_alternative(html(card), subtype="html")
    return mail


def text(card: Card) -> str:
    """For those who read plain text, and for screen readers."""
    parts = [_line(card.title), *("\n".join(_text(each)) for each in card.body)]
    return "\n\n".join(each for each in parts if each) + "\n"


def html(card: Card) -> str:
    body = "\n".join("".join(_html(each)) for each in card.body)
    title = escape(_line(card.title))
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f'<body style="{FONT};margin:16px;max-width:640px">\n'
        f'<h1 style="font-size:20px">{title}</h1>\n{body}\n</body></html>\n'
    )


def _text(item: Element) -> Iterator[str]:
    match item:
        case Text(body) | Note(body):
            yield body
        case Heading(body):
            yield body
            yield "-" * len(body)
        case Quote(body, by):
            yield from (f"> {line}" for line in body.splitlines() or [""])
            if by:
                yield f"> – {by}"
        case Facts(pairs):
            yield from (f"{name}: {value}" for name, value in pairs)
        case Items(lines):
            yield from (f"- {line}" for line in lines)
        case Link(label, url):
            if _is_web(url):
                yield f"{label}: {url}"
        case Divider():
            yield "-----"
        case Buttons():
            pass
        case _:
            assert_never(item)


def _html(item: Element) -> Iterator[str]:
    match item:
        case Text(body):
            yield f"<p>{_lines(body)}</p>"
        case Note(body):
            yield f'<p style="font-size:14px;color:#555">{_lines(body)}</p>'
        case Heading(body):
            yield f'<h2 style="font-size:17px">{escape(body)}</h2>'
        case Quote(body, by):
            who = f"<br>– {escape(by)}" if by else ""
            yield f'<blockquote style="border-left:3px solid #999;margin:8px 0;padding-left:12px">{_lines(body)}{who}</blockquote>'
        case Facts(pairs):
            rows = "".join(
                f'<tr><th scope="row" style="text-align:left;vertical-align:top;padding-right:12px">{escape(name)}</th>'
                f"<td>{_lines(value)}</td></tr>"
                for name, value in pairs
            )
            yield f"<table>{rows}</table>"
        case Items(lines):
            yield "<ul>" + "".join(f"<li>{_lines(line)}</li>" for line in lines) + "</ul>"
        case Link(label, url):
            if _is_web(url):
                yield f'<p><a href="{escape(url, quote=True)}">{escape(label)}</a></p>'
        case Divider():
            yield "<hr>"
        case Buttons():
            pass
        case _:
            assert_never(item)


def _lines(words: str) -> str:
    return "<br>".join(escape(line) for line in words.splitlines())


def _line(words: str) -> str:
    return " ".join(words.split())


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not any(each.isspace() for each in url)
