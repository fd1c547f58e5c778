"""Music: composed pieces and passages of MIDI files, played by computed instruments."""
