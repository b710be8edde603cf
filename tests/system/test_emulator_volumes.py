"""File systems that a program makes itself: VfsLfs2 on its own block devices and on a partition."""

from pathlib import Path

import pytest

from host.emulator import World
from host.emulator.flash import BLOCK
from tests.system.emulator_kit import printed, run_to_end, source

DEVICE = """
import os, vfs

class Ram:
    SIZE = 512

    def __init__(self, blocks=40):
        self.data = bytearray(blocks * self.SIZE)
        self.answer = None
        self.asked = []

    def readblocks(self, block, buf, offset=0):
        self.asked.append("read")
        at = block * self.SIZE + offset
        buf[:] = self.data[at : at + len(buf)]
        return self.answer

    def writeblocks(self, block, buf, offset=0):
        self.asked.append("write")
        at = block * self.SIZE + offset
        self.data[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        self.asked.append("ioctl %d" % op)
        if op == 4:
            return len(self.data) // self.SIZE
        if op == 5:
            return self.SIZE
        if op == 6:
            at = arg * self.SIZE
            self.data[at : at + self.SIZE] = b"\\xff" * self.SIZE
            return 0

ram = Ram()
vfs.VfsLfs2.mkfs(ram)

def attempt(action):
    try:
        print(action())
    except Exception as error:
        print(type(error).__name__, error)
"""
VOLUMES = {
    "what is written comes back, also after it is mounted again": (
        """
        vfs.mount(vfs.VfsLfs2(ram), "/ram")
        with open("/ram/a.txt", "w") as file:
            print(file, file.write("one\\ntwo\\n"))
        vfs.umount("/ram")
        vfs.mount(ram, "/ram")
        print(open("/ram/a.txt").read().split(), os.listdir("/ram"), os.stat("/ram/a.txt")[:7])
        """,
        "<io.TextIOWrapper> 8\n['one', 'two'] ['a.txt'] (32768, 0, 0, 0, 0, 0, 8)\n",
    ),
    "it is LittleFS that is on the device": (
        "print(ram.data[8:16], 'ioctl 6' in ram.asked, 'ioctl 3' in ram.asked)",
        "bytearray(b'littlefs') True True\n",
    ),
    "folders, renaming, removing": (
        """
        fs = vfs.VfsLfs2(ram)
        fs.mkdir("d")
        fs.open("d/x", "w").close()
        fs.chdir("d")
        fs.rename("x", "y")
        print(fs.getcwd(), list(fs.ilistdir()), list(fs.ilistdir(b"/")))
        fs.chdir("..")
        attempt(lambda: fs.rmdir("d"))
        fs.remove("d/y")
        fs.rmdir("d")
        print(list(fs.ilistdir()), fs.statvfs("/"))
        """,
        "/d [('y', 32768, 0, 0)] [(b'd', 16384, 0, 0)]\nOSError 39\n"
        "[] (512, 512, 40, 38, 38, 0, 0, 0, 0, 255)\n",
    ),
    "lines, letters and places of a file": (
        """
        fs = vfs.VfsLfs2(ram)
        with fs.open("f", "w+") as file:
            file.write("wörld\\n" * 30)
            print(file.tell(), file.seek(2), file.seek(-7, 2), file.readline())
        with fs.open("f") as file:
            print(file.read(3), repr(file.readline()), len(list(file)), repr(file.read()))
        with fs.open("f", "rb") as file:
            into = bytearray(4)
            print(file.readinto(into), into, file.readline(), file.read(2))
        with fs.open("f", "a") as file:
            file.write("end")
        print(fs.open("f").readlines()[-1])
        """,
        "210 2 203 wörld\n\nwör 'ld\\n' 29 ''\n4 bytearray(b'w\\xc3\\xb6r') b'ld\\n' b'w\\xc3'\nend\n",
    ),
    "what cannot be opened": (
        """
        fs = vfs.VfsLfs2(ram)
        fs.mkdir("d")
        fs.open("x", "w").close()
        attempt(lambda: fs.open("no"))
        attempt(lambda: fs.open("x", "x"))
        attempt(lambda: fs.open("d", "w"))
        attempt(lambda: fs.open("x", "rw"))
        closed = fs.open("x")
        closed.close()
        attempt(closed.read)
        attempt(lambda: fs.stat("no"))
        attempt(lambda: fs.ilistdir("no"))
        """,
        "OSError [Errno 2] ENOENT\nOSError [Errno 17] EEXIST\nOSError [Errno 21] EISDIR\n"
        "ValueError \nValueError \nOSError [Errno 2] ENOENT\nOSError [Errno 2] ENOENT\n",
    ),
    "programs are imported from it": (
        """
        import sys
        vfs.mount(vfs.VfsLfs2(ram), "/ram")
        with open("/ram/far.py", "w") as file:
            file.write("print('hello from', __name__)")
        sys.path.append("/ram")
        import far
        """,
        "hello from far\n",
    ),
    "a time for each file, unless it is not wanted": (
        """
        import time
        fs = vfs.VfsLfs2(ram)
        fs.open("x", "w").close()
        now, then = time.time(), fs.stat("x")[8]
        time.sleep(10)
        vfs.VfsLfs2(ram, mtime=False).open("x", "w").close()
        print(0 <= now - then <= 1, fs.stat("x")[8] == then)
        """,
        "True True\n",
    ),
    "one that may only be read": (
        """
        fs = vfs.VfsLfs2(ram)
        fs.open("x", "w").close()
        vfs.mount(fs, "/ram", readonly=True)
        print(os.listdir("/ram"))
        attempt(lambda: open("/ram/y", "w").close())
        """,
        "['x']\nOSError 30\n",
    ),
    "a device that fails": (
        """
        fs = vfs.VfsLfs2(ram)
        with fs.open("x", "w") as file:
            file.write("x" * 900)
        for answer in (-5, 5, "no", -110):
            ram.answer = answer
            attempt(lambda: vfs.VfsLfs2(ram))
        ram.answer = None
        print(len(fs.open("x").read()))
        """,
        "OSError [Errno 5] EIO\nOSError [Errno 22] EINVAL\nOSError [Errno 22] EINVAL\n"
        "OSError 110\n900\n",
    ),
    "what a device raises comes through": (
        """
        fs = vfs.VfsLfs2(ram)
        class Broken(Ram):
            def readblocks(self, block, buf, offset=0):
                raise KeyError("broken")
        attempt(lambda: vfs.VfsLfs2(Broken()))
        class Half:
            pass
        attempt(lambda: vfs.VfsLfs2(Half()))
        print(list(fs.ilistdir()))
        """,
        "KeyError broken\nAttributeError 'Half' object has no attribute 'readblocks'\n[]\n",
    ),
    "a device that lies in a file of another volume": (
        """
        outer = vfs.VfsLfs2(ram)
        class Inner(Ram):
            SIZE = 128
            def __init__(self):
                self.asked = []
                self.file = outer.open("image", "w+")
                self.file.write(bytes(16 * self.SIZE))
                self.data = range(16 * self.SIZE)
            def readblocks(self, block, buf, offset=0):
                self.file.seek(block * self.SIZE + offset)
                self.file.readinto(buf)
            def writeblocks(self, block, buf, offset=0):
                self.file.seek(block * self.SIZE + offset)
                self.file.write(buf)
            def ioctl(self, op, arg):
                return 0 if op == 6 else super().ioctl(op, arg)
        inner = Inner()
        vfs.VfsLfs2.mkfs(inner)
        fs = vfs.VfsLfs2(inner)
        with fs.open("deep", "w") as file:
            file.write("down")
        inner.file.flush()
        print(fs.open("deep").read(), list(outer.ilistdir()))
        """,
        "down [('image', 32768, 0, 2048)]\n",
    ),
    "a volume that its own device uses is busy": (
        """
        class Circle(Ram):
            fs = None
            def readblocks(self, block, buf, offset=0):
                if self.fs:
                    self.fs.stat("x")
                super().readblocks(block, buf, offset)
        circle = Circle()
        vfs.VfsLfs2.mkfs(circle)
        fs = vfs.VfsLfs2(circle)
        with fs.open("x", "w") as file:
            file.write("x" * 2000)
        circle.fs = fs
        attempt(lambda: fs.open("x").read())
        circle.fs = None
        print(len(fs.open("x").read()))
        """,
        "OSError 16\n2000\n",
    ),
    "sizes that LittleFS does not take": (
        """
        attempt(lambda: vfs.VfsLfs2.mkfs(ram, readsize=33))
        attempt(lambda: vfs.VfsLfs2.mkfs(ram, lookahead=12))
        attempt(lambda: vfs.VfsLfs2.mkfs(ram, progsize=0))
        Ram.SIZE = 64
        attempt(lambda: vfs.VfsLfs2.mkfs(Ram()))
        """,
        "OSError [Errno 22] EINVAL\n" * 3
        + "NotImplementedError LittleFS with blocks below 128 bytes is not emulated\n",
    ),
    "a device without a file system": (
        """
        attempt(lambda: vfs.mount(Ram(), "/x"))
        attempt(lambda: vfs.VfsLfs2(Ram()))
        attempt(lambda: vfs.VfsFat.mkfs(Ram()))
        attempt(lambda: os.mount(Ram(60), "/x", mkfs=True))
        print(os.listdir("/x"), os.statvfs("/x"))
        """,
        "OSError [Errno 19] ENODEV\nOSError 84\nOSError [Errno 22] EINVAL\nNone\n"
        "[] (512, 512, 26, 26, 26, 0, 0, 0, 0, 255)\n",
    ),
}


