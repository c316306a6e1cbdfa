"""From audio to a transcript: decoding, the engine that hears it, and the job that does both.

Decides: which engine transcribes, what it is sent, which of its words are stored, and what a failure means.
Never: who may have audio transcribed, or how a transcript is indexed.
"""
