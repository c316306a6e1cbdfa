"""Errors of models. Messages never contain a vendor's text, which may quote a question."""

from __future__ import annotations

from earmark.errors import ConflictError, ProviderError, TooLargeError


class ModelFailedError(ProviderError):
    """A model could not answer.

    Args:
        provider: the provider's name.
        why: the rest of the sentence ("did not answer in time").
        is_passing: whether a retry may succeed.
        is_about_request: whether only this request was refused, and the model works.
        retry_after_s: the delay that the vendor asked for, if any.
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
    """The transcript, question and history together exceed the model's context."""

    code = "context_too_large"

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"The transcript is longer than the model {provider} can read at once. Ask with provider `earmark`, "
            "or with a session over selected recordings."
        )


class UnusableModelError(ConflictError):
    """The new default model's server is unreachable, lacks it or refuses the key."""
