"""Record types of review: steps of a case."""

from safeconduct.kernel.vocabulary import record_type

TYPES = (
    record_type(
        "answered",
        "review.case.answered",
        "a step in a concern, grievance, recommendation, review decision or question",
        kinds="S",
        author="self",
        fields="case! answer:{acknowledged/accepted/disputed/remedied/alternative/rejected/decided/closed} reason:text due:t?",
        class_name="review",
        milestone="full",
    ),
)
