"""What happens later or repeatedly, and what others should hear of: durable jobs and the outbox of events.

Decides: which job runs next, on which process, how often it is tried; in which order events are read. Never: what a
job does, which its room decides.
"""
