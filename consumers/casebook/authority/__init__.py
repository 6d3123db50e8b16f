"""Under whose authority a request goes out: mandates, and officers' orders."""
