"""Estimates of municipal migration and fertility from a history of registered populations."""
