"""The command line, the emulated board and everything else on a desktop."""
