"""A deliberately naive judge, written from the formulas: quantify over everything, always.

It shares the values of `language` with the product and nothing else.
"""

from itertools import product

from safeconduct.standards import language as lang

YES, MAYBE, NO = 2, 1, 0


def value(event, field):
    if field in ("source", "party", "acting", "by") and getattr(event, field) is not None:
        return getattr(event, field)
    return event.data.get(field)


def match(atom, event, env):
    """(truth, env with the atom's variables) of one event under some values."""
    if event.type != atom.type:
        return NO, env
    env, truth = dict(env), YES
    for arg in atom.args:
        found = value(event, arg.field)
        if isinstance(arg, lang.Bind):
            if found is None or (arg.var in env and repr(env[arg.var]) != repr(found)):
                return NO, env
            env[arg.var] = found
        elif isinstance(arg, lang.Equals):
            if found != arg.value:
                return NO, env
        elif type(found) is not type(arg.value):
            truth = MAYBE
        elif not {
            "<": found * arg.scale < arg.value,
            "<=": found * arg.scale <= arg.value,
            ">": found * arg.scale > arg.value,
            ">=": found * arg.scale >= arg.value,
            "=": found * arg.scale == arg.value,
        }[arg.op]:
            return NO, env
    return truth, env


class Oracle:
    def __init__(self, rule, events, identities, frm=None, until=None):
        self.rule = rule
        ordered = sorted(enumerate(events), key=lambda pair: (pair[1].t, pair[0]))
        self.points = sorted({event.t for event in events})
        self.events = [event for _, event in ordered if event.type != "tick"]
        self.identities = identities
        self.in_force = lambda t: (frm is None or frm <= t) and (until is None or t < until)

    def after(self, t):
        return next((p for p in self.points if p > t), None)

    def reached(self, t):
        return next((p for p in self.points if p >= t), None)

    def standing(self, kind, now):
        """Records of a type that are valid at an instant, by the words of the vocabulary."""
        fields = self.identities[kind]
        known = [e for e in self.events if e.t <= now]
        records = [e for e in known if e.type == kind]
        gone = {(e.party, e.replaces) for e in records if e.replaces}
        groups = {}
        for e in records:
            if (e.party, str(e.ref)) not in gone:
                key = (e.party, *(repr(value(e, f)) for f in fields))
                groups.setdefault(key, []).append(e)
        out = []
        for members in groups.values():
            best = max(members, key=lambda e: (e.t, e.seq, self.events.index(e)))
            subject = best.data.get("about", value(best, fields[0]))
            ended = False
            for r in known:
                if r.type == "revoked" and "of" in r.data:
                    ended |= str(r.data["of"]) == str(best.ref)
                elif r.type == "revoked":
                    ended |= r.data.get("about") == subject and best.t < r.t
                elif r.type == "hold_released" and kind == "hold":
                    # a release that names no hold ends none
                    ended |= r.data.get("hold", "?") == subject and best.t < r.t
            begun = best.data.get("from", now) <= now
            if not ended and begun and now < best.data.get("until", now + 1):
                out.append(best)
        return out

    def moments(self):
        """Every instant at which anything may change, up to the last point."""
        times = {e.t for e in self.events}
        for e in self.events:
            times |= {e.data[f] for f in ("from", "until") if f in e.data and e.data[f] > e.t}
        return sorted(t for t in times if self.points and t <= self.points[-1])

    def found(self, atom, env, now, since=None, skip=None):
        """(truth, env, event) of all matches of an atom in the window that ends now."""
        pool = self.standing(atom.type, now) if atom.valid else self.events
        for e in pool:
            if e.t <= now and (since is None or e.t >= since) and e is not skip:
                truth, more = match(atom, e, env)
                if truth:
                    yield truth, more, e

    def rows(self):
        kind = type(self.rule).__name__.lower()
        return sorted(getattr(self, kind)(), key=repr)

    def triggers(self, atom):
        for e in self.events:
            truth, env = match(atom, e, {})
            if truth and self.in_force(e.t):
                yield truth, env, e

    def response(self):
        rule = self.rule
        for sure, env, e in self.triggers(rule.trigger):
            deadline = e.t + rule.within
            kept, doubt = [], False
            for t in (t for t in {*self.moments(), e.t} if e.t <= t <= deadline):
                for atom in rule.answers:
                    for truth, _, f in self.found(atom, env, t):
                        if atom.valid or f.t == t:
                            doubt |= truth == MAYBE
                            if truth == YES:
                                kept.append(t)
            at = self.after(deadline)
            if kept:
                yield "kept", e.ref, deadline, self.reached(min(kept)), env
            elif at is None:
                yield "cannot_tell", e.ref, deadline, None, env
            else:
                word = "breached" if sure == YES and not doubt else "cannot_tell"
                yield word, e.ref, deadline, at, env

    def before(self):
        for sure, env, e in self.triggers(self.rule.trigger):
            truth = min(max(self.need(p, env, e) for p in need) for need in self.rule.needs)
            word = {YES: "kept", MAYBE: "cannot_tell", NO: "breached"}[truth]
            if word == "breached" and sure == MAYBE:
                word = "cannot_tell"
            yield word, e.ref, None, e.t, env

    def need(self, part, env, e):
        within = getattr(part, "within", None)
        since = None if within is None else e.t - within
        match part:
            case lang.Group(atoms=atoms, where=where):
                best = NO
                pools = [list(self.found(atom, env, e.t, since)) for atom in atoms]
                for combo in product(*pools):
                    merged, good = {}, True
                    for _, more, _ in combo:
                        for var, v in more.items():
                            good &= repr(merged.setdefault(var, v)) == repr(v)
                    if where and good:
                        good = merged[where[0]] != merged[where[1]]
                    if good:
                        best = max(best, min(truth for truth, _, _ in combo))
                return best
            case lang.Earlier(atom=atom, by=by):
                return max((t for t, _, _ in self.found(atom, env, e.t - by)), default=NO)
            case lang.Count():
                return self.count(part, env, e, since)
            case lang.Absent(atom=atom):
                truths = [t for t, _, _ in self.found(atom, env, e.t, since, e)]
                return {YES: NO, MAYBE: MAYBE, NO: YES}[max(truths, default=NO)]
            case lang.NotSince(atom=atom, breaker=breaker):
                return self.not_since(atom, breaker, env, e)

    def count(self, part, env, e, since):
        every = list(self.found(part.atom, env, e.t, since))
        low = len({repr(more[part.var]) for truth, more, _ in every if truth == YES})
        high = len({repr(more[part.var]) for _, more, _ in every})
        if part.bound == "least":
            return YES if low >= part.number else MAYBE if high >= part.number else NO
        return NO if low > part.number else MAYBE if high > part.number else YES

    def not_since(self, atom, breaker, env, e):
        best = NO
        for truth, more, a in self.found(atom, env, e.t):
            breaks = [t for t, _, b in self.found(breaker, more, e.t) if b.t > a.t]
            best = max(best, min(truth, YES - max(breaks, default=NO)))
        return best

    def apart(self):
        rule = self.rule
        for sure, env, e in self.triggers(rule.trigger):
            best = NO
            for truth, more, _ in self.found(rule.other, env, e.t, e.t - rule.within, e):
                if rule.where is None or more[rule.where[0]] != more[rule.where[1]]:
                    best = max(best, truth)
            best = min(best, sure)
            yield {YES: "breached", MAYBE: "cannot_tell", NO: "kept"}[best], e.ref, None, e.t, env

    def never(self):
        for sure, env, e in self.triggers(self.rule.trigger):
            yield "breached" if sure == YES else "cannot_tell", e.ref, None, e.t, env

    def chain(self, begin, end, env, first, every):
        """Intervals of one chain that lives from `begin` to `end` (None: still alive)."""
        heard = [
            f
            for f in self.events
            if match(self.rule.heard, f, env)[0] and f.t > begin and (end is None or f.t <= end)
        ]
        points = [(begin, first)]
        for f in heard:
            if f.t > points[-1][0] and (end is None or f.t < end):
                points.append((f.t, f.ref))
        for t, ref in points:
            deadline = t + every
            later = [f.t for f in heard if f.t > t] + ([] if end is None else [end])
            stop = min(later, default=None)
            at = self.after(deadline)
            if stop is not None and stop <= deadline:
                yield "kept", ref, deadline, self.reached(stop), env
            elif at is not None:
                yield "breached", ref, deadline, at, env
            else:
                yield "cannot_tell", ref, deadline, None, env

    def fromuntil(self):
        rule = self.rule
        until = {}
        for _, env, e in self.triggers(rule.start):
            key = repr(sorted(env.items()))
            if key in until and (until[key] is None or e.t <= until[key]):
                continue
            ends = [f.t for f in self.events if f.t >= e.t and match(rule.end, f, env)[0]]
            until[key] = min(ends, default=None)
            yield from self.chain(e.t, until[key], env, e.ref, rule.every)

    def whilevalid(self):
        rule = self.rule
        envs = {}
        for e in self.events:
            truth, env = match(rule.standing, e, {})
            if truth:
                envs[repr(sorted(env.items()))] = env
        for env in envs.values():
            begin = first = None
            for t in self.moments():
                now = [f for _, _, f in self.found(rule.standing, env, t)]
                if now and begin is None:
                    begin = t
                    first = max(now, key=lambda e: (e.t, self.events.index(e))).ref
                elif not now and begin is not None:
                    yield from self.chain(begin, t, env, first, rule.every)
                    begin = None
            if begin is not None:
                yield from self.chain(begin, None, env, first, rule.every)
