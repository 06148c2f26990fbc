#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The examples as examples/README.md says, in TAP: its own lines are taken from
# it and run. What they print and write is checked, and what of it reached the
# sandbox. Their audio runs in real time, so they run side by side.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly TOP=$top
readonly QUESTION=/usr/share/asterisk/sounds/en_US_f_Allison/at-tone-time-exactly.wav
readonly EXAMPLES=(c python shell speak camera)

# ok NAME COMMAND...: one check. What the example printed is shown with the
# first check of it that fails.
ok ()
{
  local name=$1
  shift
  count=$((count + 1))
  if "$@"; then
    printf 'ok %d - %s\n' "$count" "$example: $name"
  else
    printf 'not ok %d - %s\n' "$count" "$example: $name"
    [ -e "$dir/shown" ] || sed 's/^/#   /' "$dir/output" | tee "$dir/shown"
  fi
}

# The first block of commands below a heading of the text.
block ()
{
  awk -v heading="## $1" '
    $0 == heading { on = 1 }
    on && /^```$/ { exit }
    on && block { print }
    on && /^```sh$/ { block = 1 }' "$TOP/examples/README.md"
}

# Runs an example by its text, with files of ours, in the background.
start ()
{
  local out=$work/$1
  mkdir -p "$out/wire"
  block "$1" | sed "s|question\.wav|$QUESTION|; s|answer\.wav|$out/answer.wav|" \
    > "$out/commands"
  (
    cd "$TOP"
    status=0
    RT2_WIRE_LOG=$out/wire timeout 90 bash -eo pipefail "$out/commands" \
      > "$out/output" 2>&1 < /dev/null || status=$?
    printf '%d\n' "$status" > "$out/status"
  ) &
}

ended_well ()
{
  [ "$(cat "$dir/status")" = 0 ]
}

says ()
{
  grep -qE -- "$1" "$dir/output"
}

# Whether jq finds something true in what the client sent; all events are in
# the array.
sent ()
{
  cat "$dir"/wire/*.jsonl | jq -se \
    "map (select (.dir == \"client\") | .event) | $1" > /dev/null
}

# More than a second of sound in answer.wav, whose level moves as speech's does:
# in windows of 20 ms at 24 kHz.
is_spoken ()
{
  gst-launch-1.0 -q filesrc location="$dir/answer.wav" ! wavparse \
    ! audio/x-raw,format=S16LE,rate=24000,channels=1 ! fdsink \
    | od -An -v -t d2 -w960 \
    | awk '{
        s = 0
        for (i = 1; i <= NF; i++) s += $i * $i
        db = s ? 10 * log(s / NF / 32768 ^ 2) / log(10) : -120
        if (db > -45) { n++; sum += db; squares += db * db }
      }
      END { exit !(n > 50 && sqrt (squares / n - (sum / n) ^ 2) > 3) }'
}

# What the text of an example promises of each of them.
test_any ()
{
  ok 'the text has commands' test -s "$dir/commands"
  ok 'they end well' ended_well
  ok 'the sandbox is called a stand-in' says 'realtime2-sandbox .* stand-in'
  ok 'the answer is spoken' is_spoken
  ok 'no warning, none about the instructions' \
    eval '! says "WARN|CRITICAL|[Ii]nstructions|Traceback"'
}

# The output of the one call is the argument, as a regular expression.
answered ()
{
  sent "map (select (.item.type == \"function_call_output\") | .item.output)
    | length == 1 and (.[0] | test (\"$1\"))"
}

test_c ()
{
  ok 'the tool is called' says '^tool: find_departure \{"to":"Lyon"\}'
  ok 'its answer reaches the server' answered '^9:10, platform 4$'
  ok 'and the listener' says '^assistant: .*9:10, platform 4'
  ok 'the bus is shown' says '^\(response-done\)$'
  ok 'the prompt and three tools are offered' sent 'any (.session
    | (.instructions // "" | contains ("# Escalation"))
      and ([.tools[]?.name] | sort
        == ["end_session", "find_departure", "get_time"]))'
  ok 'it is short' test "$(wc -l < "$TOP/examples/c/agent.c")" -lt 120
}

test_python ()
{
  ok 'the tool is called' says '^tool: book_table '
  ok 'its answer reaches the server' answered \
    'booked.: true.*people.: 4, .time.: .19:30'
  ok 'and the listener' says '^assistant: .*"table": 7'
  ok 'it is short' test "$(wc -l < "$TOP/examples/python/agent.py")" -lt 120
}

test_shell ()
{
  ok 'both sides are shown' eval \
    "says '^user: When does the next' && says '^assistant: Lyon, let me see'"
  ok 'the answer of the command reaches the server' \
    answered '^9:10, platform 4$'
  ok 'and the listener' says '^assistant: .*9:10, platform 4'
}

test_speak ()
{
  ok 'each line is a cue, and is answered' sent '
    map (select (.type | test ("item.create|response.create"))
      | [.item.role, .item.content[0]?.text])
    | . == [["system", "Train 4 to Lyon is ten minutes late."], [null, null],
        ["system", "Platform 3 is closed."], [null, null]]'
  ok 'what is said is shown' eval \
    "says '^Your attention please' && says '^Platform 3 is closed'"
}

test_camera ()
{
  ok 'one picture comes before the end of the turn' sent '
    map (select (.item.content[0]?.type == "input_image"
      or .type == "input_audio_buffer.commit") | .type)
    | . == ["conversation.item.create", "input_audio_buffer.commit"]'
  ok 'as the pipeline says' sent '
    any (.item.content[0]? | .detail == "low"
      and (.image_url // "" | startswith ("data:image/jpeg;base64,")))'
  # Without a camera it is the test picture.
  ok 'the agent sees it' says \
    '^assistant: You showed a JPEG picture of [0-9]+ by [0-9]+'
}

# What the service's own types say of all that went over the wire.
test_wire ()
{
  local logs
  example=all dir=$work
  logs=("$work"/*/wire/*.jsonl)
  if [ -d "$TOP/tests/interop/node_modules/openai" ]; then
    node "$TOP/tests/interop/validate.mjs" "${logs[@]}" > "$work/output" 2>&1 \
      && printf '0\n' > "$work/status" || printf '1\n' > "$work/status"
    ok 'the official types know all that was said' ended_well
  else
    count=$((count + 1))
    printf 'ok %d - all: the official types # SKIP run tests/interop/run\n' \
      "$count"
  fi
  [ -z "$judge" ] || cp "${logs[@]}" "$judge"
}

main ()
{
  judge=${RT2_WIRE_LOG-} count=0
  work=$(mktemp -d "${TMPDIR:-/tmp}/realtime2-test.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  unset OPENAI_API_KEY OPENAI_BASE_URL GST_PLUGIN_PATH RT2_WIRE_LOG
  # Builds, so that they need not all at once.
  "$TOP/examples/run" true
  for example in "${EXAMPLES[@]}"; do
    start "$example"
  done
  wait
  for example in "${EXAMPLES[@]}"; do
    dir=$work/$example
    test_any
    "test_$example"
  done
  test_wire
  printf '1..%d\n' "$count"
}

main
