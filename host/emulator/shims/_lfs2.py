# ruff: noqa: F821  (the build puts in what is not defined here)
# VfsLfs2, VfsFat: they are on the host, the block device is asked here; see guest_volumes.py.
import io
from array import array

from _port import port
from uctypes import addressof, bytearray_at

_READ = const(1)
_PROGRAM = const(2)
_ERASE = const(3)
_COUNT = const(4)  # ioctl
_SIZE = const(5)
_ERASE_BLOCK = const(6)
_EINVAL = const(22)
_EROFS = const(30)
_ENODEV = const(19)
_SMALLEST = const(128)
_NAME_AT = const(16)  # in the box: after four words
_BOX = const(68)  # words
_CHUNK = const(64)
_TO_2000 = const(946684800)
_FLUSH = const(1)  # requests of C code to a stream
_CLOSE = const(4)


def _code(answer):
    # What a device's method has returned, as an error's number.
    if answer is None:
        return 0
    if not isinstance(answer, int) or answer > 0:
        return _EINVAL
    return -answer


_MODES = {"r": 1, "w": 0x502, "x": 0x302, "a": 0x902}  # LittleFS's flags


class FileIO(io.IOBase):
    def __init__(self, volume, path, flags):
        self._volume = volume
        self._file = 0
        self._file = volume._do(OP_VOLUME_OPEN, path, flags)[0]

    def _open(self):
        if not self._file:
            raise self._volume._closed
        return self._volume

    def readinto(self, buf, size=-1):
        size = len(buf) if size < 0 else min(size, len(buf))
        return self._open()._do(OP_VOLUME_READ, self._file, addressof(buf), size)[0]

    def write(self, data):
        if isinstance(data, str):
            data = data.encode()
        elif not isinstance(data, (bytes, bytearray)):
            data = bytes(data)
        return self._open()._do(OP_VOLUME_WRITE, self._file, addressof(data), len(data))[0]

    def seek(self, offset, whence=0):
        return self._open()._do(OP_VOLUME_SEEK, self._file, offset, whence)[0]

    def tell(self):
        return self.seek(0, 1)

    def _bytes(self, size):
        if size is None or size < 0:
            box = self._open()._do(OP_VOLUME_SEEK, self._file, 0, 1)
            size = max(0, box[1] - box[0])
        data = bytearray(size)
        return bytes(memoryview(data)[: self.readinto(data)])

    def _line(self, size):
        line = b""
        while size:
            more = self._bytes(_CHUNK if size < 0 else min(size, _CHUNK))
            end = more.find(b"\n") + 1
            if end:
                self.seek(end - len(more), 1)
                return line + more[:end]
            line += more
            if len(more) < _CHUNK:
                break
            if size > 0:
                size -= len(more)
        return line

    def read(self, size=-1):
        return self._bytes(size)

    def readline(self, size=-1):
        return self._line(size)

    def readlines(self):
        return list(self)

    def flush(self):
        self._open()._do(OP_VOLUME_SYNC, self._file)

    def close(self):
        file, self._file = self._file, 0
        if file:
            self._volume._do(OP_VOLUME_CLOSE, file)

    def ioctl(self, request, argument):
        try:
            if request == _CLOSE:
                self.close()
            elif request == _FLUSH:
                self.flush()
            else:
                return -_EINVAL
        except OSError as error:
            return -error.errno
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __repr__(self):
        return "<io." + type(self).__name__ + ">"


class TextIOWrapper(FileIO):
    def read(self, size=-1):
        if size is None or size < 0:
            return self._bytes(-1).decode()
        text = b""
        while True:
            count = 0
            for byte in text:
                count += byte & 0xC0 != 0x80
            missing = size - count
            if text and not missing:  # the last letter may have more bytes
                lead = len(text) - 1
                while text[lead] & 0xC0 == 0x80:
                    lead -= 1
                first = text[lead]
                length = 1 + (first >= 0xC0) + (first >= 0xE0) + (first >= 0xF0)
                missing = length - (len(text) - lead)
            more = self._bytes(missing) if missing > 0 else b""
            if not more:
                return text.decode()
            text += more

    def readline(self, size=-1):
        return self._line(size).decode()


