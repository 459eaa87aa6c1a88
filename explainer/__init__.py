"""How image categories turn people into labels: everything that the app's pages and command line know."""
