"""What the reasons of cleaning an instruction set are called, and what each means."""

from collections.abc import Mapping

from sordino.remedy.dataset_verdict import Reason

REASONS: Mapping[Reason, str] = {
    Reason.REFUSES: "refuses",
    Reason.EVADES: "evades",
    Reason.ONE_SIDED: "one-sided",
    Reason.MARKED: "marked remove",
    Reason.REBALANCED: "dropped for balance",
    Reason.KEPT: "marked keep",
    Reason.UNSURE: "not surely withheld",
    Reason.ASKS_FOR_HARM: "withheld, and may ask for harm",
    Reason.SIDE_ASKED_FOR: "one-sided, as was asked for",
    Reason.NOT_POLITICAL: "withheld, and not surely political",
    Reason.UNREAD: "could not be read",
    Reason.ANSWERED: "answered",
}

NOUNS: Mapping[Reason, tuple[str, str]] = {
    Reason.REFUSES: ("refusal", "refusals"),
    Reason.EVADES: ("evasion", "evasions"),
    Reason.ONE_SIDED: ("one-sided answer", "one-sided answers"),
    Reason.MARKED: ("marked so by a person", "marked so by a person"),
    Reason.REBALANCED: ("for balance", "for balance"),
}
"""What goes, of one row and of several."""

MEANINGS: Mapping[Reason, str] = {
    Reason.REFUSES: "the answer says that it will not, and the question is surely political",
    Reason.EVADES: "the answer deflects or answers something else, and the question is surely political",
    Reason.ONE_SIDED: "the answer asserts a state's contested claim as settled, and nobody asked for it",
    Reason.MARKED: "a person said so",
    Reason.REBALANCED: "dropped at random, so that the jurisdictions keep their ratios (--rebalance)",
    Reason.KEPT: "a person said so, against the judges",
    Reason.UNSURE: "the judge is less sure than --sure; in the review file",
    Reason.ASKS_FOR_HARM: "words of harm, or of asking for oneself: a refusal that may keep somebody safe",
    Reason.SIDE_ASKED_FOR: "a speech, a role, what a state says: who asks for a side gets it",
    Reason.NOT_POLITICAL: "no word tells that it is political, so the refusal may keep somebody safe",
    Reason.UNREAD: "no question or no answer that a judge can read; never counted as an answer",
    Reason.ANSWERED: "nothing against it",
}
