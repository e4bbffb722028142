import asyncio

import pytest

from psync_signal.credential import Credential, NoToken
from psync_signal.errors import SignalEnded
from psync_signal.reconnect import Broken, Refused
from tests.psync_signal.doubles import run

PATIENCE = 30.0


def test_a_token_may_be_none_a_text_a_function_or_a_coroutine_function() -> None:
    async def coming() -> str:
        return "c"

    async def test() -> None:
        credentials = [Credential(None), Credential("a"), Credential(lambda: "b"), Credential(coming)]
        assert [await each.next(PATIENCE) for each in credentials] == [None, "a", "b", "c"]
        assert [each.renews for each in credentials] == [False, False, True, True]

    run(test())


@pytest.mark.parametrize("refusal", [Refused(401, "expired"), Refused(403, "expired"), Broken(4401, "expired"), Broken(4403, "expired")])
def test_a_refused_token_is_not_given_again_but_the_next_one_is(refusal: Exception) -> None:
    tokens = iter(["old", "new", "new", "new"])

    async def test() -> None:
        credential = Credential(lambda: next(tokens))
        assert await credential.next(PATIENCE) == "old"
        credential.judged(refusal)
        assert await credential.next(PATIENCE) == "new"
        assert await credential.next(PATIENCE) == "new"
        credential.judged(refusal)
        with pytest.raises(SignalEnded, match="expired"):
            await credential.next(PATIENCE)

    run(test())


@pytest.mark.parametrize("failure", [Refused(503, "full"), Broken(1006), Broken(1012), OSError()])
def test_what_is_not_about_the_token_leaves_it_good(failure: Exception) -> None:
    async def test() -> None:
        credential = Credential(lambda: "same")
        await credential.next(PATIENCE)
        credential.judged(failure)
        assert await credential.next(PATIENCE) == "same"

    run(test())


async def never() -> str:
    await asyncio.Event().wait()
    raise AssertionError


def absent() -> str:
    raise LookupError("no token today")


def test_a_function_that_fails_or_takes_too_long_gives_no_token() -> None:
    async def test() -> None:
        with pytest.raises(NoToken, match="no token today") as failed:
            await Credential(absent).next(PATIENCE)
        assert isinstance(failed.value.__cause__, LookupError)
        with pytest.raises(NoToken) as failed:
            await Credential(never).next(0)
        assert isinstance(failed.value.__cause__, TimeoutError)

    run(test())
