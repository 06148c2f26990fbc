# SPDX-License-Identifier: LGPL-2.1-or-later
"""Push to talk, and a function, as a program in Python does it.

argv: the URI of the server. Prints what happens, one line each."""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst

Gst.init(None)
loop = GLib.MainLoop()
pipeline = Gst.parse_launch(
    "audiotestsrc is-live=true ! realtime2 name=ai turn-detection=none "
    f"uri={sys.argv[1]} ! fakesink sync=true")
ai = pipeline.get_by_name("ai")


def on_call(element, call_id, name, arguments):
    print("called", name, arguments, flush=True)
    return "42"


def say(line):
    print(line, flush=True)


def commit():
    say(f"commit {ai.emit('commit-input')}")
    return GLib.SOURCE_REMOVE


def on_message(bus, message):
    fields = message.get_structure()
    if message.type == Gst.MessageType.ERROR:
        say(f"error {message.parse_error()}")
        loop.quit()
        return
    name = fields.get_name() if fields else ""
    if name == "realtime2/session-updated":
        say(f"clear {ai.emit('clear-input')}")
        GLib.timeout_add(600, commit)
    elif name == "realtime2/function-output":
        say(f"output {fields.get_string('output')}")
    elif name == "realtime2/response-done":
        say(f"done {fields.get_string('status')}")
        on_message.done += 1
        if on_message.done == 2:
            loop.quit()


on_message.done = 0
say(f"early {ai.emit('commit-input')}")
ai.connect("function-call", on_call)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message::element", on_message)
bus.connect("message::error", on_message)
pipeline.set_state(Gst.State.PLAYING)
GLib.timeout_add_seconds(25, loop.quit)
loop.run()
pipeline.set_state(Gst.State.NULL)
