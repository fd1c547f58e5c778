"""The only reader and writer of our Parquet files, and the exports made from them.

Decision: everything that must be readable next year goes through this room; the formats are docs/data-format.md.
"""

from audio_reasoner.dataset.clips import (
    CLIPS_VERSION,
    ClipLookup,
    count_clips,
    find_clip,
    part_name,
    read_clips,
    write_clips,
)
from audio_reasoner.dataset.rows import SCHEMA_VERSION, Row, row_of
from audio_reasoner.dataset.store import count_rows, find_row, read_rows, verify_dataset, write_dataset

__all__ = [
    "CLIPS_VERSION",
    "SCHEMA_VERSION",
    "ClipLookup",
    "Row",
    "count_clips",
    "count_rows",
    "find_clip",
    "find_row",
    "part_name",
    "read_clips",
    "read_rows",
    "row_of",
    "verify_dataset",
    "write_clips",
    "write_dataset",
]
