"""That the verdict follows: one claim, judged again over the opened records.

Bounds are inclusive; a breach is decided only after the deadline. Every question has three
answers here: yes, no, and a reason why it cannot be told; only yes and no ever prove anything.
An absence is a statement about the log of the party that owed the act: see `Range.covers`.
"""

from dataclasses import dataclass, field
from typing import Any

from safeconduct_verify.reading import contradicted, not_proven
from safeconduct_verify.records import Record
from safeconduct_verify.rules import Arg, Atom, Need, Rule
from safeconduct_verify.words import (
    GAP_TYPE,
    IDENTITY,
    MOTION,
    PLACES,
    SCALE,
    SIGHTED,
    TYPES,
    UNITS,
)

ATTRIBUTES = ("source", "party", "acting", "by")
MARGIN = 300_000
"""How far a person's clock may run ahead, ms: a range must begin that much before its window."""

EPISODE = 1_800_000
"""A vehicle seen again within this time, ms, rejoins its old stay and its clock."""

LOOK_BACK = 86_400_000
"""How far back a range must reach, ms, to show that a sighting began a stay."""

Env = dict[str, Any]


@dataclass(frozen=True)
class Proven:
    """A record that stands in a log under a cosigned checkpoint."""

    record: Record
    party: str
    index: int
    cosigned: int


@dataclass
class Range:
    """A complete run of one log's leaves under a cosigned checkpoint."""

    party: str
    start: int
    end: int
    cosigned: int
    stubs: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    full: dict[int, Proven] = field(default_factory=dict)
    closed: list[int] = field(default_factory=list)

    def covers(self, low: int | None, high: int) -> str:
        """Why this range does not cover the window, or an empty text if it does.

        A cosignature's second is the word of the party that did not owe the act. So the log's own
        node must say it too: its first leaf is a cosignature it gave before the window, unless
        the range begins with the log; and a record of its node after the window stands in it.
        """
        if self.closed:
            return f"completeness: {len(self.closed)} leaves of the log of {self.party} are closed"
        if self.cosigned <= high:
            return (
                f"completeness: the range of the log of {self.party} is cosigned before "
                "the window ends"
            )
        nodes = [item.record for item in self.full.values() if item.record.acting == "node"]
        if not any(record.time - record.err > high for record in nodes):
            return (
                f"completeness: nothing in the range shows that the node of {self.party} itself "
                "had passed the end of the window"
            )
        first = self.full.get(self.start)
        if self.start and (
            low is None
            or first is None
            or first.record.type != TYPES["cosigned"]
            or first.record.acting != "node"
            or first.record.time + first.record.err + MARGIN > low
        ):
            return f"completeness: the range of the log of {self.party} begins too late"
        return ""


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str) and ":" in value:
        kind, _, rest = value.partition(":")
        if kind in PLACES and (name == kind or name not in PLACES):
            return rest
    return value


def same(name: str, one: Any, other: Any) -> bool:
    """Whether two values of a field are equal; a place may stand with or without its kind."""
    if type(one) is not type(other):
        return False
    return bool(_plain(name, one) == _plain(name, other))


def when_of(alias: str, record: Record) -> int:
    """The time of the event that an alias sees in a record."""
    seen = record.values.get("first_seen")
    if alias == "stopped" and record.type == SIGHTED and type(seen) is int:
        return min(seen, int(record.time))
    return int(record.time)


