"""A party that signs whatever it likes, anywhere: the verifier neither falls nor believes."""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct_verify import read_trust
from safeconduct_verify.check import examine
from tests.evidence.two_logs import World, made, opened, remade

WORLD = World()
GOOD = opened(made(WORLD, WORLD.breach()))
TRUST = read_trust(json.dumps(WORLD.trust).encode())

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.sampled_from(
        [
            "",
            "host",
            "partner",
            "exercise",
            "0" * 64,
            "0" * 32,
            "AAAA",
            "ed25519:" + "0" * 64,
            "\n",
            "é",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=4,
)


def _places(value, path=()):
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, (*path, number))


REBUILT = (("manifest.json", "files"), ("manifest.json", "safeconduct"))
PLACES = [
    (name, *path)
    for name, value in GOOD.items()
    if name != "manifest.sig"
    for path in _places(value)
    if path and (name, *path)[:2] not in REBUILT
]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_anywhere_is_judged_without_falling(data):
    files = copy.deepcopy(GOOD)
    *way, last = data.draw(st.sampled_from(PLACES))
    at = files
    for step in way:
        at = at[step]
    old = at[last]
    how = data.draw(st.sampled_from(["value", "delete", "double"]))
    if how == "delete":
        del at[last]
    elif how == "double" and isinstance(at, list):
        at.insert(last, old)
    else:
        at[last] = data.draw(values)
    try:
        bundle = remade(WORLD, files)
    except Malformed:
        return
    report = examine(bundle, TRUST)
    # A key that stands twice, what was left closed, and when the file was made decide nothing.
    idle = way[0].startswith("keys/") or (way[0], *way[1:], last)[1] in ("made_at", "closed")
    assert report.result != "proven" or idle or files == GOOD
