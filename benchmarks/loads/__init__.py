"""Load and peers for benchmarks/proxy.py, each a process of its own on loopback."""
