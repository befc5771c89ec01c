"""The command `crm`: arguments and printing only. What a command does is in `pipelines.steps`."""
