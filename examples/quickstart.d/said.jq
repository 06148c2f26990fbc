# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One line for a person from each JSON line of a text pad: when it is heard
# (minutes:seconds of the answer's file), who says it and in which phase.

def two: tostring | if length < 2 then "0" + . else . end;
def clock: (. / 1e9 | floor) | "\(. / 60 | floor):\(. % 60 | two)";
def phase: {"commentary": " (commentary)", "final_answer": " (final answer)"};
def who: if .role == "user" then "you"
  else "agent" + (phase[.phase // ""] // "") end;

fromjson? | select (.text) | "[\(.pts // 0 | clock)] \(who): \(.text)"
