"""How often the model may be called. Loaded for each call to it.

The counts lie on the flash, a few ahead of the truth: it is written at every fifth call only, and
a restart costs up to four calls and wins none.
"""

from micropython import const

_AHEAD = const(5)


def call(app):
    """Count a call to the model and return None, or why there must be none now.

    app.calls: end and count of this hour, end and count of this day.
    """
    calls = app.calls
    clock = app.clock
    now = clock.now_s()
    local = clock.local()
    past = local[3] * 3600 + local[4] * 60 + local[5]
    i = 0
    for word, span in (("hour", 3600), ("day", 86400)):
        left = span - past % span
        if now >= calls[i]:
            calls[i + 1] = 0
        if not 0 < calls[i] - now <= span:  # it is over, or the clock was set
            calls[i] = now + left
        limit = app.settings["limits.calls_per_" + word]
        if calls[i + 1] >= limit:
            past = (past + left) // 60
            text = "%d model calls this %s is the limit; next at %02d:%02d"
            return text % (limit, word, past // 60 % 24, past % 60)
        i += 2
    if calls[1] % _AHEAD == 0:
        kept = (calls[0], calls[1] + _AHEAD, calls[2], calls[3] + _AHEAD)
        app.store.keep("limits", kept)
    calls[1] += 1
    calls[3] += 1
