"""`limpet fleet metrics`: a page for Prometheus, and a dashboard for Grafana."""

from typing import Annotated

import typer

from host.fleet_see_cli import HERE, Broker, Ca, PasswordFile, User, Where

_LOOK_S = 5.0  # between two looks for devices that are new


def metrics(
    where: Where = None,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where Prometheus comes to read.")
    ] = "127.0.0.1:9464",
    per_device: Annotated[
        bool, typer.Option("--per-device", help="Tell each device's presence too.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Print the page, and end.")] = False,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
) -> None:
    """Serve a fleet's facts to Prometheus, until Ctrl-C.

    Presence by firmware, board and tag, crashes, settings that differ from what is wanted,
    updates, events, answers, tokens and cost. docs/grafana.json is a dashboard of them, for
    Grafana's import.

    Examples:
      limpet fleet metrics --broker broker.lan
      limpet fleet metrics --where 'tag=prod' --listen 0.0.0.0:9464 --per-device
      limpet fleet metrics --once | grep limpet_fleet_devices
    """
    import time

    from prometheus_client import CollectorRegistry, generate_latest, start_http_server

    from firmware import wire
    from host.broker_address import read_address
    from host.errors import UserError
    from host.fleet_facts import look, look_at_new
    from host.fleet_metrics import FleetMetrics
    from host.fleet_where import given
    from host.operator import Operator

    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UserError(
            f"{listen} is no HOST:PORT", "the port is missing", "--listen 127.0.0.1:9464"
        )
    found = FleetMetrics(given(where), per_device)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(found)
    with Operator(read_address(broker, user, password_file, ca), found.heard) as operator:
        look(operator, found.fleet)
        if once:
            print(generate_latest(registry).decode(), end="")
            return
        operator.subscribe([f"{wire.ROOT}+/{kind}" for kind in (wire.EVENT, wire.ANSWER)])
        try:
            server, thread = start_http_server(int(port), host or "127.0.0.1", registry)
        except OSError as e:
            raise UserError(
                f"{listen} cannot be listened on", str(e), "choose another --listen"
            ) from e
        print(f"http://{host}:{server.server_port}/metrics", flush=True)
        asked = {device.name for device in found.fleet.devices()}
        try:
            while True:
                time.sleep(_LOOK_S)
                look_at_new(operator, (d.name for d in found.fleet.devices()), asked)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        finally:
            server.shutdown()
            thread.join()
