"""The page for Prometheus, of a board with the real firmware on a real broker."""

import signal
import subprocess
import sys
import time
import urllib.request

from host.lab import Lab

DEADLINE_S = 60.0


def test_a_board_that_comes_and_answers_is_on_the_page():
    with Lab() as lab:
        command = [sys.executable, "-m", "host.cli", "fleet", "metrics", "--listen", "127.0.0.1:0"]
        command += ["--per-device", "--broker", f"{lab.broker.host}:{lab.broker.port}"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().strip()
            lab.person.ask("turn on pin 2")
            deadline = time.monotonic() + DEADLINE_S
            page = ""
            while 'limpet_fleet_answers_total{ok="yes"} 1.0' not in page:
                assert time.monotonic() < deadline, page
                with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                    page = answer.read().decode()
                time.sleep(0.05)
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=DEADLINE_S)
        assert server.returncode == 130
        assert 'limpet_device_online{device="demo"} 1.0' in page
        assert (
            'limpet_fleet_devices{board="esp32-devkit",fw="0.1.0",presence="online"} 1.0' in page
        )
        assert 'limpet_fleet_tokens_total{kind="input",tier="edge"}' in page
        once = subprocess.run([*command, "--once"], capture_output=True, text=True, timeout=60)
        assert 'presence="online"} 1.0' in once.stdout and not once.returncode
