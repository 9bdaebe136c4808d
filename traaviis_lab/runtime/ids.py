"""What runs may be called, and what the children of a run are called."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from traaviis_lab.errors import LabError
from traaviis_lab.journal.port import OWN

LONGEST = 200
MOST_OF_TENANT = 80
"""Characters of a tenant that stand at the beginning of an id."""


def check_id(run_id: str) -> str:
    """The id, if a run may be called so. Raises `LabError` otherwise."""
    if not isinstance(run_id, str) or not run_id.strip() or len(run_id) > LONGEST:
        raise LabError(f"{run_id!r} is no id for a run.", hint="Use a text of 1 to 200 characters.")
    if not run_id.isprintable():
        raise LabError(
            f"{run_id!r} is no id for a run: it holds characters that cannot be printed.",
            hint="Use letters, digits, '-', '_', '.' or ':'.",
        )
    if run_id.startswith(OWN):
        raise LabError(
            f"{run_id!r} is no id for a run: what begins with {OWN!r} is the journal's own.",
            hint="Begin it with another character.",
        )
    return run_id


def check_tenant(tenant: str) -> str:
    """The tenant, if runs may be owned by it. Raises `LabError` otherwise."""
    if not isinstance(tenant, str) or len(tenant) > LONGEST or not tenant.isprintable():
        raise LabError(
            f"{tenant!r} is no tenant.", hint=f"Use a text of at most {LONGEST} characters."
        )
    return tenant


def guest_id(tenant: str, asked: str) -> str:
    """The id that a run of this name has where somebody outside made it: `acme:door`.

    It lies in a space of the tenant's own, so that whether it can be had tells nothing of the
    runs of others.
    """
    space = _space(tenant)
    return asked if asked.startswith(space) else f"{space}{asked}"


def is_guest(run_id: str, tenant: str) -> bool:
    """Whether a run was made from outside, or by one that was."""
    return run_id.startswith(_space(tenant))


@lru_cache(256)
def _space(tenant: str) -> str:
    # A tenant `a:b` and one `a` must not have ids in common.
    plain = tenant.replace("%", "%25").replace(":", "%3A")
    if len(plain) > MOST_OF_TENANT:
        plain = f"{plain[:40]}%{hashlib.sha256(tenant.encode()).hexdigest()[:32]}"
    return f"{plain}:"


def child_id(run_id: str, path: str) -> str:
    """The id of the run that the effect at this path starts: the same, asked again."""
    name = f"{run_id}.{path.replace('/', '-')}"
    if len(name) <= LONGEST:
        return name
    return f"{name[:150]}-{hashlib.sha256(name.encode()).hexdigest()[:32]}"