FATS = {
    "files, folders, long names, dates": (
        """
        import time
        vfs.mount(vfs.VfsFat(ram), "/fat")
        os.mkdir("/fat/a folder")
        with open("/fat/a folder/Long name.text", "w") as file:
            print(file.write("one\\ntwo\\n" * 100))
        os.rename("/fat/a folder/Long name.text", "/fat/short.txt")
        print(list(os.ilistdir("/fat")), open("/fat/SHORT.TXT").readline())
        print(-2 <= os.stat("/fat/short.txt")[8] - time.time() <= 2, os.stat("/fat/short.txt")[:7])
        print(os.statvfs("/fat"))
        """,
        "800\n[('a folder', 16384, 0, 0), ('short.txt', 32768, 0, 800)] one\n\n"
        "True (32768, 0, 0, 0, 0, 0, 800)\n(512, 512, 26, 23, 23, 0, 0, 0, 0, 255)\n",
    ),
    "what cannot be": (
        """
        fs = vfs.VfsFat(ram)
        fs.mkdir("d")
        fs.open("d/x", "w").close()
        attempt(lambda: fs.open("no"))
        attempt(lambda: fs.open("d/x", "x"))
        attempt(lambda: fs.open("d/x").write("1"))
        attempt(lambda: fs.mkdir("d"))
        attempt(lambda: fs.rmdir("d"))
        attempt(lambda: fs.rmdir("d/x"))
        attempt(lambda: fs.remove("d"))
        attempt(lambda: fs.open("what?", "w"))
        attempt(lambda: fs.open("big", "w").write(bytes(30 * 512)))
        closed = fs.open("d/x")
        closed.close()
        attempt(closed.read)
        """,
        "OSError [Errno 2] ENOENT\nOSError [Errno 17] EEXIST\nOSError [Errno 13] EACCES\n"
        "OSError [Errno 17] EEXIST\nOSError [Errno 13] EACCES\nOSError 20\n"
        "OSError [Errno 21] EISDIR\nOSError [Errno 22] EINVAL\nOSError 28\n"
        "OSError [Errno 22] EINVAL\n",
    ),
    "a card that fails, and one that is written no more": (
        """
        fs = vfs.VfsFat(ram)
        fs.open("x", "w").close()
        ram.answer = -110
        attempt(lambda: fs.open("x"))
        ram.answer = None
        vfs.mount(fs, "/fat", readonly=True)
        print(os.listdir("/fat"))
        attempt(lambda: open("/fat/y", "w"))
        """,
        "OSError [Errno 5] EIO\n['x']\nOSError [Errno 5] EIO\n",
    ),
    "it is found when the device is mounted, without an offset too": (
        """
        class Card:
            def readblocks(self, block, buf):
                ram.readblocks(block, buf)
            def writeblocks(self, block, buf):
                ram.writeblocks(block, buf)
            def count(self):
                return 60
            def sync(self):
                print("sync")
        vfs.mount(Card(), "/sd")
        open("/sd/x", "w").close()
        print(os.listdir("/sd"))
        """,
        "sync\n['x']\n",
    ),
}


