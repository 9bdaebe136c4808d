"""The public conformance suite of MCP, run against a server of ours."""
