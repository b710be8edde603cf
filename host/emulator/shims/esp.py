# esp: sizes and log levels; the flash below the file system is not the program's here.
LOG_NONE = 0
LOG_ERROR = 1
LOG_WARNING = 2
LOG_INFO = 3
LOG_DEBUG = 4
LOG_VERBOSE = 5


def osdebug(uart, level=LOG_ERROR):
    pass


def flash_size():
    import esp32

    vfs = esp32.Partition("vfs").info()
    return vfs[2] + vfs[3]


def flash_user_start():
    import esp32

    return esp32.Partition("vfs").info()[2]


def _refuse(*_):
    raise NotImplementedError("esp's raw access to flash and pins is not emulated")


def flash_read(offset, buf):
    _refuse()


def flash_write(offset, buf):
    _refuse()


def flash_erase(sector):
    _refuse()


def gpio_matrix_in(*_):
    _refuse()


def gpio_matrix_out(*_):
    _refuse()
