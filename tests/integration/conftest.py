"""What the tests with real servers, browsers and clusters share."""

import pytest

from grader.sandbox.launch import check_available


@pytest.fixture(scope="session")
def require_sandbox():
    """Skips where submissions cannot be confined."""
    try:
        check_available("bwrap")
    except Exception as error:
        pytest.skip(f"no sandbox: {error}")
