"""Places people name when they mean a timezone, with the IANA name of each."""

from __future__ import annotations

from .words import Token, joined

_BY_ZONE = {
    "UTC": "utc|gmt|zulu|universal time|coordinated universal time",
    "Europe/London": "london|uk|england|britain|united kingdom|scotland|manchester|british time",
    "Europe/Dublin": "dublin|ireland",
    "Europe/Paris": "paris|france|lyon",
    "Europe/Berlin": "berlin|germany|munich|hamburg|frankfurt|cologne",
    "Europe/Vienna": "vienna|austria",
    "Europe/Zurich": "zurich|switzerland|geneva",
    "Europe/Madrid": "madrid|spain|barcelona",
    "Europe/Lisbon": "lisbon|portugal",
    "Europe/Rome": "rome|italy|milan",
    "Europe/Amsterdam": "amsterdam|netherlands|holland",
    "Europe/Brussels": "brussels|belgium",
    "Europe/Copenhagen": "copenhagen|denmark",
    "Europe/Stockholm": "stockholm|sweden",
    "Europe/Oslo": "oslo|norway",
    "Europe/Helsinki": "helsinki|finland",
    "Europe/Warsaw": "warsaw|poland",
    "Europe/Prague": "prague|czechia",
    "Europe/Budapest": "budapest|hungary",
    "Europe/Bucharest": "bucharest|romania",
    "Europe/Sofia": "sofia|bulgaria",
    "Europe/Athens": "athens|greece",
    "Europe/Istanbul": "istanbul|turkey",
    "Europe/Kyiv": "kyiv|kiev|ukraine",
    "Europe/Moscow": "moscow",
    "America/New_York": "new york|boston|miami|washington|eastern time|eastern|est|us eastern",
    "America/Chicago": "chicago|houston|dallas|central time|us central",
    "America/Denver": "denver|mountain time",
    "America/Phoenix": "phoenix|arizona",
    "America/Los_Angeles": "los angeles|san francisco|seattle|california|pacific time|pacific|pst",
    "America/Anchorage": "anchorage|alaska",
    "America/Toronto": "toronto|ottawa|montreal",
    "America/Vancouver": "vancouver",
    "America/Mexico_City": "mexico city|mexico",
    "America/Bogota": "bogota|colombia",
    "America/Lima": "lima|peru",
    "America/Sao_Paulo": "sao paulo|brazil",
    "America/Argentina/Buenos_Aires": "buenos aires|argentina",
    "America/Santiago": "santiago|chile",
    "Pacific/Honolulu": "honolulu|hawaii",
    "Pacific/Auckland": "auckland|new zealand|wellington",
    "Asia/Tokyo": "tokyo|japan|osaka",
    "Asia/Seoul": "seoul|korea|south korea",
    "Asia/Shanghai": "shanghai|china|beijing",
    "Asia/Hong_Kong": "hong kong",
    "Asia/Taipei": "taipei|taiwan",
    "Asia/Singapore": "singapore",
    "Asia/Kuala_Lumpur": "kuala lumpur|malaysia",
    "Asia/Jakarta": "jakarta",
    "Asia/Bangkok": "bangkok|thailand",
    "Asia/Ho_Chi_Minh": "hanoi|vietnam",
    "Asia/Manila": "manila|philippines",
    "Asia/Kolkata": "kolkata|india|delhi|new delhi|mumbai|bangalore",
    "Asia/Karachi": "karachi|pakistan",
    "Asia/Dhaka": "dhaka|bangladesh",
    "Asia/Dubai": "dubai|abu dhabi",
    "Asia/Tehran": "tehran",
    "Asia/Jerusalem": "jerusalem|tel aviv|israel",
    "Asia/Riyadh": "riyadh|saudi arabia",
    "Africa/Cairo": "cairo|egypt",
    "Africa/Lagos": "lagos|nigeria",
    "Africa/Nairobi": "nairobi|kenya",
    "Africa/Johannesburg": "johannesburg|cape town|south africa",
    "Africa/Casablanca": "casablanca|morocco",
    "Australia/Sydney": "sydney|melbourne|canberra",
    "Australia/Brisbane": "brisbane",
    "Australia/Perth": "perth",
    "Australia/Adelaide": "adelaide",
}
ZONES = {place: zone for zone, places in _BY_ZONE.items() for place in places.split("|")}
_LOWER = {zone.lower(): zone for zone in _BY_ZONE}


def merge_places(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each known place as one token of kind zone."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        for length in (3, 2, 1):
            parts = tokens[i : i + length]
            zone = ZONES.get(" ".join(part.text for part in parts))
            if zone and all(part.kind == "word" for part in parts):
                out.append(joined(parts, "zone", zone))
                i += len(parts)
                break
        else:
            token = tokens[i]
            out.append(_iana(token) if token.kind == "zone" else token)
            i += 1
    return out


def _iana(token: Token) -> Token:
    """Return an Area/City token with the capitals IANA gives it ("europe/london")."""
    name = _LOWER.get(token.text)
    if name is None:
        name = "/".join(
            "_".join(w.capitalize() for w in p.split("_")) for p in token.text.split("/")
        )
    area = name.split("/")[0]
    known = area in (
        "Africa",
        "America",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
        "Etc",
    )
    return joined([token], "zone" if known else "word", name)
