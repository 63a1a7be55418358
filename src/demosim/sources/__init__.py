"""Official figures and local files: fetched, kept as they came, checked, and turned into the declared form."""
