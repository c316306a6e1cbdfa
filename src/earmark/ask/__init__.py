"""Ask sessions: a lasting chat over recordings, one turn from question to cited answer."""