@pytest.mark.parametrize(("program", "text"), FATS.values(), ids=FATS)
def test_fat_on_a_device_of_its_own(program: str, text: str):
    device = DEVICE.replace("vfs.VfsLfs2.mkfs(ram)", "ram = Ram(60)\nvfs.VfsFat.mkfs(ram)")
    assert printed(device + source(program).decode()) == text


@pytest.mark.parametrize(("program", "text"), VOLUMES.values(), ids=VOLUMES)
def test_on_a_device_of_its_own(program: str, text: str):
    assert printed(DEVICE + source(program).decode()) == text


def test_a_reset_within_a_call_of_the_file_system_leaves_no_thread():
    program = """
        import machine
        class Last(Ram):
            def readblocks(self, block, buf, offset=0):
                machine.reset()
        if machine.reset_cause() == machine.PWRON_RESET:
            vfs.VfsLfs2(Last())
        print("up again")
        """
    board = run_to_end(DEVICE + source(program).decode())
    assert (board.exit, board.serial.text, board.boots) == (0, "up again\n", 2)


PARTITION = """
import esp32, os, vfs
part = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="vfs")[0]

def attempt(action):
    try:
        print(action())
    except Exception as error:
        print(type(error).__name__, error)

"""
PARTITIONS = {
    "its size, and the volume that is on it": (
        """
        head = bytearray(8)
        part.readblocks(0, head, 8)
        print(part.ioctl(4, 0), part.ioctl(5, 0), head)
        """,
        "512 4096 bytearray(b'littlefs')\n",
    ),
    "the program's own files, mounted by the program": (
        """
        vfs.umount("/")
        vfs.mount(part, "/")
        print(os.listdir())
        with open("new.txt", "w") as file:
            file.write("new")
        """,
        "['main.py']\n",
    ),
    "blocks of another size": (
        """
        small = esp32.Partition("vfs", block_size=512)
        print(small.ioctl(4, 0), small.ioctl(5, 0))
        small.writeblocks(4095, b"end!" * 128)
        small.writeblocks(4094, b"last" * 128)
        block = bytearray(4096)
        part.readblocks(511, block)
        print(block[-1024:-1020], block[-512:-508], block[0])
        """,
        "4096 512\nbytearray(b'last') bytearray(b'end!') 255\n",
    ),
    "a bit that is 0 stays 0 until the block is erased": (
        """
        part.writeblocks(500, b"\\xf0")
        part.writeblocks(500, b"\\x3c", 0)
        byte = bytearray(1)
        part.readblocks(500, byte)
        print(byte, part.ioctl(6, 500))
        part.readblocks(500, byte)
        print(byte)
        """,
        "bytearray(b'0') 0\nbytearray(b'\\xff')\n",
    ),
    "what is not there": (
        """
        attempt(lambda: part.readblocks(512, bytearray(1)))
        attempt(lambda: esp32.Partition("ota_1"))
        attempt(lambda: esp32.Partition(7))
        attempt(lambda: esp32.Partition("nvs").readblocks(0, bytearray(4)))
        attempt(lambda: esp32.Partition(esp32.Partition.RUNNING).get_next_update())
        attempt(lambda: esp32.Partition("factory").set_boot())
        """,
        "OSError [Errno 22] EINVAL\nOSError [Errno 2] ENOENT\nValueError \n"
        "NotImplementedError the content of partition nvs is not emulated\n"
        "OSError [Errno 2] ENOENT\nOSError (-261, 'ESP_ERR_NOT_FOUND')\n",
    ),
}


