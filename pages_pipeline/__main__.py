"""Makes `python -m pages_pipeline` the `pages` program."""

from pages_pipeline import main

main()
