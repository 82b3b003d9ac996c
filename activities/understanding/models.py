"""What is understood of one message. Carries labels and numbers only: it travels into histories."""

from pydantic import BaseModel, ConfigDict

from domain.triage import Intent


class Reading(BaseModel):
    """Language and intents of a message, each with the rule or the model that said so.

    `intents` has the main one first and is never empty. Where nobody is sure it is `other`, and `suggestions` has the
    likely ones, the likeliest first. `confidence` (0 to 1) is that of the likeliest intent; a rule's is 1.
    """

    model_config = ConfigDict(frozen=True)

    language: str
    language_evidence: str
    unsupported_language: str | None = None
    """The language it is really written in, where the store answers in none such."""
    intents: tuple[Intent, ...]
    intent_evidence: str
    suggestions: tuple[Intent, ...] = ()
    confidence: float
    model_version: str | None

    @property
    def sure(self) -> bool:
        """Whether the intents may be acted on; else a person is to look."""
        return not self.suggestions

    @property
    def likeliest(self) -> Intent:
        """The main intent, or the best guess where nobody is sure."""
        return self.suggestions[0] if self.suggestions else self.intents[0]
