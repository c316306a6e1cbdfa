"""What a repeated request with the same Idempotency-Key gets.

Decides: whether work is done, still runs or was answered, and stores the first answer for 24 hours. Never: what the
work is.
"""
