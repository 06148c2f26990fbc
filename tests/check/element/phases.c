/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commentary and final answers on text pads of their own, wherever and whenever
 * the server tells which is which.
 */
#include "harness.h"

#include <string.h>

#define PLAIN "text/x-raw, format=utf8"

static const Spot spot_a = { "resp_1", 0, "item_a" };
static const Spot spot_b = { "resp_1", 1, "item_b" };

/* One pad for each. */
enum { COMMENTARY, FINAL, UNKNOWN, N_PADS };

static const gchar *const phases[] = { "commentary", "final-answer",
  "unknown" };

typedef struct {
  Talk *talk;
  Tap *taps[N_PADS];
} Scene;

static void
scene_init (Scene *scene)
{
  GstPad *pads[N_PADS];

  scene->talk = talk_new ();
  for (guint i = 0; i < N_PADS; i++) {
    pads[i] = talk_add_text (scene->talk, NULL, PLAIN);
    gst_util_set_object_arg (G_OBJECT (pads[i]), "phases", phases[i]);
  }
  talk_play (scene->talk, &law_pcm);
  for (guint i = 0; i < N_PADS; i++)
    scene->taps[i] = talk_tap_of (scene->talk, pads[i]);
  peer_begin (scene->talk->peer, "resp_1");
}

/* Plays on to @until; each pad has what is its own, and nothing else. */
static void
check_pads (Scene *scene, guint64 until, const gchar *commentary,
    const gchar *final, const gchar *unknown)
{
  talk_sync (scene->talk);
  talk_run_to (scene->talk, until);
  tap_assert_texts (scene->taps[COMMENTARY], commentary);
  tap_assert_texts (scene->taps[FINAL], final);
  tap_assert_texts (scene->taps[UNKNOWN], unknown);
}

static void
check_change (Scene *scene, guint i, const gchar *phase)
{
  const GstStructure *fields = talk_message (scene->talk, "phase-changed", i);

  fail_unless_equals_string (talk_string (fields, "item-id"), "item_a");
  fail_unless_equals_string (talk_string (fields, "response-id"), "resp_1");
  fail_unless_equals_string (talk_string (fields, "phase"), phase);
}

/* The item and 500 ms of it, without an end. */
static void
begin (Scene *scene, const Spot *spot, const gchar *text, const gchar *phase)
{
  peer_item (scene->talk->peer, spot, phase);
  peer_words (scene->talk->peer, spot, text);
  peer_speech (scene->talk->peer, spot, &law_pcm, 0, 12000);
}

static void
finish (Scene *scene, const Spot *spot, const gchar *text, const gchar *phase)
{
  peer_words_done (scene->talk->peer, spot, text);
  peer_audio_done (scene->talk->peer, spot);
  peer_item_done (scene->talk->peer, spot, text, phase);
}

static void
say (Scene *scene, const Spot *spot, const gchar *text, const gchar *phase)
{
  begin (scene, spot, text, phase);
  finish (scene, spot, text, phase);
}

#define ITEM(id, phase)                                                        \
  "{\"id\":\"" id "\",\"type\":\"message\",\"status\":\"completed\","          \
  "\"role\":\"assistant\"," phase "\"content\":[]}"

/* The end of the response, which lists its items as a server does. */
static void
end (Scene *scene, const gchar *items)
{
  peer_send (scene->talk->peer,
      "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"resp_1\","
      "\"status\":\"completed\",\"status_details\":null,\"usage\":null,"
      "\"output\":[%s]}}",
      items);
}

#define UNSTATED ITEM ("item_a", "")
#define STATED ITEM ("item_a", "\"phase\":\"commentary\",")
#define BOTH UNSTATED "," ITEM ("item_b", "")

/* --- known in time --- */

GST_START_TEST (test_stated)
{
  Scene scene;

  scene_init (&scene);
  say (&scene, &spot_a, "Let me see. Hm.", "commentary");
  say (&scene, &spot_b, "It is ten. Sharp.", "final_answer");
  peer_end (scene.talk->peer, "resp_1", "completed");
  check_pads (
      &scene, 2 * GST_SECOND, "Let me see.|Hm.", "It is ten.|Sharp.", "");
  fail_unless_equals_int (talk_count_messages (scene.talk, "phase-changed"), 0);
  talk_free (scene.talk);
}
GST_END_TEST;

