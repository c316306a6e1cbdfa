"""Captions: time spans with words, as players show them (WebVTT, SubRip, SBV and their like)."""
