"""JSON or XML: what an Accept header asks for (contract; RFC 9110, 12.5.1)."""

from functools import lru_cache

JSON = ("application/json",)
XML = ("application/xml", "text/xml")


@lru_cache(maxsize=1000)
def wants_xml(accept: bytes) -> bool:
    """True where XML is named and weighs more than JSON; JSON is the default and the answer to anything else.

    A type that is named beats a range such as `*/*` of the same weight.
    """
    weights = dict(_weight(part) for part in accept.decode("latin-1").split(","))
    xml = max((weights[name] for name in XML if name in weights), default=0.0)
    named = next((weights[name] for name in JSON if name in weights), None)
    if named is not None:
        return xml > named
    ranges = [weights[name] for name in ("application/*", "*/*") if name in weights]
    return xml > 0 and xml >= (ranges[0] if ranges else 0)


def _weight(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return name.lower(), min(max(float(value), 0.0), 1.0)
            except ValueError:
                return name.lower(), 0.0
    return name.lower(), 1.0
