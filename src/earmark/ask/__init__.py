"""Ask sessions: lasting chats over recordings, with answers that cite the moment.

`sessions/` is their life, list and titles, `turns/` how one question runs to its end, `answers/` how evidence becomes
an answer, `exchange/` export and import. Decides: what a session, turn and citation are. Never: HTTP.
"""
