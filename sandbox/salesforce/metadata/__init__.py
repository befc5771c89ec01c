"""The Metadata API: what an org is made of, read by SOAP and changed by deploys of a zip over REST."""
