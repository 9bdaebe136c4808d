"""What a run can be taken elsewhere as: a file, a page, a test. For live runs and recordings."""

from __future__ import annotations

import os
from pathlib import Path

from traaviis_lab.errors import LabError

from .past import Past


class Portable(Past):
    """The part of `Run` and of `Recording` that writes the run down. Nothing here changes it."""

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the run to a file that `lab.import_run` reads in another lab; answers its path.

        Gzipped where the name ends with `.gz`. The facts stand in it byte for byte as they are
        hashed, so that the chain can be checked there; the same run gives the same file. Raises
        `ChainBroken` where the journal is damaged.
        """
        from traaviis_lab.travel.carrying.portable import write_run

        return write_run(self.lab.journal, self.id, path)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the run as an HTML page with diagram, timeline, data and journal; answers its path.

        The page needs no network and stays small: what it leaves out of a long run, it says.
        """
        from traaviis_lab.travel.carrying.report import report_page

        target = Path(path).expanduser()
        page = report_page(self.trail)
        try:
            target.write_text(page, encoding="utf-8")
        except OSError as error:
            raise LabError(
                f"{str(target)!r} cannot be written: {error.strerror or error}.",
                hint="Name a file in a folder you may write to: run.report('run.html').",
            ) from error
        return target

    def test_case(self, seq: int, machine: str | None = None) -> str:
        """The text of a pytest file that takes step `seq` again and expects what came of it then.

        Args:
            seq: a step, or an event that was refused.
            machine: where the test finds the machine, so that it fails when the code changes:
                `"module:Machine"`, `"door.yaml"`, `"doors.py:Machine"` or `"gallery:SmartDoor"`.
                None: the chart stands in the test itself, which fails when the engine changes.

        Raises `LabError` for a seq that is no step, naming the nearest ones.
        """
        from traaviis_lab.travel.carrying.reproduce import reproduce

        return reproduce(self.trail, seq, machine)
