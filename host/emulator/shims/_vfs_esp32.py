# vfs: the VM's own, without the file systems that the chip has not.
from _os_esp32 import VfsFat, VfsLfs2  # noqa: F401
from _os_esp32 import mount as _mount
from vfs import umount  # noqa: F401


def mount(*arguments, **settings):
    if arguments:
        return _mount(*arguments, **settings)
    return [entry for entry in _mount() if entry[1] != "/rom"]
