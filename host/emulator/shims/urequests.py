# urequests: the old name of requests.
from requests import *  # noqa: F403
