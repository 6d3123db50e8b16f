"""What stands at the broker, brought to what the code declares: topics, passwords, rights."""
