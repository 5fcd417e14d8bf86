"""The worker: whatever fails, a turn ends in one committed answer, and a lost claim ends the attempt."""

import asyncio

import pytest

from dialogue.conversation import Answer, Mode
from dialogue.events import Answered, Failed, Token
from dialogue.store.store import Store
from dialogue.worker import MAX_ATTEMPTS, Timeouts
from tests.dialogue.bot_process import BotProcess, FakeSender, FlakyStore, bot_process, collect_events, until
from tests.dialogue.fake_chat_model import STANDARD, FakeChatModel
from tests.dialogue.store.rows import rows
from tests.dialogue.store.samples import CHAT, ask

DOWN = RuntimeError("model down")


async def speaking(bot: BotProcess, text: str = "What voltage?") -> str:
    """A conversation whose answer is held before its first word."""
    bot.chat_model.pause()
    conversation = (await bot.say(text)).conversation.id
    await until(lambda: bot.chat_model.streaming)
    return conversation


def lose(store: Store, call: str) -> None:
    """From now on `call` fails, until the store is no longer `away`."""
    assert isinstance(store, FlakyStore)
    store.call, store.away = call, True


def bring_back(store: Store) -> None:
    assert isinstance(store, FlakyStore)
    store.away = False


class TestAnEngineThatFails:
    async def test_is_tried_again_and_the_person_is_notified(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, chat_model=FakeChatModel(answers=[DOWN, STANDARD])) as bot:
            conversation = await bot.manager.start(CHAT)
            with bot.manager.listen(conversation.id) as subscription:
                await bot.say("What voltage?")
                events = await collect_events(subscription, Answered)

            (failed,) = (event for event in events if isinstance(event, Failed))
            assert (failed.code, failed.message, failed.turn) == ("engine", "retrying", 1)
            assert isinstance(events[-1], Answered)
            assert events[-1].text == "It takes 230 volts [1]."

    async def test_ends_in_an_apology_after_some_tries(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, chat_model=FakeChatModel(answers=[DOWN])) as bot:
            conversation = await bot.manager.start(CHAT)
            with bot.manager.listen(conversation.id) as subscription:
                await bot.say("What voltage?")
                events = await collect_events(subscription, Answered)
            (apology,) = await bot.answers(conversation.id)

            assert len([event for event in events if isinstance(event, Failed)]) == MAX_ATTEMPTS - 1
            assert len(bot.chat_model.prompts) == MAX_ATTEMPTS
            assert apology.text == "failure"
            assert bot.observed[-1].failed

    async def test_does_not_keep_others_waiting(self, sqlite_url: str) -> None:
        chat_model = FakeChatModel(answers=[DOWN, STANDARD])
        async with bot_process(
            sqlite_url, chat_model=chat_model, max_concurrency=1, timeouts=Timeouts(pause=0.05)
        ) as bot:
            unlucky = (await bot.say("a?")).conversation.id
            other = (await bot.manager.start(CHAT)).id
            await bot.say("b?")
            await bot.answered(other)
            await bot.answered(unlucky)

            asked = [prompt.rpartition("Question: ")[2] for prompt in bot.chat_model.prompts]
            assert asked == ["a?", "b?", "a?"]

    async def test_that_hangs_is_given_up(self, sqlite_url: str) -> None:
        timeouts = Timeouts(silence=0.05, pause=0.01)
        async with bot_process(sqlite_url, timeouts=timeouts) as bot:
            conversation = await bot.manager.start(CHAT)
            bot.chat_model.pause()
            with bot.manager.listen(conversation.id) as subscription:
                await bot.say("What voltage?")
                await collect_events(subscription, Failed)
            assert bot.chat_model.streaming == 0
            bot.chat_model.resume()
            (answer,) = await bot.answered(conversation.id)
            assert answer.text == "It takes 230 volts [1]."

    async def test_that_hangs_at_the_rewrite_is_given_up(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, timeouts=Timeouts(silence=0.05, pause=0.01)) as bot:
            conversation = (await bot.say("What voltage?")).conversation.id
            await bot.answered(conversation)
            bot.chat_model.pause()
            with bot.manager.listen(conversation) as subscription:
                await bot.say("And its colour?")
                await collect_events(subscription, Failed)

    async def test_that_is_slow_but_steady_is_waited_for(self, sqlite_url: str) -> None:
        slow = FakeChatModel(answers=["It takes 230 volts [1], and it is grey all over."], delay=0.03)
        async with bot_process(sqlite_url, chat_model=slow, timeouts=Timeouts(silence=0.2)) as bot:
            conversation = (await bot.say("What voltage?")).conversation.id
            await bot.answered(conversation)
            assert len(bot.chat_model.prompts) == 1


class TestAChannelThatCannotGiveAnAnswerItsForm:
    async def test_gives_the_apology_in_the_end(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, sender=FakeSender(broken=lambda answer: not answer.failed)) as bot:
            conversation = (await bot.say("What voltage?")).conversation.id
            (apology,) = await bot.answered(conversation)
            assert apology.text == "failure"

    async def test_for_not_even_an_apology_does_not_hold_up_what_comes_next(self, sqlite_url: str) -> None:
        def broken(answer: Answer) -> bool:
            return answer.query == "odd?"

        async with bot_process(sqlite_url, sender=FakeSender(broken)) as bot:
            conversation = (await bot.say("odd?")).conversation.id
            await bot.say("What voltage?")
            first, second = await bot.answered(conversation, 2)
            outgoing_messages = await rows(sqlite_url, "outbox")

        assert (first.text, second.text) == ("failure", "It takes 230 volts [1].")
        assert [outgoing["turn"] for outgoing in outgoing_messages] == [second.number]


