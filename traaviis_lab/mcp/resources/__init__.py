"""Resources: machines and runs as things to read, each at an address `fsm://...`."""

from __future__ import annotations

from .address import Address, read_address, write_address
from .listing import complete_machine, complete_run, listed
from .reading import TEMPLATES, read_resource
from .resource import Content, Resource, Template
from .watching import Coalesced, Watch, begins_run, brings_machine

__all__ = [
    "TEMPLATES",
    "Address",
    "Coalesced",
    "Content",
    "Resource",
    "Template",
    "Watch",
    "begins_run",
    "brings_machine",
    "complete_machine",
    "complete_run",
    "listed",
    "read_address",
    "read_resource",
    "write_address",
]
