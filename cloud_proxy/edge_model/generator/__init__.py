"""The generator of training sentences: patterns with alternatives and slots, and the program each one means."""
