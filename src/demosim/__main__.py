"""`python -m demosim`."""

from demosim.cli import main

main()
