"""One look for all figures: colours that colour-blind readers tell apart, type, lines."""

from __future__ import annotations

# Paul Tol's "muted" set (https://personal.sron.nl/~pault/), in an order where neighbours in a stack differ in lightness.
COLOURS = ("#332288", "#88CCEE", "#117733", "#DDCC77", "#AA4499", "#44AA99", "#882255", "#CC6677", "#999933", "#B8BEC4")
