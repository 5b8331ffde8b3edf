"""Record types of identity: keys."""

from safeconduct.kernel.vocabulary import record_type

TYPES = (
    record_type(
        "key",
        "identity.key.changed",
        "a key or token is enrolled or ends; judged by witnessed position",
        kinds="S",
        author="self",
        fields="key! holder!~ use:{root/node/witness/enrolment/person/device} state:{enrolled/ended} from:t until:t bound_to!? next:hash? compromised_since:t?",
        class_name="treaty",
        milestone="full without holder",
    ),
)
