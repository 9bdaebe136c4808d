"""What a careless person gives a lab: refused with the value, and what to do."""

import pytest

from traaviis_lab import Lab
from traaviis_lab.errors import JournalError, LabError

from .conftest import Door


@pytest.mark.parametrize("bad", ["", "  ", "a\nb", "x" * 201, 7])
def test_a_bad_id_is_refused(lab, bad):
    with pytest.raises(LabError, match="no id for a run"):
        lab.start(Door, id=bad)


@pytest.mark.parametrize("bad", [[1], "x", 7])
def test_data_that_is_no_dict_is_refused(lab, bad):
    with pytest.raises(LabError, match="is a dict"):
        lab.start(Door, data=bad)


@pytest.mark.parametrize("bad", ["x", None, 0, 1.5])
def test_a_seq_that_is_none_is_refused(lab, bad):
    with pytest.raises(LabError, match="has no seq"):
        lab.start(Door).at(bad)


@pytest.mark.parametrize(
    ("path", "says"),
    [(".", "is a folder"), ("/proc/x.duckdb", "can be opened"), ("/dev/null/x", "can be opened")],
)
def test_a_place_where_no_journal_can_be_says_so(path, says):
    with pytest.raises(JournalError, match=says) as caught:
        Lab(path)
    assert caught.value.hint
