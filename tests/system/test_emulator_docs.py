"""The examples of docs/emulator.md run, and the pytest plugin does what it says there."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

import host.emulator  # noqa: F401  (first: what pytester finds loaded it leaves loaded)

pytest_plugins = ("pytester",)

DOCS = Path(__file__).parents[2] / "docs" / "emulator.md"
BLOCKS: list[str] = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
TESTS = [block for block in BLOCKS if "def test_" in block]
SCRIPTS = [block for block in BLOCKS if block not in TESTS]
# A second faulthandler would take from wasmtime the signals by which a VM traps.
PLUGIN = ("-p", "host.emulator.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:faulthandler")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.splitlines()[0])
def test_a_script_of_the_docs_prints_what_it_says(script: str):
    said = [
        line.split("  # ")[1] for line in script.splitlines() if line.strip().startswith("print")
    ]
    seen = StringIO()
    with redirect_stdout(seen):
        exec(compile(script, str(DOCS), "exec"), {})
    pattern = "\n".join(re.escape(line).replace(r"\.\.\.", r"\d*") for line in said)
    assert said and re.fullmatch(pattern, seen.getvalue().strip()), seen.getvalue()


def test_the_docs_tests_pass(pytester: pytest.Pytester):
    assert TESTS
    for number, text in enumerate(TESTS):
        pytester.makepyfile(**{f"test_docs_{number}": text})
    result = pytester.runpytest_inprocess(*PLUGIN, "--strict-markers")
    result.assert_outcomes(passed=sum(text.count("def test_") for text in TESTS))


def test_a_failure_shows_the_console_and_a_trace_is_kept(pytester: pytest.Pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.board(files={"/main.py": "print('knock')"}, start=False)
        def test_it(world, board):
            assert board.state == "off"
            board.start()
            world.run(ms=1)
            assert board.serial.text == "who is there?"
        """
    )
    result = pytester.runpytest_inprocess(*PLUGIN, "--board-traces", "traces")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["* board-1 is stopped after 0.000 s, its console *", "knock"])
    kept = {path.suffix: path.read_text() for path in (pytester.path / "traces").iterdir()}
    assert set(kept) == {".html", ".vcd"} and "knock" in kept[".html"]
