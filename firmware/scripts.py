"""Scripts: tools composed of steps, kept on the board, run without a model and without a network.

A script is {"description", "params": [names], "steps": [...]}. A model sees each as a tool.
"""

from firmware.tools import known


class Scripts:
    """The scripts of one board. running: name -> task of those that a conversation started."""

    def __init__(self, app):
        self._app = app
        self.all = app.store.load("scripts", {})
        self.running = {}

    def change(self, name, script):
        """Store a script that tool_scripts has checked, None to remove it. Raises OSError."""
        self.all = self._app.store.change("scripts", self.all, name, script)
        self.cancel(name)
        self._app.tools.refresh()
        self._app.announce()

    def get(self, name):
        """Return a script. Raises ToolError if there is none of that name."""
        return known(self.all, name)

    def cancel(self, name=None):
        """Stop one running script, or all. Returns the names of those stopped."""
        names = [n for n in self.running if name is None or n == name]
        for n in names:
            self.running.pop(n).cancel()
        return names