@pytest.mark.parametrize(("program", "text"), PARTITIONS.values(), ids=PARTITIONS)
def test_on_the_partition(program: str, text: str):
    assert printed(PARTITION + source(program).decode()) == text


def test_a_program_formats_its_own_flash_and_starts_again():
    program = (
        PARTITION
        + source("""
        import machine
        vfs.umount("/")
        vfs.VfsLfs2.mkfs(part)
        vfs.mount(part, "/")
        with open("main.py", "w") as file:
            file.write("print('fresh')")
        machine.reset()
        """).decode()
    )
    board = run_to_end(program)
    assert (board.exit, board.serial.text, board.files.ls()) == (0, "fresh\n", ["/main.py"])


def test_a_file_that_is_open_when_the_partition_is_written_is_lost():
    program = """
        file = open("log", "w")
        file.write("1")
        part.ioctl(6, 511)
        attempt(lambda: file.write("2" * 4000))
        attempt(lambda: print(os.listdir()))
        """
    text = printed(PARTITION + source(program).decode())
    assert text.splitlines()[0] == "OSError [Errno 9] EBADF"
    assert "main.py" in text


def test_a_power_cut_falls_on_what_the_program_writes_itself():
    program = PARTITION + "while True: part.writeblocks(400, bytes(4096))"
    with World(seed=1) as world:
        board = world.board(files={"/main.py": program.encode()})
        board.power_cut(after_flash_ops=7, torn=True)
        board.start()
        world.run(seconds=1)
        assert board.state == "off"
        assert board.flash.counters.erases[400] == 4
        assert board.flash.read(None, 400, 0, BLOCK) != bytes(BLOCK)
        assert "/main.py" in board.files.ls()


