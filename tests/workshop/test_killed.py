"""The server is killed in the middle of voting: what a phone saw confirmed is there when it is started again."""

import random
import signal
import threading
import time
from pathlib import Path

import pytest

from benchmarks.workshop import Phone, Sent
from explainer.workshop import participants, questions, rooms, screens, votes
from explainer.workshop.sqlite import SQLiteStore
from tests.servers import APP, serving

PHONES = 8


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_every_vote_that_a_phone_saw_confirmed_outlives_a_kill(tmp_path: Path) -> None:
    question = questions.DECKS["imageability"].questions()[0]
    file = tmp_path / "data" / "rooms.sqlite"
    store, sent, cast = SQLiteStore(file), Sent(), 0
    room = rooms.open_room(store, deck="imageability")
    screens.present(store, room.code, step="decide", activity=question, phase="open")
    tokens = [participants.join(store, room.code) for _ in range(PHONES)]
    with serving(APP, tmp_path / "log", EXPLAINER_DATA=str(file.parent)) as server:
        phones = [Phone(server.url, room, token) for token in tokens]

        def vote(phone: Phone) -> None:
            chance = random.Random(phone.token)
            try:
                while True:
                    phone.vote((question, 1), chance.choice("12345"), sent)
            except Exception:  # whatever a browser gets whose server is gone
                return

        threads = [threading.Thread(target=vote, args=(phone,)) for phone in phones]
        for thread in threads:
            thread.start()
        while cast < PHONES * 3 or len([phone for phone in phones if phone.confirmed]) < PHONES:
            time.sleep(0.1)
            cast = len(sent.seconds["a vote"])
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(10)
        for thread in threads:
            thread.join(150)
    store.close()

    with serving(APP, tmp_path / "again", EXPLAINER_DATA=str(file.parent)) as server:
        again = SQLiteStore(file)
        assert again.trouble is None
        for before in phones:
            after = Phone(server.url, room, before.token)
            kept = votes.vote_of(again, room.code, question, 1, before.token)
            # The last press may have been kept, though the server was gone before it could say so.
            assert kept in [before.confirmed[question, 1], *before.unsure[question, 1]]
            assert f"Counted: {kept}" in after.said
            after.leave()
        assert votes.tally(again, room.code, question, 1).total == PHONES
        again.close()
