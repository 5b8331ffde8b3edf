"""Identity: which key speaks for whom, since when, until when.

Records: `key`.

Invariants: root keys stand in the signed agreement; a root key enrols node, witness and enrolment
keys, and a root or enrolment key enrols those of persons and devices, each for its own party only;
one key speaks for one holder in one use; an ended key never comes back. Whether a key had ended is
judged by the order of facts, so a record with an early time does not pass for one that was made
before the key was lost.

Never here: private keys, names, phone numbers, biometrics.
"""

from safeconduct.identity.decide import decide
from safeconduct.identity.model import KeyInfo
from safeconduct.identity.projection import State, project
from safeconduct.identity.queries import key_info, keys_of, may_enrol, speaker

__all__ = [
    "KeyInfo",
    "State",
    "decide",
    "key_info",
    "keys_of",
    "may_enrol",
    "project",
    "speaker",
]
