"""What the package offers at its root: every name is there, and none costs anything before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import audio_reasoner


@pytest.mark.parametrize("name", audio_reasoner.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    found = getattr(audio_reasoner, name)
    assert found.__name__ == name
    assert found.__doc__


def test_the_list_is_the_table_and_an_unknown_name_is_no_name() -> None:
    assert sorted(audio_reasoner._HOME) == audio_reasoner.__all__
    assert set(audio_reasoner.__all__) <= set(dir(audio_reasoner))
    with pytest.raises(AttributeError, match="unicorn"):
        audio_reasoner.unicorn  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, audio_reasoner; print([m for m in ('numpy', 'torch', 'pydantic', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
