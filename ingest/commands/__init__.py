"""What the command line adds where it fetches, loads and serves."""
