"""A real kernel with a lab that is served, driven as a notebook drives it."""

import os
import sys
import time

from jupyter_client.manager import KernelManager

from tests.mcp.talking import Talk
from traaviis_lab.bridge import find

SERVE = """
from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor
lab = Lab()
door = lab.start(SmartDoor, id="d")
server = lab.serve_mcp()
"""
SLEEPS = "import time; time.sleep({seconds})"
COMPUTES = """
import time
until = time.monotonic() + {seconds}
while time.monotonic() < until:
    sum(n * n for n in range(1000))
"""


class Kernel:
    """One kernel, from its start to its end."""

    def __init__(self):
        self.manager = KernelManager(kernel_name="python3")
        self.manager.kernel_spec.argv[0] = sys.executable
        self.manager.start_kernel(cwd=os.getcwd())
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    @property
    def id(self):
        """As its connection file is called."""
        name = os.path.basename(self.manager.connection_file)
        return name.removesuffix(".json").removeprefix("kernel-")

    def run(self, code):
        """Run a cell; answers what it printed."""
        said = []

        def heard(message):
            said.append(message["content"].get("text", ""))

        reply = self.client.execute_interactive(code, timeout=60, output_hook=heard)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(said)

    def begin(self, code):
        """Start a cell and answer when it runs."""
        self.client.execute(code)
        time.sleep(0.3)

    def ended(self):
        """How the cell that was begun has ended."""
        return self.client.get_shell_msg(timeout=60)["content"]["status"]

    def serve(self):
        """Run a cell that serves; answers a client of it, and that nothing was printed."""
        assert self.run(SERVE) == ""
        return Talk(find(kernel=self.id))

    def restart(self, now):
        self.manager.restart_kernel(now=now)
        self.client.wait_for_ready(timeout=60)

    def stop(self, now=False):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=now)
        self.manager.cleanup_resources()
