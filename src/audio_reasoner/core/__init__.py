"""Records, chains, audio, ids, configuration and errors: what every other room builds on."""
