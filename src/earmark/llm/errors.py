"""How models fail. Messages never repeat a vendor's words, which may hold somebody's question."""

from __future__ import annotations

from earmark.errors import ConflictError, ProviderError, TooLargeError


class ModelFailedError(ProviderError):
    """A model could not answer.

    Args:
        provider: who failed.
        why: the rest of the sentence ("did not answer in time").
        is_passing: whether the same request may well succeed a little later.
        is_about_request: whether the model is well and only this request was refused.
        retry_after_s: how long the vendor asked to be left alone, if it did.
    """

    def __init__(
        self,
        provider: str,
        why: str,
        *,
        is_passing: bool = False,
        is_about_request: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"The model {provider} {why}.")
        self.provider = provider
        self.is_passing = is_passing
        self.is_about_request = is_about_request
        self.wait_s = retry_after_s


class ContextTooLargeError(TooLargeError):
    """The transcript, with the question and the conversation, is more than the model takes."""

    code = "context_too_large"

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"The transcript is longer than the model {provider} can read at once; ask with provider `earmark`, "
            "or with a session over selected recordings."
        )


class UnusableModelError(ConflictError):
    """A model can't become the default: its server is unreachable, lacks it or refuses the key."""
