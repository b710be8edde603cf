# ruff: noqa: F821  (the build puts in what is not defined here)
# ntptime: the board's clock is set from the emulator's own, as if an NTP server had answered.
host = "pool.ntp.org"
timeout = 1


def time():
    import time

    return time.time()


def settime():
    from _port import port

    port(0, OP_RTC_SYNC)