NVS = b"""
import esp32
nvs = esp32.NVS("app")
try:
    print(nvs.get_i32("starts"))
except OSError as error:
    print(error.args[1])
    nvs.set_i32("starts", 0)
nvs.set_i32("starts", nvs.get_i32("starts") + 1)
nvs.set_blob("blob", bytes(range(256)))
nvs.commit()
"""


def nvs_says(storage: Path, erase: bool = False) -> str:
    with World(seed=1) as world:
        board = world.board(files={"/main.py": NVS}, storage=storage)
        if erase:
            board.erase_flash()
            board.files.write("/main.py", NVS)
        board.start()
        world.run(seconds=1)
        assert board.exit == 0
        return board.serial.text.strip()


def test_the_nvs_lasts_as_long_as_the_storage(tmp_path: Path):
    storage = tmp_path / "board.bin"
    nothing = "ESP_ERR_NVS_NOT_FOUND"
    assert [nvs_says(storage) for _ in range(3)] == [nothing, "1", "2"]
    assert nvs_says(storage, erase=True) == nothing
    assert nvs_says(storage) == "1"
    storage.unlink()
    assert nvs_says(storage) == nothing


def test_the_nvs_outlives_a_power_cut(tmp_path: Path):
    with World(seed=1) as world:
        board = world.board(files={"/main.py": NVS + b"print('kept')\nwhile True: pass"})
        for starts in (1, 2):
            board.start()
            world.wait_for(lambda starts=starts: len(board.serial.lines) == 2 * starts, 20)
            board.power_cut()
        assert board.serial.lines == ["ESP_ERR_NVS_NOT_FOUND", "kept", "1", "kept"]
