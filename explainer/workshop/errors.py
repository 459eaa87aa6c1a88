"""What can go wrong in a workshop. The docstring of each is the sentence for whoever can act on it."""

import inspect


class RoomError(Exception):
    """Something that a visitor can act on."""

    def __str__(self) -> str:
        return inspect.getdoc(self) or ""


class Busy(RoomError):
    """Another program holds the room's record. Try again in a moment."""


class Unreachable(Busy):
    """The database of rooms does not answer. Try again in a moment."""


class Unusable(Busy):
    """The database of rooms answers, but cannot be used. The app's log says why."""


class UnknownRoom(RoomError):
    """There is no room with this code. Check it against the one on the screen."""


class UnknownToken(RoomError):
    """This phone has not joined the room. Join it again with the code on the screen."""


class UnknownQuestion(RoomError):
    """There is no such question."""


class Closed(RoomError):
    """This is not open at the moment. Wait for the presenter."""


class Moved(Closed):
    """This vote is over, and the next one is open. Answer what stands here now."""


class Ended(Closed):
    """This room has ended. It takes no more answers."""


class BadAnswer(RoomError):
    """This is none of the answers. Choose one of the buttons."""


class Full(RoomError):
    """So many phones have joined this room that it takes no more."""


class DoorClosed(RoomError):
    """The presenter has closed the door of this room. Ask them to open it."""


class Enough(RoomError):
    """This phone has reported as much as one phone can in a room."""


class HandsAlone(RoomError):
    """This room counts hands: there is nothing to join. Look at the screen in front."""


class TooFast(RoomError):
    """Many phones are joining from here. Try again in a minute."""


class NoAddress(RoomError):
    """This is no address of a computer. Type it as in 192.168.1.20, or with the port, 192.168.1.20:8501."""
