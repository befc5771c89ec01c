"""The way of one record: an event names it, it is read again, decided about by the functions of the batch,
and what follows is written through the journal, without a refresh. The batch keeps the truth: it meets the
same record in its next extract and finds the decision taken.
"""
