"""Workshop: a guided talk for a room of people, on a projector, in the presenter's notes, and on phones."""

from explainer.ui.workshop import doors, lobby, notes, phone, projector

SCREENS = {"phone": phone.show, "projector": projector.show, "notes": notes.show}

with doors.waiting():
    room = doors.room()
    if room is None:
        lobby.show()
    else:
        SCREENS[doors.view()](room)
