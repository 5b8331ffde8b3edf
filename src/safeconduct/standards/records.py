"""Record types of standards: the verdict."""

from safeconduct.kernel.vocabulary import record_type

TYPES = (
    record_type(
        "verdict",
        "standards.verdict.reached",
        "a standard on one subject: kept, breached, cannot tell; a revision raises `rev` and `replaces`",
        kinds="N",
        author="node",
        fields="standard!:name about! version:n verdict:{kept/breached/cannot_tell} trigger:ref deadline:t? rev:n reason:text",
        class_name="owed",
        milestone="full without bindings",
        shows="standard about version verdict deadline rev reason",
    ),
)
