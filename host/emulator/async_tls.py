"""TLS for the programs of a world: asyncio's own, with dates checked by the world's."""

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING, Any, NoReturn, cast

from host.emulator.tls_context import NO_CHECK_TIME, check_dates

if TYPE_CHECKING:
    from host.emulator.async_loop import ProgramLoop


class _Dateless:
    """A context of the program's, whose connections do not ask the desktop's clock."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap_bio(self, *args: Any, **named: Any) -> ssl.SSLObject:
        context, flags = self._context, self._context.verify_flags
        context.verify_flags |= NO_CHECK_TIME
        try:
            return context.wrap_bio(*args, **named)
        finally:
            context.verify_flags = flags


def secured(
    loop: "ProgramLoop",
    protocol: asyncio.BaseProtocol,
    context: ssl.SSLContext,
    waiter: "asyncio.Future[None] | None" = None,
    server_name: str | None = None,
) -> SSLProtocol:
    """Return what has a stream's transport speak TLS for `protocol`, as a server unless it waits.

    waiter: done after the handshake. Source of the order of calls: asyncio's own loops.
    """
    dateless, told = cast(ssl.SSLContext, _Dateless(context)), cast(Any, waiter)
    return SSLProtocol(loop, protocol, dateless, told, waiter is None, server_name)


def check(transport: asyncio.BaseTransport, context: ssl.SSLContext, unix_s: float) -> None:
    """Raise ssl.SSLCertVerificationError if the other side's certificate does not hold then."""

    def fail(why: str) -> NoReturn:
        raise ssl.SSLCertVerificationError(1, f"certificate verify failed: {why}")

    check_dates(transport.get_extra_info("ssl_object"), context, unix_s, fail)
