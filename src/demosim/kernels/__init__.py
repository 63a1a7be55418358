"""Arrays in, arrays out: the recursion and its relatives. numpy and numba only."""
