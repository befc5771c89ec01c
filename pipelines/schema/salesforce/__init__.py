"""Salesforce's side of objects as code: the model as metadata, read, zipped, deployed, read back."""
