"""`python -m ringlog` is `ringlog`."""

from ringlog.cli.main import main

main()
