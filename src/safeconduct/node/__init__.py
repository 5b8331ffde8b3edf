"""Node: the composition root. It alone does input and output, through its ports and stores.

A fact's way, one direction only:

    exchange | web | cli -> Node.submit -> authority (who speaks, may they) -> room.decide
      -> watching (derive, standards, watch) -> journal (durable, in one transaction) -> receipt

Owns no record type; makes the node's own records (kind N) from what the rooms compute. It must
never hold a password, a private key of a person, or a position outside a movement's window.
"""
