"""How long each table is kept, and the erasing of what is past that. The database judges each row by itself."""
