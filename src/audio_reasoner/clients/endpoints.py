"""Where a model is reached: `openai:MODEL@URL`, `openai:MODEL`, `gemini:MODEL`, `gemini:MODEL@URL`.

Decision: a spec names no secret. Keys are read from the environment when a transport opens, a key meant for one host
first; setting that host's variable to nothing keeps every key from it. The account (provider, host, name of the key's
variable) is what a provider counts quotas by, so it is the unit of the limiter.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlsplit

from audio_reasoner.core.errors import ConfigError

Provider = Literal["openai", "gemini"]
OFFICIAL = {"openai": "https://api.openai.com/v1", "gemini": "https://generativelanguage.googleapis.com"}
_OWN_KEYS = {"openai": ("OPENAI_API_KEY",), "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY")}


@dataclass(frozen=True)
class Endpoint:
    """One model at one place.

    Attributes:
        provider: which protocol is spoken.
        model: the name the server knows it by.
        base_url: None for the provider's official address.
        api_key_env: name of the environment variable that holds the key; empty if none is set (a keyless server).
        account: what the provider counts quotas by.
    """

    provider: Provider
    model: str
    base_url: str | None
    api_key_env: str
    account: str

    @property
    def spec(self) -> str:
        """The spec that names this endpoint again."""
        return f"{self.provider}:{self.model}" + (f"@{self.base_url}" if self.base_url else "")

    @property
    def url(self) -> str:
        """The address that is really called."""
        return self.base_url or OFFICIAL[self.provider]

    @property
    def host(self) -> str:
        """Host and port of the address."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


def host_key_env(host: str) -> str:
    """Name of the variable that holds the key of one host, e.g. AUDIO_REASONER_API_KEY_GPU_8000."""
    return "AUDIO_REASONER_API_KEY_" + re.sub(r"[^A-Za-z0-9]", "_", host).upper()


def parse_endpoint(spec: str, environ: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint that a spec names.

    Raises:
        ConfigError: endpoint.spec (not of the four forms), endpoint.url, endpoint.secret (a password in the URL).
    """
    env = os.environ if environ is None else environ
    provider, colon, rest = spec.strip().partition(":")
    if not colon or provider not in OFFICIAL:
        raise ConfigError(
            f"{spec!r} does not name an endpoint.",
            code="endpoint.spec",
            hint="Write openai:MODEL@URL, openai:MODEL, gemini:MODEL or gemini:MODEL@URL.",
        )
    # A model's name may hold an "@" (versions on some servers): only one in front of a URL separates.
    found = re.search(r"@(?=https?://)", rest)
    model, base_url = (rest[: found.start()], rest[found.end() :]) if found else (rest, None)
    if not model or re.search(r"\s", rest) or (not found and "://" in rest):
        raise ConfigError(
            f"{spec!r} names no model." if not model else f"{spec!r} does not name an endpoint.",
            code="endpoint.spec",
            hint=f"Write {provider}:MODEL or {provider}:MODEL@http://HOST:PORT/v1.",
        )
    if base_url is None and provider == "openai":
        base_url = env.get("OPENAI_BASE_URL") or None
    if base_url is not None:
        base_url = _checked_url(base_url.rstrip("/"), spec)
        if provider == "openai" and urlsplit(base_url).path in ("", "/"):
            base_url += "/v1"  # every OpenAI-compatible server answers there; forgetting it is the commonest slip
    host = urlsplit(base_url or OFFICIAL[provider]).netloc
    # Gateways expect the provider's own key, so a URL gets it unless the host has a variable of its own, even empty.
    names = _OWN_KEYS[provider]
    if base_url is not None and host_key_env(host) in env:
        names = (host_key_env(host),)
    key_env = next((name for name in names if env.get(name)), "" if base_url else names[0])
    return Endpoint(
        provider=cast(Provider, provider),
        model=model,
        base_url=base_url,
        api_key_env=key_env,
        account=f"{provider}|{host}|{key_env}",
    )


def api_key(endpoint: Endpoint, environ: Mapping[str, str] | None = None) -> str | None:
    """The endpoint's key, or None for a server that needs none.

    Raises:
        ConfigError: endpoint.no_key, for an official address without a key.
    """
    env = os.environ if environ is None else environ
    key = env.get(endpoint.api_key_env) if endpoint.api_key_env else None
    if key:
        return key.strip()
    if endpoint.base_url is None:
        names = " or ".join(_OWN_KEYS[endpoint.provider])
        raise ConfigError(
            f"{endpoint.spec} needs a key, and {names} is not set.",
            code="endpoint.no_key",
            hint=f"export {_OWN_KEYS[endpoint.provider][0]}=…",
        )
    return None


def key_hint(endpoint: Endpoint) -> str:
    """Which key is sent to an endpoint, by the name of its variable, or where one could be put."""
    if endpoint.api_key_env:
        return f"The key in {endpoint.api_key_env} was sent."
    return f"No key was sent: set {host_key_env(endpoint.host)} or {_OWN_KEYS[endpoint.provider][0]}."


def _checked_url(url: str, spec: str) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- reading it raises for a port that is none
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            f"{url!r} is not an address a server can be reached at.",
            code="endpoint.url",
            hint="Write it like http://HOST:PORT/v1.",
        )
    if parts.username or parts.password:
        shown = spec.replace(parts.netloc.rpartition("@")[0] + "@", "")
        raise ConfigError(
            f"{shown} holds a user name or password, which would be stored with the run.",
            code="endpoint.secret",
            hint=f"Leave it out and put the key into {host_key_env(parts.netloc.rpartition('@')[2])}.",
        )
    return url
