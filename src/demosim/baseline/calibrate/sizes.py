"""Size classes of municipalities."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

SIZE_CUTS = (2000.0, 5000.0, 10000.0, 30000.0)


def size_classes(population: np.ndarray, cuts: tuple[float, ...] = SIZE_CUTS) -> dict[str, np.ndarray]:
    """Members of each half-open size class [low, high) and of all, by population at the launch.

    >>> [(name, int(member.sum())) for name, member in size_classes(np.array([10.0, 20.0, 30.0]), (20.0,)).items()]
    [('all', 3), ('0-20', 1), ('20+', 2)]
    """
    classes = {"all": np.ones(len(population), dtype=bool)}
    for low, high in pairwise([0.0, *sorted(cuts), np.inf]):
        name = f"{low:.0f}+" if np.isinf(high) else f"{low:.0f}-{high:.0f}"
        classes[name] = (population >= low) & (population < high)
    return classes
