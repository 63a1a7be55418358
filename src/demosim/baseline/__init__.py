"""From registered figures to a data set: jump-off population, rates, national paths, municipal estimates."""
