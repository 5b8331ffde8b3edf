"""The rooms of one node, side by side: what each fact means to each of them."""

from safeconduct import identity, movements, registers, sites
from safeconduct.agreement import Agreement
from safeconduct.kernel.records import Fact
from safeconduct.node.duties import Duties


class Rooms:
    """The projections. State is a function of the facts and can be rebuilt at any time."""

    def __init__(self, party: str, roots: dict[str, str]) -> None:
        self.party = party
        self.roots = roots
        self.identity = identity.State()
        self.registers = registers.State()
        self.sites = sites.State()
        self.movements = movements.State()

    def project(self, fact: Fact) -> None:
        """Take a fact in. Milestones show too little to project; they are read where they lie."""
        if fact.form != "full":
            return
        if fact.alias == "raised" and fact.log != self.party:
            # Both nodes compute the same alert; when it was raised here is for this node to say.
            return
        identity.project(self.identity, fact)
        registers.project(self.registers, fact)
        sites.project(self.sites, fact)
        movements.project(self.movements, fact)

    def decide(self, fact: Fact, duties: Duties | None) -> None:
        """Ask each room whether a proposed record may enter the log.

        Raises:
            Refused: by the first room that refuses, with its clause.
        """
        identity.decide(self.identity, fact, roots=self.roots)
        registers.decide(self.registers, fact)
        sites.decide(
            self.sites, fact, registers=self.registers, rule=duties.check if duties else None
        )
        movements.decide(self.movements, fact, rule=duties.release if duties else None)

    def territory(self, fact: Fact, agreement: Agreement) -> list[str]:
        """The places of a movement's record: the district it names, or all of the request's."""
        district = fact.get("district")
        if district in agreement.places:
            return [str(district)]
        return self.districts(str(fact.get("movement") or fact.get("about") or ""), agreement)

    def districts(self, movement: str, agreement: Agreement) -> list[str]:
        """The districts of a movement, where they are open here; else the territory as a whole."""
        found = movements.movement(self.movements, movement)
        named = (found.districts if found is not None else None) or ()
        return [place for place in named if place in agreement.places] or root_places(agreement)


def root_places(agreement: Agreement) -> list[str]:
    """The territory as a whole: places that lie within nothing and are countries."""
    return [
        name
        for name, place in agreement.places.items()
        if place.within is None and place.kind == "country"
    ]
