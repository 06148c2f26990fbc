# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From the JSON lines of a text pad to lines for a person: who says it, and in
# which phase.

def phase: {"commentary": " (commentary)", "final_answer": " (final answer)"};
def who: if .role == "user" then "you"
  else "agent" + (phase[.phase // ""] // "") end;

fromjson? | select (.text) | "\(who): \(.text)"
