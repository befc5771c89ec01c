"""Where messages end that are not a CRM's: Slack, a mail server and a catcher of webhooks, on one server."""
