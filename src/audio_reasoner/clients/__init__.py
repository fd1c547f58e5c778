"""What talks to the world outside the process and must remember it: chat clients, limits, the durable ledger."""

from audio_reasoner.clients.caller import Caller, CallerStats
from audio_reasoner.clients.endpoints import Endpoint, parse_endpoint
from audio_reasoner.clients.ledger import (
    LEDGER_VERSION,
    CallTotals,
    Ledger,
    LedgerReader,
    Quarantined,
    StoredCall,
    Write,
)
from audio_reasoner.clients.limiter import Limits
from audio_reasoner.clients.messages import AudioPart, ChatRequest, Message, Reply, Sampling
from audio_reasoner.clients.retry import RetryPolicy

__all__ = [
    "LEDGER_VERSION",
    "AudioPart",
    "CallTotals",
    "Caller",
    "CallerStats",
    "ChatRequest",
    "Endpoint",
    "Ledger",
    "LedgerReader",
    "Limits",
    "Message",
    "Quarantined",
    "Reply",
    "RetryPolicy",
    "Sampling",
    "StoredCall",
    "Write",
    "parse_endpoint",
]
