"""Marketing Cloud Engagement: one thin client of REST and SOAP."""
