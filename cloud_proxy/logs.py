"""Logs on stderr, as text or as a JSON object a line. Neither has sentences, answers or keys."""

import json
import logging
import sys
from time import gmtime, strftime


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = strftime("%Y-%m-%dT%H:%M:%S", gmtime(record.created))
        line: dict[str, str] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def begin(verbose: bool, as_json: bool) -> None:
    """Log to stderr from now on; verbose: what goes well too."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonLines() if as_json else text)
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # we say it, without a traceback
    logging.getLogger("gmqtt").setLevel(logging.CRITICAL)  # the link says what matters of it
