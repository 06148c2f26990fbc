#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# examples/quickstart as a user runs it, in TAP: what it prints, what it leaves
# behind, and that the files hold what was said. Audio runs in real time, so
# this takes minutes.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly TOP=$top
readonly SANDBOX=$TOP/build/tests/sandbox/realtime2-sandbox
readonly VOICE=/usr/share/sounds/alsa/Front_Center.wav
readonly KEY=sk-test-quickstart-0123456789

# What a window of 20 ms has to reach to count as sound, in dB below full scale.
readonly FLOOR=-45

# ok NAME COMMAND...: one check. What quickstart printed is shown with the first
# check of a run that fails.
ok ()
{
  local name=$1
  shift
  count=$((count + 1))
  if "$@"; then
    printf 'ok %d - %s\n' "$count" "$name"
  else
    printf 'not ok %d - %s\n' "$count" "$name"
    [ -e shown ] || sed 's/^/#   /' output | tee shown
  fi
}

now_ms ()
{
  printf '%s' "$((${EPOCHREALTIME/[.,]/} / 1000))"
}

# Puts the milliseconds since the start in front of each line.
stamp ()
{
  local begin text
  begin=$(now_ms)
  while IFS= read -r text; do
    printf '%d %s\n' "$(($(now_ms) - begin))" "$text"
  done
}

# Runs quickstart in the current directory and fills `status` and the file
# output. The deadline only keeps a hang from lasting for ever.
quickstart ()
{
  status=0
  rm -f answer.wav answer.vtt shown
  timeout 300 "$TOP/examples/quickstart" "$@" 2>&1 < /dev/null \
    | stamp > output || status=$?
}

ended_well ()
{
  [ "$status" -eq 0 ]
}

ended_badly ()
{
  [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
}

says ()
{
  grep -qE -- "$1" output
}

says_not ()
{
  ! says "$1"
}

# How many lines match is the first argument.
says_times ()
{
  [ "$(grep -cE -- "$2" output)" -eq "$1" ]
}

said_in_this_order ()
{
  local pattern line last=0
  for pattern in "$@"; do
    line=$(grep -m 1 -nE -- "$pattern" output | cut -d : -f 1)
    [ -n "$line" ] && [ "$line" -gt "$last" ] || return 1
    last=$line
  done
}

# The level of each 20 ms of answer.wav, in dB below full scale, one a line.
# Fails if it is not what the agent speaks: 24 kHz, mono.
levels ()
{
  gst-launch-1.0 -q filesrc location=answer.wav ! wavparse ! audioconvert \
    ! audio/x-raw,format=S16LE,rate=24000,channels=1 ! fdsink \
    | od -An -v -t d2 -w960 \
    | awk '{
        s = 0
        for (i = 1; i <= NF; i++) s += $i * $i
        print s ? 10 * log(s / NF / 32768 ^ 2) / log(10) : -120
      }'
}

# Speech is more than a second of sound, and its level moves: a tone's does not.
has_speech ()
{
  levels | awk -v floor="$FLOOR" '
    $1 > floor { n++; s += $1; q += $1 * $1 }
    END { exit !(n > 50 && sqrt (q / n - (s / n) ^ 2) > 3) }'
}

# answer.vtt as lines "START END TEXT" in ms. Fails if it is not WebVTT, if a
# cue is empty, or if cues overlap or go back in time.
cues ()
{
  awk '
    function ms(t, p) {
      if (t !~ /^([0-9]+:)?[0-5][0-9]:[0-5][0-9]\.[0-9][0-9][0-9]$/) bad = 1
      split(t, p, /[:.]/)
      return ((p[1] * 60 + p[2]) * 60 + p[3]) * 1000 + p[4]
    }
    NR == 1 { if ($0 != "WEBVTT") bad = 1; next }
    / --> / {
      a = ms($1); b = ms($3)
      if (a < last || b <= a) bad = 1
      last = b
      if ((getline text) <= 0 || text == "") bad = 1
      print a, b, text
      n++
    }
    END { exit bad || !n }' answer.vtt
}

