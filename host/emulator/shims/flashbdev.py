# flashbdev: the block device of the files, as the chip's frozen module names it.
from esp32 import Partition

bdev = Partition.find(Partition.TYPE_DATA, label="vfs")[0]