class _Listing:
    def __init__(self, volume, path):
        self._volume = volume
        self._is_text = not isinstance(path, bytes)
        self._number = volume._do(OP_VOLUME_LIST, volume._path(path))[0]

    def __iter__(self):
        return self

    def __next__(self):
        if not self._number:
            raise StopIteration
        box = self._volume._do(OP_VOLUME_NEXT, self._number)
        kind, size = box[0], box[1]
        if not kind:
            self._number = 0
            raise StopIteration
        name = bytes(bytearray_at(addressof(box) + _NAME_AT, box[2]))
        return (name.decode() if self._is_text else name, 0x8000 if kind == 1 else 0x4000, 0, size)


class _Volume:
    def _do(self, operation, *arguments):
        # Does it, serving what it asks of the device; returns the words of the answer.
        for value in arguments:
            if isinstance(value, (str, bytes)):
                if isinstance(value, str):
                    value = value.encode()
                port(addressof(value), OP_PUSH)
                port(len(value), OP_PUSH)
            else:
                port(value, OP_PUSH)
        raised = None
        request = port(self._number, operation)
        while request:
            data = self._box
            try:
                code, data = self._serve(request)
            except BaseException as error:
                raised, code = error, 5
            port(code, OP_PUSH)
            port(addressof(data), OP_PUSH)
            try:
                request = port(self._number, OP_VOLUME_ANSWER)
            except OSError:
                if raised is None:
                    raise
                request = 0
        if raised is not None:
            raise raised
        return self._box

    def _path(self, path):
        if isinstance(path, bytes):
            path = path.decode()
        return path if path.startswith("/") else self._folder + path

    def umount(self):
        pass

    def open(self, path, mode="r"):
        flags, kind = 0, TextIOWrapper
        for letter in mode:
            more = _MODES.get(letter, 0)
            if letter == "+":
                flags |= 3
            elif letter == "b":
                kind = FileIO
            elif letter == "t":
                kind = TextIOWrapper
            if more:
                if flags:
                    raise ValueError
                flags = more
        return kind(self, self._path(path), flags or 1)

    def ilistdir(self, path=""):
        return _Listing(self, path)

    def mkdir(self, path):
        self._do(OP_VOLUME_MKDIR, self._path(path))

    def remove(self, path):
        self._do(OP_VOLUME_REMOVE, self._path(path))

    def rmdir(self, path):
        self._do(OP_VOLUME_RMDIR, self._path(path))

    def rename(self, old, new):
        self._do(OP_VOLUME_RENAME, self._path(old), self._path(new))

    def chdir(self, path):
        parts = []
        for part in self._path(path).split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in ("", "."):
                parts.append(part)
        if parts and self.stat("/" + "/".join(parts))[0] != 0x4000:
            raise OSError(2)
        self._folder = "/" + "".join([part + "/" for part in parts])

    def getcwd(self):
        return self._folder[:-1] or "/"

    def stat(self, path):
        box = self._do(OP_VOLUME_STAT, self._path(path))
        time = box[2] - _TO_2000 if box[2] else 0
        return (0x8000 if box[0] == 1 else 0x4000, 0, 0, 0, 0, 0, box[1], time, time, time)

    def statvfs(self, path):
        box = self._do(OP_VOLUME_USAGE)
        free = box[1] - box[2]
        return (box[0], box[0], box[1], free, free, 0, 0, 0, 0, 255)