is_webvtt ()
{
  cues > /dev/null
}

# The captions are on screen while there is something to hear: all but a tenth
# of the sound lies within a cue (300 ms either way), and each cue has sound.
captions_match ()
{
  { cues && printf 'levels\n' && levels; } | awk -v floor="$FLOOR" '
    BEGIN { n = 0 }
    $1 == "levels" { at = 1; t = 0; next }
    !at { a[n] = $1 - 300; b[n] = $2 + 300; n++; next }
    {
      if ($1 > floor) {
        loud++
        for (i = 0; i < n; i++)
          if (t >= a[i] && t <= b[i]) { heard[i]++; within++; break }
      }
      t += 20
    }
    END {
      for (i = 0; i < n; i++) if (heard[i] < 10) exit 1
      exit !(n && within >= 0.9 * loud)
    }'
}

# The first line of the agent was there while its voice still had to be heard.
printed_as_heard ()
{
  local first end spoken
  first=$(grep -m 1 -E '^[0-9]+ agent' output | cut -d ' ' -f 1)
  end=$(sed -n '$s/ .*//p' output)
  spoken=$(cues | awk 'NR == 1 { a = $1 } { b = $2 } END { print b - a }')
  [ $((2 * (end - first))) -ge "$spoken" ]
}

progress_within_a_second ()
{
  [ "$(sed -n '1s/ .*//p' output)" -lt 1000 ]
}

