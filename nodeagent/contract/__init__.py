"""What agent, command line and console agree on: states, configuration, wire and API types. Pure."""