class TestAClaimThatIsLost:
    async def test_to_an_operator_stops_the_answer_and_says_so(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, timeouts=Timeouts(lease=0.06)) as bot:
            conversation = await speaking(bot)
            with bot.manager.listen(conversation) as subscription:
                await bot.store.conversations.set_mode(conversation, Mode.HUMAN)
                (failed,) = await collect_events(subscription, Failed)

            assert failed == Failed("human", "handed_over", 1)
            assert bot.chat_model.streaming == 0
            assert await bot.answers(conversation) == []

    async def test_to_another_process_stops_the_answer_and_that_one_answers(self, sqlite_url: str) -> None:
        stalling = bot_process(sqlite_url, timeouts=Timeouts(lease=0.06), open_store=FlakyStore.open)
        async with stalling as bot, bot_process(sqlite_url) as other:
            conversation = await speaking(bot)
            lose(bot.store, "renew")
            await asyncio.sleep(0.1)
            assert not await other.worker.work(conversation)
            bring_back(bot.store)
            await until(lambda: not bot.chat_model.streaming)

            assert len(await bot.answers(conversation)) == 1
        assert len(await rows(sqlite_url, "outbox")) == 1

    async def test_because_the_person_is_forgotten_leaves_nothing(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, timeouts=Timeouts(lease=0.06)) as bot:
            await speaking(bot)
            await bot.store.erasure.forget(CHAT.channel, CHAT.account)
            await until(lambda: not bot.chat_model.streaming)
            bot.chat_model.resume()
        assert await rows(sqlite_url, "turn") == []

    async def test_is_renewed_before_it_runs_out(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, timeouts=Timeouts(lease=0.3)) as bot:
            conversation = await speaking(bot)
            await asyncio.sleep(0.5)
            assert await bot.store.claims.claim(conversation, "other", 60) is None
            bot.chat_model.resume()
            await bot.answered(conversation)


class TestADatabaseThatGoesAway:
    async def test_for_a_while_during_an_answer_does_no_harm(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url, timeouts=Timeouts(lease=0.3), open_store=FlakyStore.open) as bot:
            conversation = await speaking(bot)
            lose(bot.store, "renew")
            await asyncio.sleep(0.22)
            bring_back(bot.store)
            bot.chat_model.resume()
            await bot.answered(conversation)
            assert len(bot.chat_model.prompts) == 1

    @pytest.mark.parametrize("call", ["claim", "next_pending", "begin", "history", "commit", "release"])
    async def test_at_any_point_costs_no_turn_its_answer(self, sqlite_url: str, call: str) -> None:
        async with bot_process(
            sqlite_url, sweep_seconds=0.02, timeouts=Timeouts(lease=0.1), open_store=FlakyStore.open
        ) as bot:
            sweeping = asyncio.create_task(bot.manager.run())
            lose(bot.store, call)
            conversation = (await bot.say("What voltage?")).conversation.id
            await asyncio.sleep(0.1)
            bring_back(bot.store)
            await bot.answered(conversation)
            await bot.say("And now?")
            first, second = await bot.answered(conversation, 2)
            sweeping.cancel()

        assert (first.text, second.text) == ("It takes 230 volts [1].",) * 2


class TestHandingOver:
    async def test_the_bot_confirms_and_keeps_quiet_until_it_is_called_back(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            conversation = (await bot.say("Can I talk to a person?")).conversation.id
            (confirmation,) = await bot.answered(conversation)
            await bot.say("Hello?")
            await asyncio.sleep(0.05)

            assert confirmation.text == "handed_over"
            assert [
                each.conversation.id for each in await bot.store.operators.conversations(10, mode=Mode.HUMAN)
            ] == [conversation]
            assert len(await bot.answers(conversation)) == 1
            await bot.store.conversations.set_mode(conversation, Mode.BOT)
            await bot.say("What voltage?")
            assert (await bot.answered(conversation, 2))[-1].text == "It takes 230 volts [1]."
        assert len(await rows(sqlite_url, "outbox")) == 2

    async def test_yes_to_the_offer_counts_and_only_then(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            conversation = (await bot.say("How is the weather?")).conversation.id
            (abstention,) = await bot.answered(conversation)
            await bot.say("Yes please")

            assert abstention.abstained
            assert (await bot.answered(conversation, 2))[-1].text == "handed_over"
            assert (await bot.store.conversations.get(conversation)).mode is Mode.HUMAN

    async def test_questions_that_wait_behind_the_request_go_to_the_human(self, sqlite_url: str) -> None:
        async with bot_process(sqlite_url) as bot:
            first = await ask(bot.store, "Let me talk to a human")
            await ask(bot.store, "What voltage?")
            assert not await bot.worker.work(first.conversation)

            assert len(await bot.answers(first.conversation)) == 1
            assert await bot.store.claims.next_pending(first.conversation) is None


async def test_a_stopped_preview_never_differs_from_what_was_committed(sqlite_url: str) -> None:
    async with bot_process(sqlite_url) as bot:
        conversation = await bot.manager.start(CHAT)
        with bot.manager.listen(conversation.id) as subscription:
            await bot.say("What voltage?")
            events = await collect_events(subscription, Answered)
        said = "".join(event.text for event in events if isinstance(event, Token))
        assert said.strip() == (await bot.answers(conversation.id))[0].text