/* Not stated: by the order of the items, as it is known when words leave. */
GST_START_TEST (test_by_order)
{
  Scene scene;

  scene_init (&scene);
  say (&scene, &spot_a, "Let me see. Hm.", NULL);
  say (&scene, &spot_b, "It is ten. Sharp.", NULL);
  peer_end (scene.talk->peer, "resp_1", "completed");
  check_pads (
      &scene, 2 * GST_SECOND, "Let me see.|Hm.", "It is ten.|Sharp.", "");
  talk_free (scene.talk);
}
GST_END_TEST;

/* Written words have no sound to wait for. */
GST_START_TEST (test_written)
{
  Scene scene;

  scene_init (&scene);
  peer_item (scene.talk->peer, &spot_a, NULL);
  peer_send (scene.talk->peer,
      "{\"type\":\"response.output_text.delta\",\"event_id\":\"e\","
      "\"response_id\":\"resp_1\",\"item_id\":\"item_a\",\"output_index\":0,"
      "\"content_index\":0,\"delta\":\"Read. \"}");
  check_pads (&scene, 200 * MS, "", "", "Read.");
  end (&scene, UNSTATED);
  check_pads (&scene, 400 * MS, "", "", "Read.");
  check_change (&scene, 0, "final_answer");
  talk_free (scene.talk);
}
GST_END_TEST;

/* --- known late --- */

enum { ITEM_DONE, CONVERSATION_ITEM_DONE, RESPONSE_DONE, N_PLACES };

/* Tells in one place that what plays is commentary. */
static void
state (Scene *scene, gint place)
{
  Peer *peer = scene->talk->peer;

  if (place == CONVERSATION_ITEM_DONE)
    peer_send (peer,
        "{\"type\":\"conversation.item.done\",\"event_id\":\"e\","
        "\"previous_item_id\":null,\"item\":%s}",
        STATED);
  if (place == RESPONSE_DONE)
    end (scene, STATED);
  finish (
      scene, &spot_a, "One. Two.", place == ITEM_DONE ? "commentary" : NULL);
}

/* What left before was unknown; what leaves afterwards is not, and the bus is
 * told once. */
GST_START_TEST (test_stated_late)
{
  Scene scene;

  scene_init (&scene);
  begin (&scene, &spot_a, "One. Two.", NULL);
  check_pads (&scene, 100 * MS, "", "", "One.");
  fail_unless_equals_int (talk_count_messages (scene.talk, "phase-changed"), 0);
  state (&scene, __i__);
  check_pads (&scene, 1 * GST_SECOND, "Two.", "", "One.");
  check_change (&scene, 0, "commentary");
  if (__i__ != RESPONSE_DONE)
    end (&scene, STATED);
  talk_sync (scene.talk);
  fail_unless_equals_int (talk_count_messages (scene.talk, "phase-changed"), 1);
  talk_free (scene.talk);
}
GST_END_TEST;

/* A second item makes the first commentary, whose first words are out. */
GST_START_TEST (test_followed_late)
{
  Scene scene;

  scene_init (&scene);
  begin (&scene, &spot_a, "One. Two.", NULL);
  check_pads (&scene, 100 * MS, "", "", "One.");
  finish (&scene, &spot_a, "One. Two.", NULL);
  begin (&scene, &spot_b, "Three. Four.", NULL);
  check_pads (&scene, 500 * MS, "Two.", "", "One.");
  finish (&scene, &spot_b, "Three. Four.", NULL);
  end (&scene, BOTH);
  check_pads (&scene, 2 * GST_SECOND, "Two.", "Three.|Four.", "One.");
  check_change (&scene, 0, "commentary");
  talk_free (scene.talk);
}
GST_END_TEST;

static Suite *
phases_suite (void)
{
  Suite *suite = suite_create ("phases");
  TCase *in_time = tcase_create ("in-time");
  TCase *late = tcase_create ("late");

  suite_add_tcase (suite, in_time);
  tcase_add_test (in_time, test_stated);
  tcase_add_test (in_time, test_by_order);
  tcase_add_test (in_time, test_written);
  suite_add_tcase (suite, late);
  tcase_add_loop_test (late, test_stated_late, 0, N_PLACES);
  tcase_add_test (late, test_followed_late);
  return suite;
}

GST_CHECK_MAIN (phases);
