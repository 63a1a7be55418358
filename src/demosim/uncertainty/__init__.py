"""How wrong a projection may be: errors of earlier ones, and the fan."""
