"""Pieces of a page; whatever comes from outside is escaped here."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files


def document(title: str, body: Iterable[str]) -> str:
    """A whole page, which asks for nothing from anywhere."""
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, *, quiet: bool = False) -> str:
    """A paragraph, in grey if it is quiet."""
    return f"<p{' class=quiet' if quiet else ''}>{escape(text)}</p>"


def listed(texts: Iterable[str]) -> str:
    """A list of sentences."""
    return "<ul>\n" + "\n".join(f"<li>{escape(text)}</li>" for text in texts) + "\n</ul>"


def numbers(pairs: Iterable[tuple[str, str]]) -> str:
    """Numbers in boxes, each with what it is."""
    boxes = [
        f"<li><strong>{escape(value)}</strong><span>{escape(name)}</span></li>"
        for value, name in pairs
    ]
    return "<ul class=numbers>\n" + "\n".join(boxes) + "\n</ul>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: bool = False) -> str:
    """A table; the first column is to the left, and with `words` all are."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    lines = ["<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows]
    kind = " class=words" if words else ""
    return f"<table{kind}>\n<tr>{head}</tr>\n" + "\n".join(lines) + "\n</table>"


def charts(pictures: Iterable[tuple[bytes, str, bool]]) -> str:
    """Pictures in PNG, each with what it shows and whether it takes the whole width."""
    figures = []
    for png, caption, wide in pictures:
        data = base64.b64encode(png).decode()
        figures.append(
            f"<figure{' class=wide' if wide else ''}>"
            f'<img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return "<div class=charts>\n" + "\n".join(figures) + "\n</div>"