class VfsLfs2(_Volume):
    def __init__(self, bdev, readsize=32, progsize=32, lookahead=32, mtime=True):
        self._begin(bdev, readsize, progsize, lookahead, mtime)
        self._do(OP_VOLUME_MOUNT)

    def _begin(self, bdev, readsize, progsize, lookahead, mtime):
        self._read = bdev.readblocks
        self._device = bdev
        self._closed = ValueError()
        self._is_readonly = not hasattr(bdev, "writeblocks")
        self._folder = "/"
        self._box = array("I", (0 for _ in range(_BOX)))
        bdev.ioctl(1, 1)
        size, count = bdev.ioctl(_SIZE, 0), bdev.ioctl(_COUNT, 0)
        if size < _SMALLEST:
            raise NotImplementedError("LittleFS with blocks below 128 bytes is not emulated")
        for value in (addressof(self._box), size, count, readsize, progsize, lookahead):
            port(value, OP_PUSH)
        self._number = port(1 if mtime else 0, OP_VOLUME_NEW)

    @staticmethod
    def mkfs(bdev, readsize=32, progsize=32, lookahead=32, mtime=True):
        volume = object.__new__(VfsLfs2)
        volume._begin(bdev, readsize, progsize, lookahead, mtime)
        volume._do(OP_VOLUME_FORMAT)

    def mount(self, readonly, mkfs):
        if readonly:
            self._is_readonly = True

    def _serve(self, request):
        box, device = self._box, self._device
        block, offset = box[0], box[1]
        if request == _READ:
            data = bytearray(box[2])
            return _code(self._read(block, data, offset)), data
        if request == _PROGRAM:
            if self._is_readonly:
                return _EROFS, self._box
            data = bytearray(box[2])
            port(addressof(data), OP_PUSH)
            port(self._number, OP_VOLUME_FETCH)
            return _code(device.writeblocks(block, data, offset)), self._box
        if request == _ERASE:
            if self._is_readonly:
                return _EROFS, self._box
            return _code(int(device.ioctl(_ERASE_BLOCK, block))), self._box
        return _code(device.ioctl(3, 0)), self._box


class VfsFat(_Volume):
    def __init__(self, bdev):
        self._begin(bdev)
        try:
            self._do(OP_VOLUME_MOUNT)
        except OSError as error:
            if error.errno != _ENODEV:  # mount may make one
                raise

    def _begin(self, bdev):
        self._read = bdev.readblocks
        self._device = bdev
        self._closed = OSError(_EINVAL)
        self._is_readonly = not hasattr(bdev, "writeblocks")
        self._folder = "/"
        self._box = array("I", (0 for _ in range(_BOX)))
        if hasattr(bdev, "ioctl"):
            bdev.ioctl(1, 1)
            size, count = bdev.ioctl(_SIZE, 0) or 512, bdev.ioctl(_COUNT, 0)
        else:  # the protocol of old
            size, count = 512, bdev.count()
        port(size, OP_PUSH)
        port(count, OP_PUSH)
        self._number = port(addressof(self._box), OP_VOLUME_FAT)

    @staticmethod
    def mkfs(bdev):
        volume = object.__new__(VfsFat)
        volume._begin(bdev)
        volume._do(OP_VOLUME_FORMAT)

    def mount(self, readonly, mkfs):
        if readonly:
            self._is_readonly = True
        try:
            self.stat("/")
        except OSError as error:
            if error.errno != _ENODEV or not mkfs:
                raise
            self._do(OP_VOLUME_FORMAT)
            self._do(OP_VOLUME_MOUNT)

    def _serve(self, request):
        box, device = self._box, self._device
        if request == _READ:
            data = bytearray(box[2])
            return _code(self._read(box[0], data)), data
        if request == _PROGRAM:
            if self._is_readonly:
                return _EROFS, box
            data = bytearray(box[2])
            port(addressof(data), OP_PUSH)
            port(self._number, OP_VOLUME_FETCH)
            return _code(device.writeblocks(box[0], data)), box
        if hasattr(device, "ioctl"):
            device.ioctl(3, 0)
        elif hasattr(device, "sync"):
            device.sync()
        return 0, box
