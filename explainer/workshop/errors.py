"""What can go wrong in a workshop, each with a sentence for whoever can act on it."""


class RoomError(Exception):
    """Something that a visitor can act on; the message says what."""

    sentence = ""

    def __str__(self) -> str:
        return self.sentence or super().__str__()


class Busy(RoomError):
    """Another program has held the file for too long; nothing was kept of what was asked."""

    sentence = "Another program holds the room's record. Try again in a moment."


class UnknownRoom(RoomError):
    """A code that no room has."""

    sentence = "There is no room with this code. Check it against the one on the screen."


class UnknownToken(RoomError):
    """A token that this room did not give out."""

    sentence = "This phone has not joined the room. Join it again with the code on the screen."


class UnknownQuestion(RoomError):
    """A key that no question has."""

    sentence = "There is no such question."


class Closed(RoomError):
    """An answer while nothing is open: before a vote, between two, or in a pause."""

    sentence = "This is not open at the moment. Wait for the presenter."


class Moved(Closed):
    """An answer to what was open before, while something else is."""

    sentence = "This vote is over, and the next one is open. Answer what stands here now."


class Ended(Closed):
    """An answer in a room that has ended."""

    sentence = "This room has ended. It takes no more answers."


class BadAnswer(RoomError):
    """An answer that the question does not have."""

    sentence = "This is none of the answers. Choose one of the buttons."


class Full(RoomError):
    """A room that has given out all of its tokens."""

    sentence = "So many phones have joined this room that it takes no more."


class DoorClosed(RoomError):
    """A room that takes no new phones because its presenter said so."""

    sentence = "The presenter has closed the door of this room. Ask them to open it."


class TooFast(RoomError):
    """More phones than a room is likely to have come from one address, or one browser, within a minute."""

    sentence = "Many phones are joining from here. Try again in a minute."


class NoAddress(RoomError):
    """What was typed, and cannot be an address of the app."""

    sentence = "This is no address of a computer. Type it as in 192.168.1.20, or with the port, 192.168.1.20:8501."
