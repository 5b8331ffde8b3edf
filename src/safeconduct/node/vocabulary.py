"""All record types of all rooms, gathered: the one place that sees every room's words."""

from safeconduct.agreement.records import TYPES as AGREEMENT
from safeconduct.federation.records import TYPES as FEDERATION
from safeconduct.identity.records import TYPES as IDENTITY
from safeconduct.kernel.vocabulary import Vocabulary
from safeconduct.movements.records import TYPES as MOVEMENTS
from safeconduct.registers.records import TYPES as REGISTERS
from safeconduct.review.records import TYPES as REVIEW
from safeconduct.sites.records import TYPES as SITES
from safeconduct.standards.records import TYPES as STANDARDS
from safeconduct.tracking.records import TYPES as TRACKING
from safeconduct.watch.records import TYPES as WATCH

VOCABULARY = Vocabulary.of(
    (
        *AGREEMENT,
        *REGISTERS,
        *IDENTITY,
        *SITES,
        *MOVEMENTS,
        *TRACKING,
        *STANDARDS,
        *WATCH,
        *REVIEW,
        *FEDERATION,
    )
)
