"""Kill a process in the middle of its work and go on where it stood.

A child process counts parcels into a journal on disk and is killed (SIGKILL, no chance to clean
up). The parent opens the same journal, finds every acknowledged event, resumes the run, timer
included, and checks that the journal is whole.

    python examples/resume_after_crash.py [FOLDER]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from traaviis_lab import Lab, Machine, State

RUN = "belt_1"


class Belt(Machine):
    """A conveyor belt that counts, and stops by itself when nothing has come for a while."""

    data = {"parcels": 0}
    moving = State(initial=True)
    resting = State()
    moving.to(moving, on="parcel", assign={"parcels": "data.parcels + 1"})
    moving.after("500ms", resting)
    resting.to(moving, on="parcel", assign={"parcels": "data.parcels + 1"})


def count_until_killed(path: str) -> None:
    """Count parcels; say each one that is acknowledged; never stop."""
    belt = Lab(path).start(Belt, id=RUN)
    while True:
        belt.send("parcel")
        print(belt.data["parcels"], flush=True)


def main(folder: Path) -> None:
    """Start the child, kill it, resume its run."""
    path = folder / "belt.duckdb"
    child = subprocess.Popen(
        [sys.executable, __file__, "--child", str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 200:
            child.kill()
            break
    said = [int(line), *(int(more) for more in child.stdout if more.endswith("\n"))][-1]
    child.wait()
    with Lab(path) as lab:
        belt = lab.resume(RUN)
        counted = belt.data["parcels"]
        # The last event may have been on disk without the child having had time to say so.
        what = "all of it" if counted >= said else "less"
        print(f"killed; of what was acknowledged the journal has {what}")
        belt.send("parcel")
        print(f"went on: {belt.data['parcels'] == counted + 1}")
        belt.wait("resting", timeout=30)
        print(f"its timer too: {belt.state}")
        print(f"journal whole: {not lab.verify().problems}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        count_until_killed(sys.argv[2])
    elif len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
