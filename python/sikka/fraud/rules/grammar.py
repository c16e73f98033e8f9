"""The part of rule_engine's language that rules may use, and the way to its tree.

The library knows more: attributes, calls, comprehensions, regular expressions, powers, shifts. It
computes what is constant while it parses, so an expression must be refused before it gets there.
What stands in a text is therefore looked at first, and what is not known here is not let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

from rule_engine import Context, DataType, Rule
from rule_engine.ast import ExpressionBase
from rule_engine.errors import EngineError, RuleSyntaxError

from sikka.domain.errors import InvalidRequest
from sikka.fraud.rules.names import NUMBERS, TEXTS

PARAM = "expression"
CHARACTERS_MAX = 4_096
TOKENS_MAX = 800
# The tree is walked by functions that call each other, at most one a level for each of these.
OPERATORS_MAX = 100

_TOKEN = re.compile(
    r"""(?P<space>[ \t\n]+)
    |(?P<number>[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?(?![0-9A-Za-z_.]))
    |(?P<text>"[^"\\\n]*"|'[^'\\\n]*')
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*(?!['"]))
    |(?P<operator>==|!=|<=|>=|\?\?|<(?!<)|>(?!>)|[-+%]|\*(?!\*)|/(?!/))
    |(?P<mark>[(),\[\]])""",
    re.VERBOSE,
)
_OPERATOR_WORDS = {"and", "or", "not", "in"}
_CONSTANT_WORDS = {"true", "false", "null"}
_KNOWN = {*NUMBERS, *TEXTS}
_SHOWN_MAX = 40

# The kinds of what is named are checked by `sikka.fraud.rules.expression`: the library has no
# kind for a number that may be missing and yet be compared.
_CONTEXT = Context(type_resolver=lambda _name: DataType.UNDEFINED, default_timezone="utc")


class Token(NamedTuple):
    """A part of an expression, and where it begins, from 1 on."""

    kind: str
    text: str
    place: int


def parsed(text: str) -> ExpressionBase:
    """The tree of an expression.

    Raises:
        InvalidRequest: `rule_invalid`: it is too long, has what is not part of the language, names
            what does not exist, or makes no sense to the library. The message says what and where.
    """
    if not text.strip():
        raise refused("it is empty")
    if len(text) > CHARACTERS_MAX:
        raise refused(f"it has more than {CHARACTERS_MAX} characters")
    tokens = list(tokens_of(text))
    if len(tokens) > TOKENS_MAX:
        raise refused(f"it has more than {TOKENS_MAX} parts")
    operators = [token for token in tokens if token.kind == "operator"]
    if len(operators) > OPERATORS_MAX:
        raise refused(f"it has more than {OPERATORS_MAX} operators", operators[OPERATORS_MAX].place)
    try:
        return Rule(text, _CONTEXT).statement.expression
    except RuleSyntaxError as error:
        place = len(text) if error.token is None else error.token.lexpos + 1
        what = "this is not where it can stand" if error.token else "it breaks off"
        raise refused(what, place) from None
    except EngineError as error:
        raise refused(f"a part of it cannot be computed: {error.message}") from None


def tokens_of(text: str) -> Iterator[Token]:
    """The parts of an expression, in order, without the space between them.

    Raises:
        InvalidRequest: one of them is not part of the language.
    """
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise refused(f"{_shown(text[place:])} is not part of the language", place + 1)
        kind, part = found.lastgroup or _group(found), found.group()
        if kind != "space":
            yield _checked(Token(kind, part, place + 1))
        place = found.end()


def refused(what: str, place: int | None = None) -> InvalidRequest:
    """The error of an expression: what is wrong with it, and where."""
    where = "" if place is None else f" at character {place}"
    return InvalidRequest("rule_invalid", f"{PARAM}{where}: {what}", param=PARAM)


def _group(found: re.Match[str]) -> str:
    """The kind of a token: the named group, whatever groups without a name are in it."""
    return next(name for name, value in found.groupdict().items() if value is not None)


def _checked(token: Token) -> Token:
    if token.kind != "word" or token.text in _CONSTANT_WORDS:
        return token
    if token.text in _OPERATOR_WORDS:
        return token._replace(kind="operator")
    if token.text not in _KNOWN:
        close = get_close_matches(token.text[:_SHOWN_MAX], _KNOWN, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise refused(f"nothing is called {_shown(token.text)}{hint}", token.place)
    return token


def _shown(text: str) -> str:
    """How an error names what stands at the beginning of a text: a word, or a sign or two."""
    found = re.match(r"[A-Za-z_][A-Za-z0-9_]*|[!-~]{1,2}", text)
    return repr(found.group()[:_SHOWN_MAX]) if found else "this"
