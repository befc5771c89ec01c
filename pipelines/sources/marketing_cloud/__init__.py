"""What is extracted from Marketing Cloud, and how."""
