"""What is extracted from Salesforce and how."""
