"""Write JSON in the one way that RFC 8785 allows, so that two sides compute the same hash."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from json.encoder import encode_basestring as _quote
from typing import Any

from traaviis_lab.errors import DefinitionError

_EXACT = 2**53 - 1
_LITERALS = {None: "null", True: "true", False: "false"}


def canonical_json(value: Any) -> bytes:
    """UTF-8 bytes of `value` as RFC 8785 canonical JSON.

    Takes None, bool, int (to ±(2**53 - 1)), finite float, str, list, tuple and mappings with
    text keys. Raises DefinitionError for anything else, and for nesting beyond Python's stack.
    """
    parts: list[str] = []
    try:
        _write(value, parts.append)
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise _refused("a text with half a character (a lone surrogate)") from error
    except RecursionError as error:
        raise _refused("a value that is nested too deep") from error


def canonical_hash(value: Any) -> str:
    """sha256 over the canonical JSON of `value`, in hex."""
    return sha256(canonical_json(value)).hexdigest()


def _write(value: Any, put: Any) -> None:
    if isinstance(value, str):
        put(_quote(value))
    elif value is None or isinstance(value, bool):
        put(_LITERALS[value])
    elif isinstance(value, int):
        if not -_EXACT <= value <= _EXACT:
            raise _refused(f"a whole number of {value.bit_length()} bits")
        put(int.__repr__(value))
    elif isinstance(value, float):
        put(_number(value))
    elif isinstance(value, Mapping):
        _write_mapping(value, put)
    elif isinstance(value, list | tuple):
        put("[")
        for n, item in enumerate(value):
            if n:
                put(",")
            _write(item, put)
        put("]")
    else:
        raise _refused(f"a Python {type(value).__name__}")


def _write_mapping(value: Mapping[Any, Any], put: Any) -> None:
    for key in value:
        if not isinstance(key, str):
            raise _refused(f"a key that is a Python {type(key).__name__}")
    put("{")
    # UTF-16 code units, as RFC 8785 3.2.3 has it: not the same as code points above U+FFFF.
    for n, key in enumerate(sorted(value, key=lambda name: name.encode("utf-16-be"))):
        put(f"{',' if n else ''}{_quote(key)}:")
        _write(value[key], put)
    put("}")


def _number(value: float) -> str:
    """A double as ECMAScript's `String(value)` writes it (ECMA-262, Number::toString)."""
    if value - value != 0:
        raise _refused(repr(value))
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    # The number is 0.DIGITS times ten to the power of `point`.
    point = len((whole + fraction).lstrip("0")) - len(fraction) + int(exponent or 0)
    digits = digits.rstrip("0")
    return sign + _place_point(digits, point)


def _place_point(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{tail}e{point - 1:+d}"


def _refused(what: str) -> DefinitionError:
    return DefinitionError(
        f"Canonical JSON cannot hold {what}.",
        hint="Use texts, finite numbers, true, false, null, lists and mappings with text keys.",
    )
