"""Boards on a desktop: the real MicroPython VM, virtual time, and an ESP32's devices around it."""

from host.emulator.async_program import Program
from host.emulator.board import Board
from host.emulator.heap import HeapStats
from host.emulator.pins import Pin
from host.emulator.program import run_program
from host.emulator.serial import Serial
from host.emulator.serial_port import SerialPort
from host.emulator.trace import Note, Trace
from host.emulator.world import World

__all__ = [
    "Board",
    "HeapStats",
    "Note",
    "Pin",
    "Program",
    "Serial",
    "SerialPort",
    "Trace",
    "World",
    "run_program",
]
