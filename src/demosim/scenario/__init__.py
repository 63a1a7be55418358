"""The user's changes to a baseline: as written, checked, resolved."""
