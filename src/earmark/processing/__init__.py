"""What happens automatically with a recording: transcription, summary, vectors, and deletion after its time.

Decides: which of it is configured for a project or a person, what an upload or a transcript sets off, and what is past
its time; what the first project of an installation begins with. Never: how audio is transcribed, text summarised, or a
row deleted.
"""
