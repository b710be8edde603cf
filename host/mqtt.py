"""What all that speaks MQTT by paho needs and paho lacks."""

from paho.mqtt.client import Client


def leave(client: Client) -> None:
    """Leave the broker and end the client's thread, with every socket closed.

    paho keeps a pair of its own until the client is collected; if those two are collected before
    the client, that is a warning about what somebody forgot to close.
    """
    client.disconnect()
    client.loop_stop()
    client._reset_sockets()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
