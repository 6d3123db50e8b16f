"""What travels: every message of the alliance as pydantic models, the topics it travels on, and golden examples.

Imports nothing else of this project; everything else may import it.
"""
