"""Numbers as readers of a language write them."""

from __future__ import annotations

from babel.numbers import format_decimal

LANGUAGES = ("nb", "nn", "en")
DASH = "–"


def number(value: float, decimals: int = 0, lang: str = "nb", sign: bool = False) -> str:
    """A number with the language's separators, a true minus sign, and no minus before a rounded zero.

    >>> number(-1234.56, 1, "nb"), number(-1234.56, 1, "en"), number(-0.04, 1, "nb"), number(2, 0, "en", sign=True)
    ('−1\\xa0234,6', '−1,234.6', '0,0', '+2')
    """
    if value != value:
        return DASH
    value = round(value, decimals)
    text = format_decimal(abs(value), format="#,##0" + ("." + "0" * decimals if decimals else ""), locale=lang)
    text = text.replace("\u202f", "\u00a0")
    if value < 0:
        return "−" + text
    return "+" + text if sign and value > 0 else text


def percent(share: float, decimals: int = 1, lang: str = "nb") -> str:
    """A share as a percentage: `2,7 %` in Norwegian, `2.7%` in English.

    >>> percent(0.027, lang="nb"), percent(0.027, lang="en")
    ('2,7\\xa0%', '2.7%')
    """
    return number(100 * share, decimals, lang) + ("%" if lang == "en" else "\u00a0%")
