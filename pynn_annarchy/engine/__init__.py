"""Arrays and time: what runs a network, without PyNN."""
