"""Complex Audio: scenes of several sounds, one after the other or at once (paper, appendix B)."""
