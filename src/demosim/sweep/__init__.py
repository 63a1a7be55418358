"""Many scenarios: what is varied, how they are run and kept, what matters, and how results differ."""
