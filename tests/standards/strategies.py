"""Random rules and traces, small enough that every coincidence happens."""

from hypothesis import strategies as st

from safeconduct.kernel.vocabulary import Vocabulary, record_type
from safeconduct.standards import Event, Standard, show
from safeconduct.standards import language as lang

TYPES = ("a", "b", "c", "hold")


def _word(alias, identity):
    return record_type(
        alias,
        f"test.{alias}",
        alias,
        kinds="S",
        author="self",
        fields="x! y! hold!? n:n? ok:bool? about!? from:t? until:t?",
        class_name="move",
        milestone=alias,
        identity=identity,
    )


WORDS = Vocabulary.of([_word("a", "x"), _word("b", "x y"), _word("c", "y"), _word("hold", "hold")])
IDENTITIES = {"a": ("x",), "b": ("x", "y"), "c": ("y",), "hold": ("hold",)}

values = st.sampled_from(["p", "q"])


@st.composite
def fields(draw, kind, numbers):
    data = {}
    for name in ("x", "y", "hold"):
        if draw(st.integers(0, 9)):
            data[name] = draw(values)
    if numbers and draw(st.booleans()):
        data["n"] = draw(st.integers(0, 3))
    if numbers and draw(st.booleans()):
        data["ok"] = draw(st.booleans())
    return data


@st.composite
def ends(draw, kind, size):
    data = {}
    for name in ("from", "until"):
        if kind in TYPES and not draw(st.integers(0, 2)):
            data[name] = draw(st.integers(0, 16))
    if kind == "revoked" and draw(st.booleans()):
        data["of"] = str(draw(st.integers(1, size)))
    if kind == "revoked" or not draw(st.integers(0, 3)):
        data["about"] = draw(values)
    return data


@st.composite
def events(draw, numbers=True, standing=False):
    size = draw(st.integers(0, 9))
    out = []
    kinds = [*TYPES, "tick"] + (["revoked", "hold_released"] if standing else [])
    for ref in range(1, size + 1):
        kind = draw(st.sampled_from(kinds))
        t = draw(st.integers(0, 14))
        if kind == "tick":
            out.append(Event(t, "tick", "", 0, {}, ref))
            continue
        data = draw(fields(kind, numbers))
        replaces = None
        if standing:
            data |= draw(ends(kind, size))
            if not draw(st.integers(0, 4)):
                replaces = str(draw(st.integers(1, size)))
        party = draw(st.sampled_from([None, "host", "partner"]))
        by = draw(st.sampled_from(["p", "q"]))
        seq = draw(st.integers(1, 3))
        out.append(Event(t, kind, "s", seq, data, ref, party, None, by, replaces))
    return out


@st.composite
def atoms(draw, numbers=True, valid=False, names=("x", "y", "u")):
    args = []
    for field in ("x", "y", "by"):
        choice = draw(st.integers(0, 5))
        if choice < 2:
            args.append(lang.Bind(field, field if field in names else "u"))
        elif choice == 2:
            args.append(lang.Bind(field, draw(st.sampled_from(names))))
        elif choice == 3 and field != "by":
            args.append(lang.Equals(field, draw(values)))
    if numbers and not draw(st.integers(0, 2)):
        op = draw(st.sampled_from(["<", "<=", ">", ">=", "="]))
        args.append(lang.Compares("n", op, draw(st.integers(0, 3))))
    if numbers and not draw(st.integers(0, 4)):
        args.append(lang.Compares("ok", "=", draw(st.booleans())))
    if not args:
        args.append(lang.Bind("x", "x"))
    standing = valid and draw(st.booleans())
    return lang.Atom(draw(st.sampled_from(TYPES)), tuple(args), standing)


spans = st.integers(0, 8)
windows = st.none() | spans


@st.composite
def wheres(draw, atoms_):
    names = sorted({var for atom in atoms_ for var in atom.variables})
    if len(names) < 2 or draw(st.booleans()):
        return None
    return tuple(draw(st.permutations(names))[:2])


@st.composite
def alternatives(draw, trigger):
    kind = draw(st.integers(0, 4))
    names = ("x", "y", "u", "w")
    if kind == 0:
        chosen = tuple(draw(st.lists(atoms(valid=True, names=names), min_size=1, max_size=2)))
        return lang.Group(chosen, draw(windows), draw(wheres((trigger, *chosen))))
    if kind == 1:
        return lang.Earlier(draw(atoms(names=names)), draw(spans))
    if kind == 2:
        atom = draw(atoms(valid=True, names=names))
        free = [var for var in atom.variables if var not in trigger.variables]
        if free:
            bound = draw(st.sampled_from(["least", "most"]))
            number = draw(st.integers(1, 3))
            return lang.Count(bound, number, free[0], atom, draw(windows))
        return lang.Absent(atom, draw(windows))
    if kind == 3:
        return lang.Absent(draw(atoms(valid=True, names=names)), draw(windows))
    return lang.NotSince(draw(atoms(names=names)), draw(atoms(names=names)))


@st.composite
def rules(draw, kind):
    every = st.integers(1, 8)
    trigger = draw(atoms())
    if kind == "response":
        answers = draw(st.lists(atoms(valid=True), min_size=1, max_size=2))
        return lang.Response(trigger, draw(spans), tuple(answers))
    if kind == "before":
        need = st.lists(alternatives(trigger), min_size=1, max_size=2).map(tuple)
        return lang.Before(trigger, tuple(draw(st.lists(need, min_size=1, max_size=2))))
    if kind == "apart":
        other = draw(atoms())
        return lang.Apart(trigger, other, draw(spans), draw(wheres((trigger, other))))
    if kind == "never":
        return lang.Never(trigger)
    plain = atoms(numbers=False)
    if kind == "fromuntil":
        return lang.FromUntil(draw(plain), draw(plain), draw(plain), draw(every))
    first = draw(plain)
    first = lang.Atom(first.type, first.args, True)
    return lang.WhileValid(first, draw(plain), draw(every))


KINDS = ("response", "before", "apart", "never", "fromuntil", "whilevalid")


def standard(rule, frm=None, until=None, name="s"):
    return Standard(
        name, 1, "1", {"en": "t"}, "other", "o", True, None, frm, until, show(rule), rule
    )
