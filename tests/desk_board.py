"""A board on a desk: a boot loader until it was written, then the emulator on what was written.

One TCP port stands for the serial line, as `socket://` has it. What esptool sends passes on to a
mock of the chip's boot loader, and is read on the way: when esptool lets go of the port after it
wrote, which resets a chip, the emulator starts on those very bytes and answers from then on.
"""

import os
import select
import socket
import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from host.boards import BoardSpec
from host.emulator import Board, SerialPort, World
from host.flash_layout import parse_base
from host.image_build import fitting

_CHUNK = 4096
_SECTOR = 4096
_FLASH_BYTES = 4 << 20
_END = 0xC0
_ERASE, _BEGIN, _DATA, _DEFLATE_BEGIN, _DEFLATE_DATA = 0xD0, 0x02, 0x03, 0x10, 0x11


class Written:
    """The flash as the commands of a host leave it."""

    def __init__(self) -> None:
        self.flash = bytearray(b"\xff" * _FLASH_BYTES)
        self.count = 0  # of blocks
        self._packet: bytearray | None = None
        self._at = 0
        self._unpack = zlib.decompressobj()

    def take(self, data: bytes) -> None:
        """Read bytes that a host sends: packets between 0xC0, in which 0xDB escapes."""
        for byte in data:
            if byte != _END:
                if self._packet is not None:
                    self._packet.append(byte)
            elif self._packet:
                self._command(bytes(self._packet))
                self._packet = None
            else:
                self._packet = bytearray()

    def _command(self, packet: bytes) -> None:
        packet = packet.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
        kind, body = packet[1], packet[8:]
        if len(packet) < 8 or packet[0] or len(body) != struct.unpack_from("<H", packet, 2)[0]:
            return  # what is acknowledged of a flash that is read
        if kind in (_BEGIN, _DEFLATE_BEGIN):
            size, _, _, self._at = struct.unpack_from("<4I", body)
            end = self._at + -(-size // _SECTOR) * _SECTOR
            self.flash[self._at : end] = b"\xff" * (end - self._at)
            self._unpack = zlib.decompressobj()
        elif kind in (_DATA, _DEFLATE_DATA):
            block = body[16 : 16 + struct.unpack_from("<I", body)[0]]
            block = self._unpack.decompress(block) if kind == _DEFLATE_DATA else block
            self.flash[self._at : self._at + len(block)] = block
            self._at += len(block)
            self.count += 1
        elif kind == _ERASE:
            self.flash[:] = b"\xff" * _FLASH_BYTES


class DeskBoard:
    """What is plugged in. boot_loader: the mock's TCP port. world: where its agent will live.

    written: the flash as esptool left it. board: the emulated one, once it has started. hosts:
    {name: address} that it will find in its network.
    """

    def __init__(self, spec: BoardSpec, boot_loader: int, world: World, folder: Path) -> None:
        self.written = Written()
        self.board: Board | None = None
        self.hosts: dict[str, str | None] = {}
        self._spec, self._boot_loader, self._world = spec, boot_loader, world
        self._storage = folder / "desk-board.flash"
        self._line: SerialPort | None = None
        self._near: socket.socket | None = None
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="desk board")
        self._thread.start()

    @property
    def url(self) -> str:
        """What --port takes."""
        return f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                self._near, _ = self._server.accept()
            except OSError:
                return
            with self._near as near, suppress(OSError):
                if self._line:
                    far = os.open(self._line.path, os.O_RDWR | os.O_NOCTTY)
                    try:
                        _join(near.fileno(), far, lambda data: None)
                    finally:
                        os.close(far)
                else:
                    with socket.create_connection(("127.0.0.1", self._boot_loader)) as loader:
                        _join(near.fileno(), loader.fileno(), self.written.take)
            if self.written.count and not self._line:
                self._start()

    def _start(self) -> None:
        """Boot as a chip does: the table in the flash says where the files are."""
        flash = bytes(self.written.flash)
        base = parse_base(flash[self._spec.base_offset : 0x200000].rstrip(b"\xff"), self._spec)
        offset, size = base.files_at(len(flash))
        files = flash[offset : offset + size]
        self._storage.write_bytes(files)
        spec = fitting(self._spec, files)
        self.board = self._world.board(spec, storage=self._storage, repl=True)
        self.board.wifi.hosts.update(self.hosts)
        self._line = SerialPort(self.board.serial)
        self.board.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        for end in (self._server, self._near):
            with suppress(OSError):
                if end:
                    end.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)
        if self._line:
            self._line.close()


def _join(near: int, far: int, heard: Callable[[bytes], None]) -> None:
    """Pass bytes on between two ends until one of them closes. heard: gets what `near` sends."""
    while True:
        ready, _, _ = select.select([near, far], [], [])
        for source, sink in ((near, far), (far, near)):
            if source in ready:
                data = os.read(source, _CHUNK)
                if not data:
                    return
                if source == near:
                    heard(data)
                while data:
                    data = data[os.write(sink, data) :]
