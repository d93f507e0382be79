"""The tasks: arguments in, one call, the result shown."""
