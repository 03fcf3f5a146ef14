"""What each reuse of features or weights gives and costs, from the graph alone."""
