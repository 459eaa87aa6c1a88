"""What a visitor is told of a photo that is on its way: that it did not arrive, and what to do.

Only the browser knows: to the server, an upload that broke off is one that never began.
"""

import secrets
from pathlib import Path

import streamlit as st

from explainer.vision import photos

_SENTENCES = {
    "failed": "Your photo did not arrive: the connection broke. Please choose it again.",
    "refused": "Your photo was refused: the browser holds the app's cookie back. Open the app in a window of its own.",
    "lost": "The connection is gone. If your photo does not appear once it is back, choose it again.",
    "anew": "The page began anew, so your photo is not here any more. Please choose it again.",
    "heavy": photos.HEAVY,
    "slow": "Your photo is still on its way. If nothing happens, choose it again.",
}

_banner = st.components.v2.component(
    "arrival",
    html='<p class="arrival" role="alert" hidden></p>',
    css="""
    .arrival { position: fixed; bottom: 0; left: 0; right: 0; z-index: 1000001; margin: 0; padding: 0.75rem 1rem;
      text-align: center; font: 600 1rem sans-serif; color: #161616; background: #ffd666; }
    .arrival[hidden] { display: none; }
    """,
    js=(Path(__file__).parent / "arrival.js").read_text("utf-8"),
)


def watch(own: bool, answered: int) -> None:
    """Watch the photos on their way; `own` says whether one is here, `answered` how many were taken or refused."""
    session = st.session_state.setdefault("visit", secrets.token_hex(8))
    data = {"session": session, "own": own, "answered": answered, "most": photos.MAX_BYTES, **_SENTENCES}
    _banner(key="arrival", data=data, height="content")
