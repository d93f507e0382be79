"""The tasks of this checkout, for plain `invoke`."""

import sys

# invoke turns bytecode off, which makes every start 2.3 times as dear.
sys.dont_write_bytecode = False

from pipeline.namespace import ns  # noqa: E402 - after the line above on purpose

__all__ = ["ns"]
