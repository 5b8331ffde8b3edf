"""Making a node, inviting people to it, and signing the agreement: done on the folder itself.

These are the acts of whoever holds the machine and the keys; they need no token, and the node
must not be running (a log has one writer).
"""

from pathlib import Path

from safeconduct.agreement import canonical_text, load_agreement, signable, wording_hash
from safeconduct.federation.cards import Card, read_card
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.ids import entity_id, is_id, record_id
from safeconduct.kernel.instants import DAY
from safeconduct.kernel.ports import Random
from safeconduct.kernel.signatures import Key, fingerprint
from safeconduct.node.clocks import AnyClock, SystemRandom
from safeconduct.node.drafts import Author, sign_record
from safeconduct.node.folder import Folder, NodeFile
from safeconduct.node.node import Node
from safeconduct.node.stores.desk import DeskStore, Invite
from safeconduct.node.stores.ledger import LedgerStore
from safeconduct.node.vocabulary import VOCABULARY

KEY_LIFE_MS = 366 * DAY
"""Ours: how long keys of a node are enrolled for; they are renewed by the root key."""


def make_root() -> Key:
    """A party's root key: made once, its public half printed in the agreement."""
    return Key(SystemRandom().draw(32))


def init(path: Path, *, party: str, agreement: str, root: Key, clock: AnyClock) -> Card:
    """Make a node's folder: keys, the text, the first records of its log, its card.

    Raises:
        Refused: the folder holds a node already, or the text does not print this root key.
    """
    folder = Folder(path)
    if folder.exists():
        raise Refused(f"{path} holds a node already", do="choose an empty folder")
    text = load_agreement(agreement)
    if party not in text.parties:
        raise Refused(
            f"the agreement has no party {party!r}", do=f"choose one of {', '.join(text.parties)}"
        )
    if text.parties[party].root_key != root.public:
        raise Refused(
            f"the agreement prints another root key for {party}",
            why=f"it prints {text.parties[party].root_key[:24]}..., yours is {root.public[:24]}...",
            do="fill your root key into the text before both parties sign it",
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{path} could not be made", why=str(error.strerror)) from error
    folder.lock()
    random = SystemRandom()
    keys = {use: Key(random.draw(32)) for use in ("node", "witness", "enrolment")}
    short = fingerprint(keys["node"].public).replace("-", "")[:8]
    origin = f"safeconduct/{party}/{short}/1"
    folder.save_key("root", root)
    for use, key in keys.items():
        folder.save_key(use, key)
    folder.write("agreement.yaml", agreement.encode())
    folder.write("agreement.json", canonical_text(text))
    now = clock.now()
    author = Author(party, f"{party}/root", "root", root.public, root)
    signed = []
    for number, (use, key) in enumerate(keys.items(), start=1):
        values = {
            "key": key.public,
            "holder": party,
            "use": use,
            "state": "enrolled",
            "from": now,
            "until": now + KEY_LIFE_MS,
        }
        signed.append(
            sign_record(
                VOCABULARY,
                author,
                alias="key",
                values=values,
                record_id=record_id(random.draw(16)),
                seq=number,
                time=now,
                mode=text.text.mode,
                salts=random,
            )
        )
    card = Card(
        party,
        origin,
        root.public,
        {use: key.public for use, key in keys.items()},
        tuple(envelope.encode() for envelope, _, _ in signed),
    )
    folder.write("card.json", card.encode())
    store = LedgerStore(path, create=True)
    store.belongs_to(party, origin)
    store.close()
    DeskStore(path, create=True).close()
    folder.write("node.json", NodeFile(party, text.text.mode, origin).encode())
    node = Node(folder, clock=clock)
    node.record_own(signed)
    node.publish()
    node.close()
    return card


def add_peer(path: Path, data: bytes) -> Card:
    """Take the other party's card, if the agreement prints its root key.

    Raises:
        Refused: the card is of a party or a root key that the text does not name.
    """
    folder = Folder(path)
    own = folder.node_file()
    card = read_card(data)
    text = load_agreement((folder.read("agreement.yaml") or b"").decode())
    if card.party == own.party or card.party not in text.parties:
        raise Refused(
            f"the card is of {card.party!r}", do="take the card of the other party of the agreement"
        )
    if text.parties[card.party].root_key != card.root:
        raise Refused(
            f"the card's root key is not the one that the agreement prints for {card.party}",
            why="somebody may have put another key in its place",
            do="compare the fingerprints by telephone before you go on",
        )
    folder.write("peer.json", card.encode())
    return card


def sign(node: Node, *, confirmed: str, version: str = "1") -> str:
    """Sign the agreement with the root key, once the peer's fingerprint was confirmed.

    Args:
        node: the node, not running elsewhere.
        confirmed: the fingerprint of the peer's root key, as the peer read it out.

    Returns:
        The hash of the wording that was signed.

    Raises:
        Refused: placeholders in the text, no card of the peer, another fingerprint, or signed
            already.
    """
    signable(node.text)
    if node.peer_card is None:
        raise Refused(
            "the other party's card is missing", do="take it with `safeconduct federation add`"
        )
    wanted = fingerprint(node.peer_card.root)
    if confirmed.strip().lower() != wanted:
        raise Refused(
            f"the fingerprint of {node.peer_card.party} is {wanted}, not {confirmed!r}",
            why="a signature binds you to the key that is printed in the text",
            do="ask the other party, by another channel, to read its fingerprint",
        )
    for fact in node.journal.facts():
        if fact.alias == "signed" and fact.record.party == node.party:
            raise Refused("this party has signed this text already")
    wording = wording_hash(node.text)
    values = {
        "version": version,
        "wording": wording,
        "fingerprint": wanted,
        "in_force_from": node.clock.now(),
    }
    signed = node.sign_own(
        node.author("root"),
        "signed",
        values,
        record_id=record_id(node.salts.draw(16)),
    )
    node.record_own([signed])
    node.publish()
    return wording


def invite(
    node: Node,
    *,
    role: str,
    about: str,
    until: int,
    ids: Random,
    capacity: str = "officer",
    code: str | None = None,
) -> tuple[str, str]:
    """List a person and give out a one-time code for a role.

    Returns:
        `(code, person id)`. The code is shown once and kept only as a hash.

    Raises:
        Malformed: the role is not in the agreement, or is another party's.
    """
    held = node.text.roles.get(role)
    if held is None or held.party != node.party:
        raise Malformed(
            f"{node.party} has no role {role!r}",
            do="choose one of "
            + ", ".join(r.id for r in node.text.roles.values() if r.party == node.party),
        )
    if about != "programme" and about not in node.text.places and not is_id(about, "movement"):
        raise Malformed(
            f"{about!r} is no place of the agreement and no movement",
            do="name a place such as post:outer-gate, a movement's id, or programme",
        )
    founding = record_id(ids.draw(16))
    person = entity_id("person", founding)
    author = node.author("enrolment")
    values = {
        "person": person,
        "capacity": capacity,
        "language": "en",
        "name": person,
        "phone": "none",
        "document": "none",
    }
    node.record_own([node.sign_own(author, "person_listed", values, record_id=founding)])
    secret = code or _code(SystemRandom().draw(10))
    node.desk.invite(secret, Invite(person, role, about, until))
    return secret, person


def _code(data: bytes) -> str:
    """A code that a person can read out: 16 letters and digits in groups of four."""
    letters = "23456789abcdefghjkmnpqrstuvwxyz"
    number = int.from_bytes(data, "big")
    out = ""
    while len(out) < 16:
        number, rest = divmod(number, len(letters))
        out += letters[rest]
    return "-".join(out[i : i + 4] for i in range(0, 16, 4))
