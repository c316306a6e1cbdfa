"""Errors of webhooks."""

from __future__ import annotations

from earmark.errors import ConflictError, InvalidError, NotFoundError


class EndpointNotFoundError(NotFoundError):
    """No webhook endpoint has this id, or the caller may not see it."""

    def __init__(self) -> None:
        super().__init__("This webhook endpoint does not exist.")


class DeliveryNotFoundError(NotFoundError):
    """The endpoint has no delivery with this id; deliveries are kept for 30 days."""

    def __init__(self) -> None:
        super().__init__("This delivery does not exist.")


class TooManyEndpointsError(ConflictError):
    """The project has as many endpoints as it may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"A project has at most {most} webhook endpoints. Delete one first.")


class EndpointDisabledError(ConflictError):
    """Nothing is sent to a disabled endpoint."""

    def __init__(self) -> None:
        super().__init__("This webhook endpoint is disabled. Enable it first.")


class GraceRunningError(ConflictError):
    """The secret was rotated, and the earlier one is still valid."""

    def __init__(self) -> None:
        super().__init__(
            "The earlier secret is still valid. Wait until it ends, revoke it, or send force: true to end it now."
        )


class NoPreviousSecretError(ConflictError):
    """There is no earlier secret to revoke."""

    def __init__(self) -> None:
        super().__init__("This webhook endpoint has no earlier secret.")


class SinceError(InvalidError):
    """The time to recover from is in the future or too long ago."""

    def __init__(self, days: int) -> None:
        super().__init__(f"since must be a time of the last {days} days.", param="since")
