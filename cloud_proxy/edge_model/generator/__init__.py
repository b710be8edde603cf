"""The generator of training sentences: patterns with slots, and the program each means."""
