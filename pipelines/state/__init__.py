"""What cannot be rebuilt: what was told to a CRM, agreed with it, decided, and who is who.

Belongs here: the state database, its numbered migrations, and one module of functions per table or pair of
tables. Each function takes an open connection, so the caller says what belongs to one transaction.
What the rows mean to a sync or to routing is in `reverse_sync` and `decisions`.
"""

from pipelines.state.engine import State

__all__ = ["State"]
