"""config/*.yml -> validated, typed objects -> tables in schema `rules`. Nothing else reads `config/`."""
