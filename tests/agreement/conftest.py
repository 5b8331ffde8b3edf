"""The two texts that the tests plant faults in, read once."""

import pytest

from safeconduct.agreement import Agreement, load_agreement
from tests.agreement.texts import REFERENCE, SCENARIO


@pytest.fixture(scope="session")
def scenario_text() -> str:
    return SCENARIO.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def reference_text() -> str:
    return REFERENCE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def scenario(scenario_text: str) -> Agreement:
    return load_agreement(scenario_text)


@pytest.fixture(scope="session")
def reference(reference_text: str) -> Agreement:
    return load_agreement(reference_text)
