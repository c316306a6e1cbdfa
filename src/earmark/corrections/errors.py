"""Errors of corrections. Messages contain numbers at most, never people's words."""

from __future__ import annotations

from earmark.errors import ConflictError, InvalidError


class RevisionStaleError(ConflictError):
    """The transcript was corrected since it was read."""

    def __init__(self, revision: int) -> None:
        super().__init__(
            f"The transcript was corrected meanwhile and has revision {revision} now: read it again.",
            param="revision",
            details={"revision": revision},
        )


class SpeakerUnknownError(InvalidError):
    """No segment of the transcript has this speaker."""

    def __init__(self) -> None:
        super().__init__("No speaker in this transcript has that name.", param="speakers")


class SegmentUnknownError(InvalidError):
    """The transcript has no segment with this index."""

    def __init__(self, position: int, count: int) -> None:
        super().__init__(f"The transcript has segments 0 to {count - 1} only.", param=f"segments.{position}.index")


class LabelRenamedEverywhereError(InvalidError):
    """A machine's label names a different person in each recording."""

    def __init__(self) -> None:
        super().__init__(
            "This is a label that a machine wrote, and another person may have it in each recording: "
            "name the recordings in which it is to be renamed.",
            param="recording_ids",
        )
