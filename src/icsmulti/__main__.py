"""`python -m icsmulti` is `icsmulti`."""

from icsmulti.cli import main

main()
