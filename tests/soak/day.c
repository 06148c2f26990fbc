/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A day of talk on a clock that need not be waited for: turns with transcripts,
 * answers of several items, interruptions, function calls, pauses. The heap is
 * as full in the evening as it was in the morning.
 *
 * soak-day [N]: minutes
 */
#include "soakclock.h"
#include "soakheap.h"

#define SHORT 20
#define LONG 600 /* minutes from which on the limit holds */
#define RATE 24000
#define MS (RATE / 1000) /* samples */
#define MAX_ITEMS 4
#define LIMIT 1000 /* bytes per hour */
/* What goes up and down by some KB is a slope over a few minutes. */
#define ROUGH_LIMIT (256 * 1024)
#define CALLS 4 /* one turn of so many has a function call */

static SoakPeer *peer;
static guint n_minutes = SHORT;

typedef struct {
  SoakClock clock;
  guint turn;
} Day;

static GstClockTime
now (Day *day)
{
  return stage_now (day->clock.stage);
}

/* --- a turn --- */

static void
say (Day *day)
{
  soak_peer_do (peer, "starts %u", day->turn);
  soak_sync (peer, day->clock.stage);
}

static void
fall_silent (Day *day)
{
  static const gchar *const parts[] = { "delta\",\"delta\":\"One more",
    "completed\",\"transcript\":\"One more thing, please." };

  soak_peer_do (peer, "stops %u", day->turn);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    soak_peer_do (peer,
        "send {\"type\":\"conversation.item.input_audio_transcription.%s\","
        "\"event_id\":\"e\",\"item_id\":\"item_user_%u\",\"content_index\":0}",
        parts[i], day->turn);
  day->turn++;
}

static void
call_function (Day *day)
{
  g_autofree gchar *id = g_strdup_printf ("call_%u", day->turn);
  gboolean taken;

  soak_peer_do (peer,
      "send {\"type\":\"response.output_item.done\",\"event_id\":\"e\","
      "\"response_id\":\"resp_c%u\",\"output_index\":0,\"item\":{\"id\":\"f%u\","
      "\"type\":\"function_call\",\"status\":\"completed\",\"name\":\"look\","
      "\"call_id\":\"%s\",\"arguments\":\"{}\"}}",
      day->turn, day->turn, id);
  stage_wait (day->clock.stage, "realtime2/function-call");
  g_signal_emit_by_name (
      day->clock.stage->ai, "send-function-result", id, "{\"it\":1}", &taken);
  g_assert_true (taken);
  soak_peer_do (peer,
      "send {\"type\":\"response.done\",\"event_id\":\"e\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"resp_c%u\","
      "\"status\":\"completed\",\"output\":[]}}",
      day->turn);
  stage_wait (day->clock.stage, "realtime2/function-output");
}

static void
begin_answer (void)
{
  GString *line = g_string_new ("answer 4800");
  gint n = g_test_rand_int_range (1, MAX_ITEMS + 1);

  for (gint i = 0; i < n; i++)
    g_string_append_printf (
        line, " %d", g_test_rand_int_range (30 * MS, 400 * MS));
  soak_peer_do (peer, "%s", line->str);
  g_string_free (line, TRUE);
}

/* The answer comes slower or faster than it plays, until @until. */
static void
listen (Day *day, GstClockTime until)
{
  gdouble pace = g_test_rand_double_range (0.5, 8);
  GstClockTime start = now (day), at;

  while ((at = now (day)) < until) {
    gdouble seconds = (gdouble) (at - start) / GST_SECOND;

    if (soak_peer_do (peer, "go %.0f", 1 + seconds * pace * RATE))
      soak_sync (peer, day->clock.stage);
    soak_clock_step (&day->clock);
  }
}

static void
take_turns (Day *day)
{
  GstClockTime patience = g_test_rand_int_range (0, 3000) * GST_MSECOND;

  say (day);
  fall_silent (day);
  if (day->turn % CALLS == 0)
    call_function (day);
  begin_answer ();
  listen (day, now (day) + patience);
  if (g_test_rand_bit ())
    soak_peer_do (peer, "go 1000000");
  else
    say (day);
  soak_peer_do (peer, "cut");
  soak_sync (peer, day->clock.stage);
}

/* --- the day --- */

static void
check_variety (Day *day)
{
  static const gchar *const fields[] = { "responses", "interruptions",
    "truncations", "deletions", "function-calls" };

  g_print ("# %u turns", day->turn);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    guint64 n = stage_stat (day->clock.stage, fields[i]);

    g_print (", %" G_GUINT64_FORMAT " %s", n, fields[i]);
    g_assert_cmpuint (n, >, 0);
  }
  g_print ("\n");
  g_assert_cmpuint (stage_stat (day->clock.stage, "input-dropped-time"), ==, 0);
}

static void
test_day (void)
{
  Day day = { .turn = 0 };
  SoakHeap heap;

  soak_heap_init (&heap, "hour");
  soak_clock_init (&day.clock, peer,
      "transcription-model=gpt-4o-mini-transcribe text_src_0::roles=3");
  soak_fill_memory (peer, day.clock.stage);
  for (guint minute = 1; minute <= n_minutes; minute++) {
    GstClockTime end = minute * 60 * GST_SECOND;

    while (now (&day) < end - 5 * GST_SECOND)
      take_turns (&day);
    soak_clock_go_on_until (&day.clock, end);
    soak_sync (peer, day.clock.stage);
    soak_forget (peer, day.clock.stage);
    soak_heap_note (&heap, minute / 60.0);
  }
  check_variety (&day);
  soak_heap_check (
      &heap, n_minutes / 180.0, n_minutes < LONG ? ROUGH_LIMIT : LIMIT);
  soak_clock_clear (&day.clock);
  soak_heap_clear (&heap);
}

int
main (int argc, char *argv[])
{
  peer = soak_init (argc, argv, &n_minutes);
  g_test_add_func ("/soak/day", test_day);
  return soak_run (peer);
}
