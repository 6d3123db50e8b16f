"""Kafka and PostgreSQL for one machine, as child processes of the run that needs them. No deployment uses this."""