nothing_left ()
{
  local port
  port=$(sed -n 's|.* ws://127\.0\.0\.1:\([0-9]*\)/.*|\1|p' output | head -n 1)
  [ -n "$port" ] && ! (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null \
    && [ -z "$(ls -A "$TMPDIR")" ]
}

# Starts the sandbox of the build; its address is in `uri`, its process in
# `sandbox`.
start_sandbox ()
{
  exec {from_sandbox}< <(exec "$SANDBOX" "$@" 2> /dev/null)
  sandbox=$!
  read -r -t 30 uri <&"$from_sandbox"
  uri=${uri#listening on }
}

stop_sandbox ()
{
  kill "$sandbox"
  wait "$sandbox" || true
  exec {from_sandbox}<&-
}

# apt-get and sudo that tell on whoever calls them.
watch_apt ()
{
  local name
  mkdir bin
  for name in apt-get sudo; do
    printf '#!/bin/sh\necho "%s $*" >> "%s/apt-calls"\nexit 1\n' \
      "$name" "$PWD" > "bin/$name"
    chmod +x "bin/$name"
  done
  PATH=$PWD/bin:$PATH
}

# A question of 44.1 kHz in stereo with a pause in it that would end a turn.
make_question ()
{
  gst-launch-1.0 -q filesrc location="$VOICE" ! wavparse ! audioconvert \
    ! audioresample ! audio/x-raw,format=S16LE,rate=44100,channels=2 \
    ! filesink location=voice.raw
  { cat voice.raw && head -c $((44100 * 4 * 2)) /dev/zero && cat voice.raw; } \
    > question.raw
  gst-launch-1.0 -q filesrc location=question.raw ! rawaudioparse \
    sample-rate=44100 num-channels=2 ! wavenc ! filesink location=question.wav
  mv question.wav "$1"
}

test_arguments ()
{
  quickstart --help
  ok '--help helps' eval "ended_well && says '--live' && says '--vad'"
  quickstart no-such-file.wav
  ok 'a file that is not there is named' \
    eval 'ended_badly && says no-such-file.wav'
  quickstart --no-such-option
  ok 'an unknown option is named' eval 'ended_badly && says --no-such-option'
  quickstart "$VOICE" "$VOICE"
  ok 'two files are one too many' ended_badly
  OPENAI_API_KEY='' quickstart --live "$VOICE"
  ok '--live without a key says how to give one' \
    eval 'ended_badly && says OPENAI_API_KEY'
  ok 'nothing was written' eval '! [ -e answer.wav ] && ! [ -e answer.vtt ]'
  cp "$VOICE" input.wav
  ln -sf input.wav answer.wav
  status=0
  "$TOP/examples/quickstart" input.wav > output 2>&1 < /dev/null || status=$?
  ok 'the question is not overwritten by its answer' \
    eval "ended_badly && cmp -s input.wav '$VOICE'"
  rm answer.wav
}

test_default ()
{
  quickstart
  ok 'the default question is answered' ended_well
  ok 'the first line comes within a second' progress_within_a_second
  ok 'the stand-in is called one' says 'sandbox is a stand-in'
  ok 'the way to the real service is named' says 'OPENAI_API_KEY=.* --live'
  ok 'both sides are printed, with the phases' said_in_this_order \
    '^[0-9]+ you: At the tone, the time will be exactly' \
    '^[0-9]+ agent \(commentary\): ' '^[0-9]+ agent \(final answer\): '
  ok 'answer.wav has more than a second of speech' has_speech
  ok 'answer.vtt is WebVTT' is_webvtt
  ok 'the captions are those of the voice' captions_match
  ok 'lines are printed as they are heard' printed_as_heard
  ok 'no process and no file is left' nothing_left
}

# Takes the line of the last run from its output, as a user would; only the port
# is another.
test_pasted_line ()
{
  sed -n '/^[0-9]* *GST_PLUGIN_PATH=/,/^[0-9]* *$/s/^[0-9]* //p' output > line
  start_sandbox
  sed -i "s|ws://127\.0\.0\.1:[0-9]*/[^ ]*|$uri|" line
  status=0
  rm -f answer.wav answer.vtt shown
  timeout 120 bash line > output 2>&1 < /dev/null || status=$?
  stop_sandbox
  ok 'the printed line can be pasted' eval 'ended_well && has_speech'
  ok 'its standard output is JSON lines' \
    eval "jq -se 'any(.role == \"assistant\")' output > /dev/null"
}

test_own_file ()
{
  local name="it's \"my\" 50% \$question! .wav"
  make_question "$name"
  quickstart "$name"
  ok 'a stereo file of 44.1 kHz with an odd name is answered' \
    eval 'ended_well && has_speech && is_webvtt'
  ok 'a pause does not end the turn' says_times 1 '^[0-9]+ you: '
  ok 'the sandbox does not pretend to understand' says_not 'At the tone'
  test_pasted_line
  printf 'not audio at all\n' > text.wav
  quickstart text.wav
  ok 'what is not audio is an error' \
    eval "ended_badly && says 'text.wav holds no audio'"
}

test_vad ()
{
  quickstart --vad "$VOICE"
  ok '--vad finds the turn in a file without trailing silence' \
    eval "ended_well && has_speech && says '^[0-9]+ you: '"
}

test_live ()
{
  start_sandbox --api-key "$KEY"
  OPENAI_API_KEY=$KEY OPENAI_BASE_URL=${uri%/realtime} \
    quickstart --live "$VOICE"
  ok '--live asks the service that the environment names' \
    eval 'ended_well && has_speech'
  ok '--live does not speak of the sandbox' says_not 'stand-in'
  ok 'the key is not shown' eval "says_not '$KEY' && says_not uri="
  OPENAI_API_KEY=sk-wrong OPENAI_BASE_URL=${uri%/realtime} \
    quickstart --live "$VOICE"
  ok 'a wrong key is an error' ended_badly
  stop_sandbox
}

main ()
{
  count=0 status=0
  work=$(mktemp -d "${TMPDIR:-/tmp}/realtime2-test.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/tmp" "$work/run"
  cd "$work/run"
  export TMPDIR=$work/tmp
  unset OPENAI_API_KEY OPENAI_BASE_URL
  watch_apt
  test_arguments
  test_default
  test_own_file
  test_vad
  test_live
  ok 'apt was never called' eval '! [ -e apt-calls ]'
  printf '1..%d\n' "$count"
}

main
