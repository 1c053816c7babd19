"""`python -m sim` is `ztna-sim`."""

from sim.cli import main

main()
