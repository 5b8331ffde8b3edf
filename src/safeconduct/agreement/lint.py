"""What is wrong with a draft, before anybody signs it.

Eight groups of checks: names, contradictions, gaps, duties without power, steps that nobody
reaches or may take, languages, ends, and notes. Errors must be mended; notes may stay. A linter
compares numbers between languages and never meanings: two human readers sign for those.
"""

from safeconduct.agreement.findings import Finding
from safeconduct.agreement.lint_names import lint_names, lint_rules
from safeconduct.agreement.lint_powers import (
    lint_contradictions,
    lint_duties,
    lint_gaps,
    lint_steps,
)
from safeconduct.agreement.lint_words import lint_ends, lint_notes, lint_words
from safeconduct.agreement.model import Agreement, clause_key
from safeconduct.kernel.vocabulary import Vocabulary


def lint(agreement: Agreement, vocabulary: Vocabulary | None = None) -> list[Finding]:
    """Everything that the checks find, errors first, then by clause.

    Args:
        agreement: a text that was read.
        vocabulary: the record types that rules may name. A text that lists its own `events` is
            read with those instead; without either, events and fields are not checked.
    """
    found = [
        *lint_names(agreement),
        *lint_rules(agreement, vocabulary),
        *lint_contradictions(agreement),
        *lint_gaps(agreement),
        *lint_duties(agreement),
        *lint_steps(agreement),
        *lint_words(agreement),
        *lint_ends(agreement),
        *lint_notes(agreement),
    ]
    once = list(dict.fromkeys(found))
    return sorted(once, key=lambda one: (one.level == "note", clause_key(one.clause), one.text))


__all__ = ["Finding", "lint"]
