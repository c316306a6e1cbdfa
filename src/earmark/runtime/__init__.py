"""The composition root: settings become parts, parts become rooms, and both become what edges work with.

Decides: which implementation of a part is used, in which order parts are opened and closed, and which rooms there are.
Never: what a room does.
"""

from earmark.runtime.gauges import Gauges
from earmark.runtime.parts import check_settings, open_media
from earmark.runtime.runtime import Runtime, open_runtime

__all__ = ["Gauges", "Runtime", "check_settings", "open_media", "open_runtime"]
