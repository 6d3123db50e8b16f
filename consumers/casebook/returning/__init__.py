"""Return of funds: announced, objected to, decided, ordered and paid. Each victim once; what stays has its reason."""
