"""Ask sessions: chats over recordings; each turn answers a question with citations."""
