"""How effects ask models: routed, foreseen, paid for, recorded."""
