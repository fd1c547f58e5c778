"""Banks of recordings: from a folder tree of labelled sounds to a store that recipes draw on."""
