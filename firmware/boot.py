"""The chip runs this first, before main.py. It is never updated over the air."""
