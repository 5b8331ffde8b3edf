"""Identity: the chain of enrolment, spans, endings, and whose key a key is."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct import identity
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.signatures import Key
from tests.registers.making import MINUTE, START, Maker


def public(number):
    return Key(bytes([number]) * 32).public


ROOT, OTHER_ROOT, NODE, ENROL, PERSON, DEVICE, STRANGER = (public(n) for n in range(1, 8))
ROOTS = {"host": ROOT, "partner": OTHER_ROOT}
USES = ("root", "node", "witness", "enrolment", "person", "device")


@pytest.fixture
def make():
    return Maker()


def key(make, public_key=PERSON, t=0, *, use="person", by=ENROL, state="enrolled", **kw):
    values = {
        "holder": "pe_a",
        "from_": START,
        "until": START + 60 * MINUTE,
    } | kw
    return make("key", t, key=public_key, use=use, by=by, state=state, **values)


def state_of(*facts):
    state = identity.State()
    for fact in facts:
        identity.project(state, fact)
    return state


@pytest.fixture
def chain(make):
    return state_of(
        key(make, ENROL, use="enrolment", by=ROOT, holder="host"),
        key(make, NODE, use="node", by=ROOT, holder="host"),
        key(make, PERSON),
    )


@pytest.mark.parametrize("minute,speaks", [(-0.01, False), (0, True), (59.99, True), (60, False)])
def test_a_key_speaks_within_its_span(chain, minute, speaks):
    info = identity.speaker(chain, PERSON, START + int(minute * MINUTE))
    assert (info is not None) is speaks
    if info is not None:
        assert (info.party, info.holder, info.use) == ("host", "pe_a", "person")


def test_an_unknown_key_speaks_for_nobody(chain):
    assert identity.speaker(chain, STRANGER, START) is None
    assert identity.key_info(chain, STRANGER) is None


def test_an_ended_key_speaks_no_more_whatever_time_is_stated(make, chain):
    identity.project(chain, key(make, state="ended", t=30, compromised_since=START))
    assert identity.speaker(chain, PERSON, START) is None
    info = identity.key_info(chain, PERSON)
    assert info.ended
    assert info.compromised_since == START
    identity.project(chain, key(make, t=40))
    assert identity.speaker(chain, PERSON, START + 40 * MINUTE) is None


def test_the_keys_of_a_holder(chain):
    assert [info.public for info in identity.keys_of(chain, "pe_a", START)] == [PERSON]
    assert identity.keys_of(chain, "pe_a", START + 60 * MINUTE) == []


def test_another_party_neither_takes_nor_ends_a_key(make, chain):
    before = copy.deepcopy(chain)
    identity.project(chain, key(make, party="partner", holder="pe_x"))
    identity.project(chain, key(make, party="partner", state="ended"))
    assert chain == before


def test_a_renewal_moves_the_end_and_keeps_the_holder(make, chain):
    renewal = key(make, t=50, from_=START + 50 * MINUTE, until=START + 99 * MINUTE, holder=None)
    identity.decide(chain, renewal, roots=ROOTS)
    identity.project(chain, renewal)
    info = identity.speaker(chain, PERSON, START + 80 * MINUTE)
    assert info.holder == "pe_a"
    assert identity.speaker(chain, PERSON, START) is not None


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("signer", [ROOT, OTHER_ROOT, NODE, ENROL, PERSON, STRANGER])
def test_who_may_enrol_what(chain, use, signer):
    expected = signer == ROOT or (signer == ENROL and use in ("person", "device"))
    assert identity.may_enrol(chain, signer, use, "host", ROOTS) is expected
    assert identity.may_enrol(chain, signer, use, "partner", ROOTS) is (signer == OTHER_ROOT)


def test_an_enrolment_key_out_of_its_span_enrols_nobody(chain):
    late = START + 60 * MINUTE
    assert not identity.may_enrol(chain, ENROL, "person", "host", ROOTS, at=late)
    assert identity.may_enrol(chain, ROOT, "person", "host", ROOTS, at=late)


def test_unknown_uses_and_parties_are_never_enrolled(chain):
    assert not identity.may_enrol(chain, ROOT, "master", "host", ROOTS)
    assert not identity.may_enrol(chain, ROOT, "node", "nobody", ROOTS)


ALLOWED = [
    {"public_key": ROOT, "use": "root", "by": ROOT, "holder": "host"},
    {"public_key": STRANGER, "use": "node", "by": ROOT, "holder": "host"},
    {"public_key": STRANGER, "use": "witness", "by": ROOT, "holder": "host"},
    {"public_key": STRANGER, "use": "device", "by": ENROL, "bound_to": "ve_1"},
    {"public_key": STRANGER, "use": "person", "by": ROOT},
    {"state": "ended"},
    {"state": "ended", "by": PERSON},
    {"state": "ended", "by": ROOT},
]


@pytest.mark.parametrize("case", ALLOWED)
def test_what_may_enter(make, chain, case):
    identity.decide(chain, key(make, **case), roots=ROOTS)


REFUSED = [
    ({"public_key": STRANGER, "use": "node", "by": ENROL}, "may not enrol a node key of host"),
    ({"public_key": STRANGER, "by": NODE}, "may not enrol a person key .* root or enrolment key"),
    ({"public_key": STRANGER, "by": PERSON}, "may not enrol a person key"),
    ({"public_key": STRANGER, "by": STRANGER}, "may not enrol a person key"),
    ({"public_key": STRANGER, "by": OTHER_ROOT}, "may not enrol a person key"),
    ({"public_key": STRANGER, "by": ENROL, "t": 60}, "in force at the record's time"),
    ({"public_key": STRANGER, "party": "partner"}, "may not enrol a person key of partner"),
    ({"public_key": STRANGER, "until": START}, "not after its begin"),
    ({"public_key": STRANGER, "use": "root", "by": ROOT}, "root keys stand in the signed agree"),
    ({"public_key": ROOT, "use": "person", "by": ROOT}, "root keys stand in the signed agree"),
    ({"public_key": OTHER_ROOT, "use": "person"}, "root keys stand in the signed agree"),
    ({"holder": "pe_b"}, "is enrolled already"),
    ({"use": "device"}, "one key speaks for one holder in one use"),
    ({"party": "partner", "by": OTHER_ROOT}, "is enrolled already"),
    ({"public_key": STRANGER, "state": "ended"}, "host has not enrolled the key"),
    ({"party": "partner", "by": OTHER_ROOT, "state": "ended"}, "partner has not enrolled the key"),
    ({"state": "ended", "use": "device"}, "is a person key, not a device key"),
    ({"state": "ended", "by": NODE}, "may not end a person key of host"),
    ({"public_key": NODE, "use": "node", "state": "ended"}, "may not end a node key of host"),
]


@pytest.mark.parametrize("case,message", REFUSED)
def test_what_is_refused(make, chain, case, message):
    before = copy.deepcopy(chain)
    with pytest.raises(Refused, match=message):
        identity.decide(chain, key(make, **case), roots=ROOTS)
    assert chain == before


def test_an_ended_key_never_comes_back_and_ends_once(make, chain):
    identity.project(chain, key(make, state="ended"))
    with pytest.raises(Refused, match="an ended key never comes back"):
        identity.decide(chain, key(make), roots=ROOTS)
    with pytest.raises(Refused, match="has ended already"):
        identity.decide(chain, key(make, state="ended"), roots=ROOTS)


def test_an_ended_root_or_enrolment_key_enrols_nobody(make, chain):
    identity.project(chain, key(make, ENROL, use="enrolment", by=ROOT, state="ended"))
    assert not identity.may_enrol(chain, ENROL, "person", "host", ROOTS)
    identity.project(chain, key(make, ROOT, use="root", by=ROOT))
    identity.project(chain, key(make, ROOT, use="root", by=ROOT, state="ended"))
    assert not identity.may_enrol(chain, ROOT, "person", "host", ROOTS)


def test_a_text_that_is_no_key_is_malformed(make):
    with pytest.raises(Malformed, match="is not a key"):
        identity.decide(identity.State(), key(make, "ed25519:xyz"), roots=ROOTS)


def test_other_aliases_pass_and_change_nothing(make):
    fact, state = make("ack", alert="al_1", about="ve_1"), identity.State()
    identity.decide(state, fact, roots=ROOTS)
    identity.project(state, fact)
    assert state == identity.State()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ENROL, NODE, PERSON, DEVICE]),
            st.sampled_from(USES),
            st.sampled_from([ROOT, OTHER_ROOT, ENROL, PERSON]),
            st.sampled_from(["enrolled", "ended"]),
            st.sampled_from(["host", "partner"]),
            st.integers(0, 70),
        ),
        max_size=12,
    )
)
def test_a_walk_keeps_the_chain_and_replays_equally(steps):
    make, state, entered = Maker(), identity.State(), []
    for public_key, use, by, what, party, t in steps:
        fact = key(make, public_key, t, use=use, by=by, state=what, party=party)
        before = copy.deepcopy(state)
        try:
            identity.decide(state, fact, roots=ROOTS)
        except Refused:
            assert state == before
            continue
        assert state == before
        identity.project(state, fact)
        entered.append(fact)
    assert state == state_of(*entered)
    for info in state.keys.values():
        signer = state.keys.get(info.enrolled_by)
        assert info.enrolled_by == ROOTS[info.party] or (
            info.use in ("person", "device") and signer.party == info.party
        )
