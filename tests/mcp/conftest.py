"""A lab that is served, and clients of it."""

import pytest

from tests.mcp.talking import NEW, OLD, Talk
from traaviis_lab import Lab


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path, monkeypatch):
    """Connection files go to a folder of the test's own."""
    folder = tmp_path / "runtime"
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def hung_up():
    """No client keeps its connection."""
    yield
    Talk.close_all()


@pytest.fixture
def lab():
    """A lab in memory."""
    with Lab() as lab:
        yield lab


@pytest.fixture
def served(lab):
    """The handle of the lab's server, with every setting as it is by itself."""
    return lab.serve_mcp()


@pytest.fixture(params=[OLD, NEW])
def era(request):
    """Each of the two protocols."""
    return request.param


@pytest.fixture
def talk(served, era):
    """A client of each protocol in turn."""
    return Talk(served, era=era)


@pytest.fixture
def talks(served):
    """Makes clients: `talks(token=..., era=NEW, can={"elicitation": {}})`."""
    return lambda token=None, **says: Talk(served, token, **says)
