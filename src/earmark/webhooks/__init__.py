"""Webhooks: a project's events are sent to its endpoints, signed, at least once.

Decides: which events go to which endpoint, what is sent of them, how it is signed, when an attempt is made again and
when an endpoint is given up. Never: when an event happens, which the room of its change says in the outbox.
"""
