"""What talks to the world outside the process and must remember it: the durable ledger (chat clients join it here)."""

from audio_reasoner.clients.ledger import LEDGER_VERSION, Ledger, LedgerReader, Quarantined, Write

__all__ = ["LEDGER_VERSION", "Ledger", "LedgerReader", "Quarantined", "Write"]
