"""What is done once, under a key of its own: tasks, notes, messages, enrolments, records to create.

Belongs here: taking desired actions from the published file into a plan, doing them through the journal at
most once, and the handlers that know how each kind is done at each vendor. Who should get a task is decided
in `pipelines.decisions` and in dbt.
"""
