"""Records of the model's objects on their way into the other CRM: staged, compared, made into actions.

Belongs here: what is wanted. How an action is done and taken back is `reverse_sync.actions.model_records`.
"""
