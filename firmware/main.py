"""The chip runs this after boot.py: it hands over to the agent."""

from firmware import app

app.run()
