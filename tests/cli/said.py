"""What tests of the command line share: what a call said, and how a complaint reads."""

from pathlib import Path

from tests.node.inside import scenario
from tests.web.running import stored

EXAMPLE = Path(__file__).parents[1] / "standards" / "data" / "example"


AGREEMENT = scenario().agreement


STANDARDS = AGREEMENT.parent / "standards.yaml"


class Said:
    """What a command said, and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"


def complains(said, code, *words):
    """It ended with this code, put nothing on stdout, and said a sentence with these words."""
    assert said.code == code, said
    assert said.out == "", said
    for word in words:
        assert word in said.err, said
    assert said.err.strip().endswith((".", ")", "?")), said


def written(folder):
    """What a folder stores; a reader may leave an empty journal or lock file behind."""
    return {name: data for name, data in stored(folder).items() if data}
