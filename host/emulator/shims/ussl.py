# ussl: the old name of ssl.
from ssl import *  # noqa: F403
