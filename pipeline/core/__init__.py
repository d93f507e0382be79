"""What every other area stands on: errors, processes, output, locks, files, time."""
