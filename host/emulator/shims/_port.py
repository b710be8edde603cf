# The way out of the VM: port(value, operation) -> int. See host_calls.py.
port = open("\x01port", "r+b").seek
