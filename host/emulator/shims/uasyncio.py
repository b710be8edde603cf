# uasyncio: the old name of asyncio, which loads its parts when they are used.
import asyncio


def __getattr__(name):
    return getattr(asyncio, name)
