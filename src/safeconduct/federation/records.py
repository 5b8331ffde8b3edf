"""Record types of federation: cosignatures, receipts, silence of sources."""

from safeconduct.kernel.vocabulary import record_type

TYPES = (
    record_type(
        "cosigned",
        "federation.checkpoint.cosigned",
        "a witness saw this head and that it extends the last",
        kinds="N",
        author="node",
        fields="log! size:n root:hash grade:{partner/neutral/stamped}",
        class_name="treaty",
        milestone="full",
    ),
    record_type(
        "receipt",
        "federation.submission.received",
        "a node promises inclusion of a body hash by a time; a promise without inclusion is proof of suppression; returned, not appended, and there is no receipt of a receipt",
        kinds="N",
        author="node",
        fields="submission:hash origin! position:n merge_by:t",
        class_name="treaty",
        milestone="full",
    ),
    record_type(
        "heartbeat",
        "federation.source.reported",
        "a source that has nothing to say: all up to `upto` is sent (many may share a leaf)",
        kinds="S",
        author="any @ programme",
        fields="origin! last:n",
        class_name="treaty",
        milestone="full",
    ),
    record_type(
        "excluded",
        "federation.source.excluded",
        "a silent source no longer holds up the watermark; its verdicts become *cannot tell*",
        kinds="N",
        author="node",
        fields="origin! from:t reason:name",
        class_name="treaty",
        milestone="full",
    ),
)
