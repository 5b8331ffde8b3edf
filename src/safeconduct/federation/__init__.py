"""Federation: what does the other party hold, have they seen what I see, what is owed between us.

- `requests`  node-to-node requests that are signed and cannot be replayed
- `mirror`    the other party's log as this node has verified it
- `forms`     the form in which a body travels: full, milestone, withheld, each with its clause
- `cards`     what two parties hand each other before the first request

Records: `cosigned`, `receipt`, `heartbeat`, `excluded`. Invariants: pull is truth, and a leaf
that was seen once is never accepted differently again; a head is cosigned only after every leaf
under it is held; a body travels only in the form that a clause gives.

It must never hold: a body that no clause opens.
"""
