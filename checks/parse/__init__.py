"""Readers shared by gates: HTML, CSS, JavaScript, srcset, addresses, the type checkers' output."""
