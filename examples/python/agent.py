#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A voice agent with a slow tool: agent.py [QUESTION.wav ANSWER.wav].

Without files it listens to the microphone and speaks to the loudspeaker.
"""

import json
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

FILES = (
    "filesrc name=in ! decodebin ! audioconvert ! audioresample ! "
    "realtime2 name=ai turn-detection=none ! wavenc ! filesink name=out"
)
LIVE = (
    "autoaudiosrc ! audioconvert ! audioresample ! realtime2 name=ai ! "
    "audioconvert ! audioresample ! autoaudiosink"
)
INSTRUCTIONS = """# Role
You book tables for the restaurant Garden. Nothing else.
# Tools
- `book_table`: once you know for how many and when, and the caller agreed.
Tell the caller that you are asking the restaurant before you call it.
"""
TOOLS = [
    {
        "type": "function",
        "name": "book_table",
        "description": "Books a table. Takes some seconds.",
        "parameters": {
            "type": "object",
            "properties": {
                "people": {"type": "integer"},
                "time": {"type": "string", "description": "as in 19:30"},
            },
            "required": ["people", "time"],
        },
    }
]


def book_table(ai, call_id, people, at):
    """Takes its time, on a thread of its own, and answers then."""
    time.sleep(1)
    answer = {"booked": True, "table": 7, "people": people, "time": at}
    ai.emit("send-function-result", call_id, json.dumps(answer))


def on_function_call(ai, call_id, name, arguments):
    """Returns the answer, or None: it comes later."""
    print(f"tool: {name} {arguments}", flush=True)
    try:
        asked = json.loads(arguments)
        threading.Thread(
            target=book_table,
            args=(ai, call_id, asked["people"], asked["time"]),
            daemon=True,
        ).start()
    except (ValueError, KeyError, TypeError) as error:
        return json.dumps({"error": f"cannot use these arguments: {error}"})
    return None


def on_message(bus, message, loop, failures):
    if message.type == Gst.MessageType.ELEMENT:
        fields = message.get_structure()
        name = fields.get_name()
        if name == "realtime2/transcript":
            role, text = fields.get_string("role"), fields.get_string("text")
            print(f"{role}: {text}", flush=True)
        elif name.startswith("realtime2/"):
            print(f"({name.removeprefix('realtime2/')})", flush=True)
    elif message.type == Gst.MessageType.WARNING:
        print(message.parse_warning()[0].message, file=sys.stderr)
    elif message.type == Gst.MessageType.ERROR:
        failures.append(message.parse_error()[0].message)
        loop.quit()
    elif message.type == Gst.MessageType.EOS:
        loop.quit()


def main():
    Gst.init(None)
    pipeline = Gst.parse_launch(FILES if len(sys.argv) == 3 else LIVE)
    ai = pipeline.get_by_name("ai")
    ai.set_property("instructions", INSTRUCTIONS)
    ai.set_property("tools", json.dumps(TOOLS))
    ai.connect("function-call", on_function_call)
    if len(sys.argv) == 3:
        pipeline.get_by_name("in").set_property("location", sys.argv[1])
        pipeline.get_by_name("out").set_property("location", sys.argv[2])

    loop, failures = GLib.MainLoop(), []
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message", on_message, loop, failures)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        loop.run()
    except KeyboardInterrupt:
        pass
    pipeline.set_state(Gst.State.NULL)
    return failures[0] if failures else 0


if __name__ == "__main__":
    sys.exit(main())
