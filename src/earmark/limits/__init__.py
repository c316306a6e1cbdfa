"""Each caller's share: requests a minute, counted over all processes and hosts.

Decides: whether one more request is within the limit. Never: who the caller is.
"""
