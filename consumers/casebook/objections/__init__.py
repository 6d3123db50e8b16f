"""Appeals of holders and disputes of members, and the decisions on them."""
