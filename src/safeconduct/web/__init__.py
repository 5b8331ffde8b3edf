"""Web: HTTP in front of one node. It decodes, calls the node, encodes, and decides nothing.

Loopback by default. Nothing but an enrolment code, a token, or a signed request of the peer
changes anything; Host and Origin are checked before anything else is read.
"""
