"""Where long computations run: on threads that tenants take turns at, or in a process of low priority.

Decides: how many computations share the interpreter with the event loop, whose turn it is, and what leaves the
process. Never: what is computed.
"""
