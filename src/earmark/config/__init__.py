"""Every setting and its default, by subject. Decides: what a setting is called, may be and is if nobody sets it.

Never: what follows from it, which the room that it is for decides. No other module reads the environment.
"""

from earmark.config.elsewhere import environment_elsewhere
from earmark.config.errors import NotTomlError, SettingsError
from earmark.config.loading import load_settings, parse_settings, settings_file
from earmark.config.models import ServerSettings, VendorSettings
from earmark.config.search import EmbedderSettings
from earmark.config.settings import Settings
from earmark.config.sign_in import ClaimRule, OidcSettings
from earmark.config.speech import SpeechServerSettings
from earmark.config.unknown import find_unknown_settings
from earmark.config.values import ServerName, check_url, parse_networks

__all__ = [
    "ClaimRule", "EmbedderSettings", "NotTomlError", "OidcSettings", "ServerName", "ServerSettings", "Settings",
    "SettingsError", "SpeechServerSettings", "VendorSettings", "check_url", "environment_elsewhere",
    "find_unknown_settings", "load_settings", "parse_networks", "parse_settings", "settings_file",
]  # fmt: skip
