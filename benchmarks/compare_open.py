"""Claim: a comparison page of 20 runs with 1,000 answers each opens in under two seconds; the drawing time is printed.

Runs are made up (chains of some 100 to 400 words, tests/evaluation/run_factory.py) and scored by the real scorer; 60
recordings can be heard in the page. Opening is measured by Chromium itself, in a fresh headless browser driven through
its debugging port: milliseconds from the start of the navigation until the whole document is there and the first answer
with its player is shown, and until list and filters work. Medians of three, each in a tab of its own.

    python benchmarks/compare_open.py [--runs 20] [--items 1000] [--entries 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "evaluation"))
from run_factory import replies, write_benchmark, write_run

from audio_reasoner.evaluation.compare import compare_runs
from audio_reasoner.evaluation.pages import write_comparison

LIMIT_S = 2.0


SHOWN = """(() => {
  const ready = document.readyState === "complete" && document.querySelector(".shown .question");
  if (ready && !window.shownAt) window.shownAt = performance.now();
  return [window.shownAt || 0, Number(document.documentElement.dataset.ready || 0)];
})()"""


async def opened(chromium: str, page: str, tabs: int = 3) -> tuple[float, float]:
    """Median seconds until the first answer is shown, and until list and filters work."""
    import aiohttp

    with tempfile.TemporaryDirectory() as profile:
        browser = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port_file = Path(profile) / "DevToolsActivePort"
            while not port_file.exists() or "\n" not in port_file.read_text():
                await asyncio.sleep(0.05)
            base = f"http://127.0.0.1:{port_file.read_text().split()[0]}"
            found: list[tuple[float, float]] = []
            async with aiohttp.ClientSession() as session:
                for _ in range(tabs):
                    async with session.put(f"{base}/json/new?about:blank") as reply:
                        tab = await reply.json()
                    async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                        found.append(await _navigate(socket, page))
        finally:
            browser.terminate()
            browser.wait()
    shown, ready = zip(*found, strict=True)
    return statistics.median(shown) / 1000, statistics.median(ready) / 1000


async def _navigate(socket: Any, page: str) -> tuple[float, float]:
    async def call(number: int, method: str, **parameters: object) -> dict[str, Any]:
        await socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            told = await socket.receive_json()
            if told.get("id") == number:
                return dict(told.get("result", {}))

    await call(1, "Page.navigate", url=page)
    limit = time.perf_counter() + 120
    for number in itertools.count(2):
        result = await call(number, "Runtime.evaluate", expression=SHOWN, returnByValue=True)
        shown, ready = result.get("result", {}).get("value") or (0, 0)
        if shown and ready:
            return shown, ready
        if time.perf_counter() > limit:
            raise SystemExit("the page did not show an answer within two minutes")
        await asyncio.sleep(0.02)
    raise AssertionError


def main() -> int:
    """Make, draw, open, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=2000)
    parser.add_argument("--keep", type=Path, help="keep the page here")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as held:
        root = Path(held)
        data = write_benchmark(root / "data", wanted.items, sounds=min(wanted.items, 80))
        runs = [
            write_run(
                root / f"run-{i:02d}",
                data,
                replies(data, 0.3 + 0.5 * i / max(1, wanted.runs), seed=i, words=100 + 15 * i),
                model=f"model-{i:02d}",
            )
            for i in range(wanted.runs)
        ]
        began = time.perf_counter()
        comparison = compare_runs(runs)
        read = time.perf_counter() - began
        page = write_comparison(comparison, root / "report.html", entries=wanted.entries)
        drawn = time.perf_counter() - began - read
        size = page.stat().st_size / 1e6
        print(
            f"{wanted.runs} runs, {wanted.items} answers each: read and tested in {read:.1f} s, drawn in {drawn:.1f} s"
        )
        print(f"page {size:.1f} MB, {wanted.entries} answers at most in it")
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if chromium is None:
            print("no Chromium here: opening not measured")
            return 0
        shown, ready = asyncio.run(opened(chromium, page.as_uri()))
        if wanted.keep is not None:
            shutil.copy(page, wanted.keep)
    print(
        f"opens in {shown:.2f} s: first answer shown (limit {LIMIT_S:.0f} s); {ready:.2f} s until list and filters work"
    )
    return 0 if shown < LIMIT_S else 1


if __name__ == "__main__":
    raise SystemExit(main())
