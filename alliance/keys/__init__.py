"""Keys and what is made with them: tokens, signatures, seals, and the file in which a member keeps its own."""
