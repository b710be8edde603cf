"""Write firmware/zones.txt, the time zones a board knows, from the tz database.

python -m host.zone_table          write it
python -m host.zone_table --check  exit 1 if it differs from the database of the tzdata package
"""

import sys
from importlib import resources
from importlib.metadata import version
from pathlib import Path

TABLE = Path(__file__).parent.parent / "firmware" / "zones.txt"


def build() -> str:
    """Return the table: a line a rule, "<POSIX rule> <zone> <zone> ...", zones as in zone names.

    Only zones of a region ("Europe/Paris") and UTC; legacy names of one word are left out.
    """
    database = resources.files("tzdata")
    names = (database / "zones").read_text().split()
    zones: dict[str, list[str]] = {}
    for name in sorted(names):
        if "/" not in name and name != "UTC":
            continue
        data = (database / "zoneinfo").joinpath(*name.split("/")).read_bytes()
        rule = data.rstrip(b"\n").rsplit(b"\n", 1)[-1].decode()  # the footer, RFC 8536 section 3.3
        zones.setdefault(rule, []).append(name)
    return "".join(f"{rule} {' '.join(names)}\n" for rule, names in sorted(zones.items()))


def main() -> int:
    """Write or check the table."""
    text = build()
    if "--check" in sys.argv:
        if TABLE.read_text() == text:
            return 0
        print(f"{TABLE.name} is not what tzdata {version('tzdata')} says: run without --check")
        return 1
    TABLE.write_text(text)
    print(f"{TABLE.name}: {len(text):,} bytes, {len(text.splitlines())} rules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
