"""Workshop: a guided talk for a room of people, on a projector, in the presenter's notes, and on phones."""

from explainer.ui.workshop import lobby, location, notes, phone, projector, refresh

SCREENS = {"phone": phone.show, "projector": projector.show, "notes": notes.show}

with refresh.waiting():
    room = location.room()
    if room is None:
        lobby.show()
    else:
        SCREENS[location.view()](room)
