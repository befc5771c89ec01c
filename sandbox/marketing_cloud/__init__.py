"""Marketing Cloud Engagement: REST and SOAP of one account, one file per resource."""
