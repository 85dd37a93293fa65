"""Redis that was never there, or forgets all: intake and work go on, for the rows are the truth.  Source: FA-05."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.house import House
from tests.crash.own_servers import OwnRedis


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """Return a Redis that does not run yet."""
    server = OwnRedis(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def house_on_redis(postgres_house: House, own_redis: OwnRedis) -> House:
    """Return an installation in its production form: PostgreSQL, and wake-ups through Redis."""
    postgres_house.settings["broker"] = {"url": own_redis.url}
    return postgres_house


def test_without_redis_mail_is_taken_and_all_work_is_done_when_it_comes(
    house_on_redis: House, own_redis: OwnRedis
) -> None:
    """FA-05: Redis was never started; the rows wait, and the sweep rings for them when somebody listens."""
    house = house_on_redis
    with house.running() as gateway:
        assert house.offer(gateway, house.reply()) == 250
        assert house.dispositions() == [None]
        own_redis.start()
        house.wait_until_quiet()
        assert gateway.stop() == 0
    house.check_inbound(answers=1, copies=1)
    house.check_outbound()


def test_a_redis_that_dies_or_forgets_loses_no_work(house_on_redis: House, own_redis: OwnRedis) -> None:
    """FA-05: FLUSHALL while mails come in, then killed and back empty; each is rung for again."""
    house = house_on_redis
    own_redis.start()
    with house.running() as gateway:
        for number in range(6):
            assert house.offer(gateway, house.reply(number)) == 250
            if number == 2:
                own_redis.forget()
        own_redis.kill()
        assert house.offer(gateway, house.reply(6)) == 250
        own_redis.start()
        house.wait_until_quiet()
        assert gateway.stop() == 0
    house.check_inbound(answers=7, copies=7)
    house.check_outbound()
