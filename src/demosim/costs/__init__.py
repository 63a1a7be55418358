"""From persons to kroner: services, unit costs, expenditure need, prices."""
