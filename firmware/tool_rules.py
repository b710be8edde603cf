"""Tools that make, list and remove rules."""


def rule_set(app, when, do, name=None, **more):
    """Store a rule; a rule of the same name is replaced."""
    return {"name": app.rules.set(name, when, more.get("if"), do)}


def rule_list(app):
    """List."""
    return {"rules": app.rules.words()}


def rule_delete(app, name):
    """Delete."""
    app.rules.delete(name)
    return {"name": name}


def rule_enable(app, name, enabled):
    """Switch on or off."""
    app.rules.enable(name, enabled)
    return {"name": name, "enabled": enabled}
