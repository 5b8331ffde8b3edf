"""Sites: which places, cordons and posts there are, and which vehicle waits unchecked.

Records: `site_listed`, `sighted`, `checked`, `unchecked`, `queue`. Read from other rooms by alias:
`ack` and `raised` (who acknowledged an alert about a vehicle), `revoked`.

Invariants: a standing vehicle's clock starts with the first sighting and no later sighting
restarts it; only a check or its going ends it, and `unchecked` never does; a vehicle seen again
soon after it was called gone rejoins its old clock; a check is made by a rostered person who did
not acknowledge the alert; a correction of a sighting does not take back that it was seen. The
story is told by the times of the facts, in whatever order they arrive.

Never here: plates (they stay in the record, closed), persons in a vehicle, faces, judgements of
drivers or owners.
"""

from safeconduct.sites.decide import decide
from safeconduct.sites.model import CheckRule, Place, QueueReport, Site, Waiting
from safeconduct.sites.projection import State, project
from safeconduct.sites.queries import (
    acknowledgers,
    kept_from_check,
    post_report,
    post_reports,
    site,
    site_of_zone,
    sites,
    waiting,
    was_seen,
)

__all__ = [
    "CheckRule",
    "Place",
    "QueueReport",
    "Site",
    "State",
    "Waiting",
    "acknowledgers",
    "decide",
    "kept_from_check",
    "post_report",
    "post_reports",
    "project",
    "site",
    "site_of_zone",
    "sites",
    "waiting",
    "was_seen",
]
