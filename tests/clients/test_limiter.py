"""The limiter against simulated servers: hours pass in seconds, and every run is the same."""

from __future__ import annotations

import asyncio

import pytest
from simulated import run, simulate

from audio_reasoner.clients.limiter import Limiter, Limits
from audio_reasoner.clients.transport import RateHeaders


@pytest.mark.parametrize("limit", [7, 23, 64])
def test_an_unknown_number_in_flight_is_found_and_hardly_ever_exceeded(limit: int) -> None:
    server, _ = run(150, limit=limit, clients=300)
    calls = len(server.served_at) + len(server.refused_at)
    assert server.served(60, 150) >= 0.95 * server.could(60, 150, limit)
    assert len(server.refused_at) <= 0.01 * calls + 6  # finding it costs a few, however small the server


@pytest.mark.parametrize("quota", [600, 3000])
def test_an_unknown_quota_a_minute_is_found(quota: int) -> None:
    server, limiter = run(180, quota=quota)
    calls = len(server.served_at) + len(server.refused_at)
    assert server.served(60, 180) >= 0.95 * quota * 2
    assert len(server.refused_at) <= 0.01 * calls
    assert limiter.requests.quota == pytest.approx(quota, rel=0.02)


def test_given_limits_are_used_to_the_full_and_never_exceeded() -> None:
    server, _ = run(60, Limits(max_in_flight=16), limit=16, clients=100)
    assert server.served(0, 60) >= 0.97 * server.could(0, 60, 16)
    assert not server.refused_at
    server, _ = run(120, Limits(requests_per_minute=900), quota=900)
    assert server.served(60, 120) >= 0.98 * 900
    assert not server.refused_at


def test_a_quota_and_a_number_in_flight_at_once() -> None:
    server, _ = run(180, quota=3000, limit=40, clients=300)
    assert server.served(60, 180) >= 0.95 * 40 * 120
    assert len(server.refused_at) <= 0.01 * len(server.served_at)


def test_a_server_that_queues_is_not_flooded() -> None:
    server, _ = run(90, places=10, clients=1500)
    assert server.peak <= 120
    assert server.served(30, 90) >= 0.95 * 10 * 60


def test_a_server_that_grew_is_used() -> None:
    async def made() -> tuple[int, int]:
        from simulated import Server, crowd

        server, limiter = Server(limit=10), Limiter(Limits())
        asyncio.get_running_loop().call_later(60, setattr, server, "limit", 40)
        await crowd(server, limiter, 300, 200)
        return server.served(240, 300), len(server.refused_at)

    served, refused = simulate(made())
    assert served >= 0.85 * 40 * 60
    assert refused <= 100


def test_refusals_for_no_reason_slow_nobody_down() -> None:
    server, _ = run(120, limit=40, moody=0.01, clients=200)
    assert server.served(60, 120) >= 0.9 * server.could(60, 120, 40)
    server, _ = run(120, Limits(max_in_flight=40), limit=40, moody=0.02, clients=100)
    assert server.served(60, 120) >= 0.9 * server.could(60, 120, 40)


def test_higher_priorities_go_first_and_equal_ones_in_order() -> None:
    async def made() -> list[str]:
        limiter = Limiter(Limits(max_in_flight=1))
        order: list[str] = []

        async def call(name: str, priority: int) -> None:
            slot = await limiter.acquire(priority=priority)
            order.append(name)
            await asyncio.sleep(1)
            slot.served()

        tasks = []
        for name, priority in (("first", 0), ("a", 0), ("b", 0), ("judge", 2), ("think", 1)):
            tasks.append(asyncio.ensure_future(call(name, priority)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return order

    assert simulate(made()) == ["first", "judge", "think", "a", "b"]


def test_a_cancelled_call_gives_its_place_back_whenever_it_is_cancelled() -> None:
    async def made() -> int:
        limiter = Limiter(Limits(max_in_flight=1))
        first = await limiter.acquire()
        waiting = [asyncio.ensure_future(limiter.acquire()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # while it waits
        first.served()
        waiting[1].cancel()  # it has its slot now, but its task does not know yet
        await asyncio.sleep(1)
        slot = await waiting[2]
        slot.dropped()
        slot.dropped()  # once is enough
        return limiter.in_flight

    assert simulate(made()) == 0


def test_tokens_a_minute_are_obeyed_and_corrected_by_what_the_server_counted() -> None:
    async def made() -> float:
        limiter = Limiter(Limits(tokens_per_minute=6000, max_in_flight=100))
        loop = asyncio.get_running_loop()
        sent = 0
        while loop.time() < 120:
            slot = await limiter.acquire(tokens=200)
            sent += 1
            slot.served(tokens=100)  # half of what was feared
        return sent / 2

    assert simulate(made()) == pytest.approx(45, rel=0.35)


def test_what_a_server_says_about_its_minute_is_believed() -> None:
    async def made() -> float:
        limiter = Limiter(Limits())
        slot = await limiter.acquire()
        slot.served(rate=RateHeaders(requests_limit=500, requests_left=400, requests_reset_s=12.0))
        return limiter.requests.quota

    assert simulate(made()) == 500


def test_a_daily_quota_in_the_headers_is_not_taken_for_one_a_minute() -> None:
    async def made() -> float:
        limiter = Limiter(Limits())
        slot = await limiter.acquire()
        slot.served(rate=RateHeaders(requests_limit=200, requests_left=100, requests_reset_s=43_200.0))
        return limiter.requests.quota

    assert simulate(made()) == float("inf")


def test_a_server_that_is_gone_is_asked_ever_more_rarely_and_used_again_when_it_is_back() -> None:
    async def made() -> tuple[int, int]:
        limiter = Limiter(Limits(max_in_flight=8))
        loop = asyncio.get_running_loop()
        asked = served = 0

        async def client() -> None:
            nonlocal asked, served
            while loop.time() < 240:
                slot = await limiter.acquire()
                await asyncio.sleep(0.01)
                if loop.time() < 120:
                    asked += 1
                    slot.failed(unreachable=True)
                else:
                    served += 1
                    await asyncio.sleep(1)
                    slot.served()

        await asyncio.gather(*(client() for _ in range(50)))
        return asked, served

    asked, served = simulate(made())
    assert asked <= 120
    assert served >= 8 * 80
