"""Care spending by who uses care: residents of institutions, and hours of home services. All of it is rough."""

from __future__ import annotations

import numpy as np

from demosim.costs.figures import Part, facts, persons
from demosim.costs.services import Spread

OLD = ((67, 79), (80, 89), (90, 105))
YOUNG = ((0, 17), (18, 49), (50, 66))


def care_user_parts(spread: Spread, year: int) -> list[Part]:
    """Shares of care spending by age band, from users and hours.

    Spending is split into institutions (with acute care) and home services (with staffed housing). Institutions go by
    residents: coverage of 80+ in the year, 80-89 and 90+ in the proportion of the constants, a quarter below 80 split
    as it was. Home services go by users × hours a week: users 67+ as they were by band, scaled to the coverage of 80+
    in the year; users under 67 by their share of all users. Sources: data/facts/care_users.csv.
    """
    number = persons(year)
    table = facts(spread.facts)

    def value(item: str, group: str, at: int | None = None) -> float:
        rows = table[(table["item"] == item) & (table["age_group"] == group)]
        return float((rows if at is None else rows[rows["year"] == at])["value"].iloc[-1])

    count = {f"{a}-{b}" if b < 105 else f"{a}+": number[a : b + 1].sum() for a, b in ((0, 66), *OLD, *YOUNG)}
    names = ("67-79", "80-89", "90+")
    covered = count["80-89"] + count["90+"]
    ratio = spread.constants["residents_per_100_90"] / spread.constants["residents_per_100_80_89"]
    lived = value("institution_coverage", "80+", year) / 100 * covered / (count["80-89"] + ratio * count["90+"])
    residents = {"80-89": lived * count["80-89"], "90+": lived * ratio * count["90+"]}
    below = {group: value("institution_users_old", group) * count[group] for group in ("0-66", "67-79")}
    under_80 = sum(residents.values()) * (1 / spread.constants["residents_over_79"] - 1)
    residents |= {group: users / sum(below.values()) * under_80 for group, users in below.items()}
    before = {group: value("home_users_old", group) * count[group] for group in names}
    scale = value("home_service_coverage", "80+", year) / 100 * covered / (before["80-89"] + before["90+"])
    home = {group: users * scale for group, users in before.items()}
    under = np.mean([value("share_of_home_service_users", "0-66", at) for at in (2023, 2025)]) / 100
    users = {f"{a}-{b}": value("all_users", f"{a}-{b}") * count[f"{a}-{b}"] for a, b in YOUNG}
    hours = {group: number_of * value("home_service_hours", group) for group, number_of in users.items()}
    week = {group: home[group] * value("home_service_hours", group) for group in names}
    week["0-66"] = sum(home.values()) * under / (1 - under) * sum(hours.values()) / sum(users.values())
    institution = value("cost_share_institution", "all") + value("cost_share_acute", "all")
    share = {
        group: institution * residents[group] / sum(residents.values())
        + (1 - institution) * week[group] / sum(week.values())
        for group in ("0-66", *names)
    }
    parts = [Part(a, b, share[name], "care users") for (a, b), name in zip(OLD, names, strict=True)]
    young = sum(hours.values())
    return parts + [Part(a, b, share["0-66"] * hours[f"{a}-{b}"] / young, "care users") for a, b in YOUNG]
