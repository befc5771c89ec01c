"""Decisions: who takes which lead. Eligibility is a set operation in SQL, assignment a pure fold.

Belongs here: taking decisions and showing them to the models. What was decided is kept by `pipelines.state`,
and written to the CRMs by the sync that carries the owner.
"""
