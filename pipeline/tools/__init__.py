"""One adapter per outside program or service: it touches the world and decides nothing."""
