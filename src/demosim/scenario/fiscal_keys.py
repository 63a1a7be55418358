"""The keys of `[fiscal]`, each in a row, for the documentation."""

from __future__ import annotations

# key, what, unit, read by
ROWS = (
    ("criteria", "counts of the cost key's criteria that are not ages: a file, or `[fiscal.criteria.NAME]`",
     "amounts by municipality", "income"),
    ("tax", "tax: a file, or a table", "kr per inhabitant by municipality", "income"),
    ("free_income", "free income: a file, or a table with `price_year` and `kr`", "kr by municipality", "room"),
    ("revenue", "operating revenue: a file, or a table", "kr of the price year by municipality", "standing"),
    ("growth", "growth in free income of a budget year, −1 000 to 1 000", "bn kr", "room"),
    ("pension", "growth of pension costs of a budget year, −1 000 to 1 000", "bn kr", "room"),
    ("refugees.adult", "rates of the integration grant, 18 years and over, by year after settlement (1 to 5)",
     "kr per person", "refugees"),
    ("refugees.child", "rates of the integration grant below 18, by year after settlement (1 to 5)",
     "kr per person", "refugees"),
    ("refugees.coverage", "grant over measured cost, above 0 and at most 10", "ratio", "refugees"),
)  # fmt: skip


def fiscal_table() -> str:
    """The keys of `[fiscal]` as a table in Markdown."""
    lines = ["| key | what | unit | read by |", "| --- | --- | --- | --- |"]
    lines += [f"| `fiscal.{key}` | {what} | {unit} | `demosim {command}` |" for key, what, unit, command in ROWS]
    return "\n".join(lines) + "\n"