def _compare(alias: str, arg: Arg, value: Any) -> bool | None:
    if arg.op in ("=", "!=") and arg.unit is None:
        return same(arg.field, value, arg.value) == (arg.op == "=")
    if type(value) is not int or type(arg.value) is not int:
        return None
    own = UNITS.get(alias, {}).get(arg.field)
    left, right = value, arg.value
    if arg.unit is not None and own is not None:
        left, right = value * SCALE[own][1], arg.value * SCALE[arg.unit][1]
    return {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[arg.op]


def match(atom: Atom, record: Record, env: Env) -> tuple[bool | None, Env]:
    """Whether a record is such an event (None: it cannot be told), and the variables it binds."""
    derived = atom.alias in MOTION and record.type == SIGHTED
    if not derived and record.type != TYPES[atom.alias]:
        return False, env
    if derived and record.values.get("motion") != MOTION[atom.alias]:
        return False, env
    out, sure = dict(env), True
    for arg in atom.args:
        if arg.field in ATTRIBUTES:
            value = record.value.get(arg.field)
        elif arg.field in record.values:
            value = record.values[arg.field]
        else:
            sure = False  # closed here, or an optional field that is absent: never a no
            continue
        if arg.op == "join":
            name = str(arg.value)
            if name not in out:
                out[name] = value
            elif not same(arg.field, out[name], value):
                return False, env
            continue
        verdict = _compare(atom.alias, arg, value)
        if verdict is False:
            return False, env
        sure = sure and verdict is True
    return (True if sure else None), out


def could(atom: Atom, party: str, kind: str, keys: dict[str, Any], env: Env) -> bool:
    """Whether a leaf that is open to type and join keys alone could be such an event."""
    if kind != TYPES[atom.alias] and not (atom.alias in MOTION and kind == SIGHTED):
        return False
    for arg in atom.args:
        value = party if arg.field == "party" else keys.get(arg.field)
        if value is None or (isinstance(value, str) and value.startswith("sealed:")):
            continue
        if arg.op == "join":
            if str(arg.value) in env and not same(arg.field, env[str(arg.value)], value):
                return False
        elif _compare(atom.alias, arg, value) is False:
            return False
    return True


@dataclass
class Scene:
    """Everything that one claim is judged over."""

    rule: Rule
    owner: str
    trigger: Proven
    records: list[Proven]
    ranges: dict[str, Range]

    def log_of(self, atom: Atom) -> str:
        """The party in whose log such an event would stand."""
        for arg in atom.args:
            if arg.field == "party" and arg.op == "=":
                return str(arg.value)
        return self.owner

    def search(self, atom: Atom, env: Env, low: int | None, high: int) -> tuple[list[Proven], str]:
        """Events in the window that are surely there, and why there may be more, if there may."""
        some = [
            item
            for item in self.records
            if match(atom, item.record, env)[0]
            and (low is None or low <= when_of(atom.alias, item.record))
            and when_of(atom.alias, item.record) <= high
        ]
        party = self.log_of(atom)
        stretch = self.ranges.get(party)
        if stretch is None:
            return some, f"completeness: the range of the log of {party} is not here"
        doubt = self.trigger.record.err
        why = stretch.covers(low if low is None else low - doubt, high + doubt)
        for index, (kind, keys) in stretch.stubs.items():
            if why or not could(atom, party, kind, keys, env):
                continue
            item = stretch.full.get(index)
            if item is None:
                why = f"completeness: leaf {index} of the log of {party} could be it and is closed"
            elif item.record.value["id"] != self.trigger.record.id:
                why = self._doubt(atom, item, env, low, high)
        return some, why

    def _doubt(self, atom: Atom, item: Proven, env: Env, low: int | None, high: int) -> str:
        answer, time = match(atom, item.record, env)[0], when_of(atom.alias, item.record)
        slack = item.record.err + self.trigger.record.err
        inside = (low is None or low <= time) and time <= high
        near = (low is None or low - slack <= time) and time <= high + slack
        if answer is None and near:
            return f"a field of record {item.record.id} is closed, which could be the act"
        if answer and near and not inside:
            return f"record {item.record.id} lies within clock error of the window"
        return ""

    # ------------------------------------------------------------ the forms of rules

    def judge(self, verdict: str, env: Env, deadline: int | None) -> None:
        """Stop unless the verdict follows."""
        if verdict not in ("kept", "breached"):
            not_proven(
                "this verifier cannot evaluate a verdict of cannot tell without a source gap"
            )
        form = {
            "when": self._when,
            "before": self._before,
            "from": self._from,
            "while": self._while,
            "never": self._never,
        }[self.rule.form]
        time = when_of(self.rule.trigger.alias, self.trigger.record)
        form(verdict, env, time, deadline)

    def _need_deadline(self, deadline: int | None, wanted: int | None) -> None:
        if deadline != wanted:
            contradicted("the deadline of the claim is not the one that the rule gives")

    def absent(self, atoms: tuple[Atom, ...], env: Env, low: int, high: int) -> None:
        """Stop unless none of these events is in the window, over complete ranges."""
        for atom in atoms:
            found, why = self.search(atom, env, None if atom.valid else low, high)
            found = [item for item in found if not self._returned(atom, item)]
            if found and not atom.valid:
                contradicted(
                    f"record {found[0].record.id} ({found[0].record.type}) of {found[0].party} "
                    "is the act that the claim says was not done"
                )
            if found or why:
                not_proven(why or "this verifier cannot evaluate `valid` here")

    def _returned(self, atom: Atom, gone: Proven) -> bool:
        """Whether a vehicle that went was seen standing there again so soon that it had not."""
        record = gone.record
        if atom.alias not in ("left", "moved") or record.type != SIGHTED:
            return False
        return any(
            match(Atom("stopped", ()), item.record, {})[0]
            and item.record.values.get("vehicle") == record.values.get("vehicle")
            and same("zone", item.record.values.get("zone"), record.values.get("zone"))
            and record.time < item.record.time <= record.time + EPISODE
            for item in self.records
            if item.party == gone.party
        )

    def _present(self, atoms: tuple[Atom, ...], env: Env, low: int, high: int) -> None:
        if not any(
            not self._returned(atom, item)
            for atom in atoms
            if not atom.valid
            for item in self.search(atom, env, low, high)[0]
        ):
            not_proven("no record here is the act that would keep the standard")

    def _when(self, verdict: str, env: Env, time: int, deadline: int | None) -> None:
        high = time + (self.rule.span or 0)
        self._need_deadline(deadline, high)
        if verdict == "kept":
            return self._present(self.rule.others, env, time, high)
        if self.trigger.party != self.owner and self.trigger.cosigned > high:
            not_proven(
                f"the trigger is the word of {self.trigger.party}, and {self.owner} is not "
                "shown to have seen its leaf before the deadline"
            )
        return self.absent(self.rule.others, env, time, high)

    def _from(self, verdict: str, env: Env, time: int, deadline: int | None) -> None:
        assert self.rule.end is not None
        high = time + (self.rule.span or 0)
        self._need_deadline(deadline, high)
        acts = (*self.rule.others, self.rule.end)
        if verdict == "kept":
            return self._present(acts, env, time + 1, high)
        self._own_trigger()
        if not match(self.rule.trigger, self.trigger.record, {})[0]:
            self._inside(env, time)
        return self.absent(acts, env, time + 1, high)

    def _inside(self, env: Env, time: int) -> None:
        assert self.rule.end is not None
        for start in self.search(self.rule.trigger, env, None, time)[0]:
            found, why = self.search(self.rule.end, env, start.record.time, time)
            if not found and not why:
                return
        not_proven("the records do not show that the obligation was running at the trigger")

    def _while(self, verdict: str, env: Env, time: int, deadline: int | None) -> None:
        starts = match(self.rule.trigger, self.trigger.record, {})[0]
        begins = self.trigger.record.values.get("from")
        if starts and type(begins) is int:  # a shift that is still to come owes from its start on
            time = max(time, begins)
        high = time + (self.rule.span or 0)
        self._need_deadline(deadline, high)
        if verdict == "kept":
            return self._present(self.rule.others, env, time + 1, high)
        self._own_trigger()
        state = Atom(self.rule.trigger.alias, self.rule.trigger.args)
        held = [self.trigger] if starts else self.search(state, env, None, time)[0]
        why = [self.stands(state, item, time, high) for item in held]
        if "" not in why:
            not_proven(why[0] if why else "the state that obliges is not in the bundle")
        return self.absent(self.rule.others, env, time + 1, high)

    def stands(self, atom: Atom, item: Proven, since: int, until: int) -> str:
        """Why a standing record is not shown to hold all that time, or an empty text if it is."""
        record, names = item.record, IDENTITY.get(atom.alias)
        start, end = record.values.get("from", 0), record.values.get("until")
        if names is None or type(start) is not int or type(end) not in (int, type(None)):
            return f"this verifier cannot evaluate how long {atom.alias} stands"
        if start > since or (end is not None and end <= until + record.err):
            return f"record {record.id} does not stand at the time"
        stretch = self.ranges.get(item.party)
        why = stretch.covers(record.time - record.err, until) if stretch else "no range"
        if why or stretch is None:
            return f"{why} (so a later end of record {record.id} is not ruled out)"
        mine = {name: record.values.get(name) for name in names}
        for index, (kind, keys) in stretch.stubs.items():
            newer = kind == record.type and all(keys.get(n, v) == v for n, v in mine.items())
            freed = kind == TYPES["hold_released"] and keys.get("hold") in mine.values()
            if (newer and index != item.index) or freed:
                return f"leaf {index} may have taken the place of record {record.id}, or ended it"
            if kind == TYPES["revoked"]:
                back = stretch.full.get(index)
                named = back is None or back.record.values.get("of") == record.value["id"]
                if named or keys.get("about") in (record.subject, *mine.values()):
                    return f"leaf {index} may have taken record {record.id} back"
        return ""

    def _never(self, verdict: str, env: Env, time: int, deadline: int | None) -> None:
        self._need_deadline(deadline, None)
        if verdict == "kept":
            not_proven("this verifier cannot evaluate that something never happened")
        self._own_trigger()
        if not self.rule.others:
            return
        other = self.rule.others[0]
        for item in self.search(other, env, time - (self.rule.span or 0), time)[0]:
            bound = match(other, item.record, env)[1]
            left, right = self.rule.apart or ("", "")
            itself = item.record.value["id"] == self.trigger.record.id
            if self.rule.apart and (left not in bound or right not in bound):
                continue
            if self.rule.apart and bound[left] == bound[right]:
                continue
            if not itself and item.party == self.owner:
                return
        not_proven("the other record, too near to the first, is not here")

    def _before(self, verdict: str, env: Env, time: int, deadline: int | None) -> None:
        self._need_deadline(deadline, None)
        why = ""
        if verdict == "breached":
            self._own_trigger()
        for group in self.rule.needs:
            answers = [self._met(need, env, time) for need in group]
            if verdict == "breached" and all(answer is False for answer in answers):
                return
            if verdict == "kept" and all(answer is False for answer in answers):
                contradicted("a precondition was not met")
            if not any(answer is True for answer in answers):
                why = why or next((a for a in answers if isinstance(a, str)), "it cannot be told")
        if verdict == "breached":
            if why:
                not_proven(why)
            contradicted("every precondition was met")
        elif why:
            not_proven(why)

    def _own_trigger(self) -> None:
        if self.trigger.party != self.owner:
            not_proven(f"the trigger is the word of {self.trigger.party}, not of {self.owner}")

    def _met(self, need: Need, env: Env, time: int) -> bool | str:
        """Whether a precondition was met: yes, no, or why it cannot be told."""
        atom = need.atoms[0]
        if need.kind == "since":
            return self._since(need.atoms[0], need.atoms[1], env, time)
        low = None if need.span is None or atom.valid else time - need.span
        if need.kind == "earlier":
            return self._some((atom,), env, None, time - (need.span or 0))
        if need.kind == "group":
            return self._some(need.atoms, env, low, time, need.apart)
        found, why = self.search(atom, env, low, time)
        if need.kind == "absent":
            answer: bool | str = (
                "this verifier cannot evaluate `valid` here" if atom.valid else False
            )
            return answer if found else why or True
        return self._counted(need, [match(atom, item.record, env)[1] for item in found], why)

    def _counted(self, need: Need, bound: list[Env], why: str) -> bool | str:
        if any(need.field not in names for names in bound):
            return f"the rule counts {need.field}, which its pattern does not name"
        values = {repr(names[need.field]) for names in bound}
        enough = len(values) >= need.count if need.bound == "least" else len(values) <= need.count
        settled = enough if need.bound == "least" else not enough
        if settled and need.atoms[0].valid:
            return "this verifier cannot evaluate `valid` here"
        if settled:
            return enough
        return why or enough

    def _some(
        self,
        atoms: tuple[Atom, ...],
        env: Env,
        low: int | None,
        high: int,
        apart: tuple[str, str] | None = None,
    ) -> bool | str:
        reason = ""
        for atom in atoms:
            found, why = self.search(atom, env, None if atom.valid else low, high)
            if not found and not why:
                return False
            reason = reason or why
            if atom.valid and not any(not self.stands(atom, item, high, high) for item in found):
                return reason or "no standing record is shown to hold at the time"
        if self._join(atoms, env, low, high, apart):
            return True
        if any(atom.valid for atom in atoms):
            return reason or "the standing records do not join"
        return reason or False

    def _join(
        self,
        atoms: tuple[Atom, ...],
        env: Env,
        low: int | None,
        high: int,
        apart: tuple[str, str] | None = None,
    ) -> bool:
        if not atoms:
            left, right = (env.get(name) for name in apart) if apart else (0, 1)
            return left is not None and right is not None and left != right
        atom = atoms[0]
        return any(
            self._join(atoms[1:], match(atom, item.record, env)[1], low, high, apart)
            for item in self.search(atom, env, None if atom.valid else low, high)[0]
            if not atom.valid or not self.stands(atom, item, high, high)
        )

    def _since(self, wanted: Atom, ends: Atom, env: Env, time: int) -> bool | str:
        found, why = self.search(wanted, env, None, time)
        if not found and not why:
            return False
        for item in found:
            moment = when_of(wanted.alias, item.record) + 1
            ended, open_end = ([], "") if moment > time else self.search(ends, env, moment, time)
            if not ended and not open_end:
                return True
            why = why or open_end
        for item in self.search(ends, env, None, time)[0]:
            moment = when_of(ends.alias, item.record)
            if self.search(wanted, env, moment, time) == ([], ""):
                return False
        return why or "the records do not settle it"

    # ------------------------------------------------------------ what lifts or undoes a claim

    def episode(self) -> None:
        """Stop unless the sighting that is the trigger began the vehicle's stay."""
        record, alias = self.trigger.record, self.rule.trigger.alias
        if alias not in MOTION:
            return
        if self.trigger.party != self.owner:
            not_proven(f"the sighting is the word of {self.trigger.party}, not of {self.owner}")
        if alias != "stopped" or record.type != SIGHTED:
            return
        stretch, time = self.ranges.get(self.owner), when_of(alias, record)
        why = stretch.covers(time - LOOK_BACK, time) if stretch else "completeness: no range"
        if why or stretch is None:
            not_proven(f"{why} (a sighting must be shown to begin the vehicle's stay)")
        seen = []
        for index, (kind, keys) in stretch.stubs.items():
            if (
                kind != SIGHTED
                or keys.get("vehicle", record.values["vehicle"]) != record.values["vehicle"]
            ):
                continue
            item = stretch.full.get(index)
            if item is None:
                not_proven(f"completeness: leaf {index}, a sighting of the same vehicle, is closed")
            if item.record.value["id"] != record.id:
                stands = item.record.values.get("motion") == "stopped"
                when = when_of("stopped" if stands else "", item.record)
                zone = same("zone", item.record.values.get("zone"), record.values.get("zone"))
                if when < time and (zone or not stands):
                    seen.append((when, stands))
        standing, ended = False, None
        for when, stands in sorted(seen):
            ended = when if standing and not stands else ended
            standing = stands
        if standing or (ended is not None and time - ended < EPISODE):
            not_proven("an earlier sighting began this stay of the vehicle, and its clock")

    def undone(self, standard: str, clause: str, about: str, env: Env) -> None:
        """Stop if the range holds a waiver, a suspension, or a correction of the trigger."""
        subjects = {about, self.trigger.record.subject, *(str(item) for item in env.values())}
        for stretch in self.ranges.values():
            for kind, keys in stretch.stubs.values():
                lifted = kind == TYPES["waived"] and keys.get("standard", standard) == standard
                if lifted and keys.get("about", about) in subjects:
                    not_proven("a waiver of this standard stands in the range")
                if kind == TYPES["suspended"] and keys.get("clause", clause) == clause:
                    not_proven("a suspension of the standard's clause stands in the range")
        for item in self.records:
            if item.record.replaces == self.trigger.record.id and item.party == self.trigger.party:
                not_proven("the trigger was corrected by a later record of the same party")


def source_gap(scene: Scene, post: str) -> None:
    """Stop unless the post was silent for the whole interval after the last record heard of it."""
    record, atom = scene.trigger.record, scene.rule.others[0]
    if scene.rule.form not in ("from", "while") or TYPES[atom.alias] != GAP_TYPE:
        not_proven("the standard named for the source gap is no periodic report of a post")
    heard = record.values.get("post")
    if not (isinstance(heard, str) and same("post", heard, post)) and record.source != post:
        contradicted("the trigger is not a record of the post that is said to be silent")
    since = int(record.time)
    if record.type == TYPES["rostered"]:  # nothing was heard yet: the post owes from its shift on
        begins = record.values.get("from")
        since = max(since, begins) if type(begins) is int else since
    bare = Atom(atom.alias, (Arg("post", "=", post),))
    scene.absent((bare,), {}, since + 1, since + (scene.rule.span or 0))
