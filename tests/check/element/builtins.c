/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tools that the element brings along: what they do to the programme, what
 * the server hears of it, and what they refuse.
 */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "rt2g711.h"
#include "rt2json.h"
#include "tones.h"

#define ITEM_CREATE "conversation.item.create"
#define RESPONSE_CREATE "response.create"
#define TRUNCATE "conversation.item.truncate"
#define DELETE "conversation.item.delete"
/* The keys, as telephone-event numbers them. */
#define NUMBERS "0123456789*#ABCD"

static const Spot spot_a = { "resp_1", 0, "item_a" };

/* --- helpers --- */

/* Not yet playing. */
static Talk *
new_talk (const gchar *tools)
{
  Talk *talk = talk_new ();

  gst_util_set_object_arg (G_OBJECT (talk->element), "builtin-tools", tools);
  return talk;
}

/* A call of @name in @response, @arguments as text. */
static void
call_in (Talk *talk, const gchar *response, const gchar *id, const gchar *name,
    const gchar *arguments)
{
  GString *quoted = g_string_new (NULL);

  rt2_json_append_string (quoted, arguments);
  peer_send (talk->peer,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"event_f\","
      "\"response_id\":\"%s\",\"output_index\":1,\"item\":{"
      "\"id\":\"item_%s\",\"type\":\"function_call\",\"status\":"
      "\"completed\",\"call_id\":\"%s\",\"name\":\"%s\","
      "\"arguments\":%s}}",
      response, id, id, name, quoted->str);
  g_string_free (quoted, TRUE);
}

/* In the response that speaks. */
static void
call (Talk *talk, const gchar *id, const gchar *name, const gchar *arguments)
{
  call_in (talk, "resp_1", id, name, arguments);
}

/* A response of its own, that is nothing but the call. */
static void
call_alone (
    Talk *talk, const gchar *id, const gchar *name, const gchar *arguments)
{
  gchar *response = g_strconcat ("resp_", id, NULL);

  peer_begin (talk->peer, response);
  call_in (talk, response, id, name, arguments);
  peer_end (talk->peer, response, "completed");
  g_free (response);
}

/* Waits for response.create number @i, and answers with nothing. */
static void
respond (Talk *talk, guint i)
{
  gchar *response = g_strdup_printf ("resp_after_%u", i);

  peer_event (talk->peer, RESPONSE_CREATE, i);
  peer_begin (talk->peer, response);
  peer_end (talk->peer, response, "completed");
  g_free (response);
}

/* Waits for output number @i, of call @id. What it says of an error, or NULL.
 * Caller frees it. */
static gchar *
output (Talk *talk, guint i, const gchar *id)
{
  JsonObject *event = peer_event (talk->peer, ITEM_CREATE, i);
  JsonObject *item = json_object_get_object_member (event, "item");
  const gchar *text = rt2_json_string (item, "output");
  JsonObject *object;
  gchar *error;

  fail_unless_equals_string (
      rt2_json_string (item, "type"), "function_call_output");
  fail_unless_equals_string (rt2_json_string (item, "call_id"), id);
  fail_unless (text != NULL);
  object = rt2_json_parse_object (text, strlen (text), NULL);
  fail_unless (object != NULL, "%s is no JSON object", text);
  error = g_strdup (rt2_json_string (object, "error"));
  json_object_unref (object);
  return error;
}

static void
assert_done (Talk *talk, guint i, const gchar *id)
{
  gchar *error = output (talk, i, id);

  fail_unless (error == NULL, "%s", error);
}

/* Of the first two outputs one is @a's and one is @b's: tools run side by
 * side. */
static void
assert_both_done (Talk *talk, const gchar *a, const gchar *b)
{
  JsonObject *event = peer_event (talk->peer, ITEM_CREATE, 0);
  JsonObject *item = json_object_get_object_member (event, "item");
  gboolean in_order = g_strcmp0 (rt2_json_string (item, "call_id"), a) == 0;

  assert_done (talk, 0, in_order ? a : b);
  assert_done (talk, 1, in_order ? b : a);
}

static void
assert_refused (Talk *talk, guint i, const gchar *id)
{
  gchar *error = output (talk, i, id);

  fail_unless (error != NULL && *error != '\0', "%s was carried out", id);
  g_free (error);
}

/* All that the element has to say by now came: so many of these. */
static void
assert_said (Talk *talk, guint outputs, guint creates)
{
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, ITEM_CREATE), outputs);
  fail_unless_equals_int (peer_count (talk->peer, RESPONSE_CREATE), creates);
}

/* --- offered --- */

/* The names of the functions that the server was told of, with blanks between.
 * Caller frees it. */
static gchar *
offered (Talk *talk)
{
  guint n = peer_count (talk->peer, "session.update");
  JsonObject *event = peer_event (talk->peer, "session.update", n - 1);
  JsonArray *tools = rt2_json_array (
      json_object_get_object_member (event, "session"), "tools");
  GString *names = g_string_new (NULL);

  for (guint i = 0; tools && i < json_array_get_length (tools); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "",
        rt2_json_string (rt2_json_array_object (tools, i), "name"));
  return g_string_free (names, FALSE);
}

GST_START_TEST (test_offered)
{
  Talk *talk = new_talk ("wait-for-user+send-dtmf");
  gchar *names;

  g_object_set (talk->element, "tools",
      "[{\"type\":\"function\",\"name\":\"mine\",\"parameters\":{}}]", NULL);
  talk_play (talk, &law_pcm);
  names = offered (talk);
  fail_unless_equals_string (names, "mine wait_for_user send_dtmf");
  g_free (names);
  talk_free (talk);
}
GST_END_TEST;

/* Off unless set: then it is like any function that nobody knows. */
GST_START_TEST (test_off)
{
  Talk *talk = new_talk ("wait-for-user");
  guint n = 0;

  talk_play (talk, &law_pcm);
  call_alone (talk, "call_1", "end_session", "{}");
  assert_refused (talk, n++, "call_1");
  call_alone (talk, "call_2", "send_dtmf", "{\"keys\":\"1\"}");
  assert_refused (talk, n++, "call_2");
  call_alone (
      talk, "call_3", "set_property", "{\"property\":\"a.b\",\"value\":\"c\"}");
  assert_refused (talk, n++, "call_3");
  talk_run_to (talk, 2 * GST_SECOND);
  talk_assert_silence (talk, 0, talk_count_samples (talk));
  fail_unless (tap_is_live (talk->src));
  talk_free (talk);
}
GST_END_TEST;

/* --- wait_for_user --- */

GST_START_TEST (test_wait)
{
  Talk *talk = new_talk ("wait-for-user");
  guint from = 0;

  talk_play (talk, &law_pcm);
  call_alone (talk, "call_1", "wait_for_user", "{}");
  assert_done (talk, 0, "call_1");
  assert_said (talk, 1, 0);
  talk_wait_state (talk, "ready", &from);
  fail_unless_equals_int (talk_count_messages (talk, "function-call"), 1);
  /* The conversation goes on. */
  call_alone (talk, "call_2", "wait_for_user", "");
  assert_done (talk, 1, "call_2");
  assert_said (talk, 2, 0);
  talk_free (talk);
}
GST_END_TEST;

/* With something else that wants to be told of, there is one response. */
GST_START_TEST (test_wait_in_a_batch)
{
  Talk *talk = new_talk ("wait-for-user+send-dtmf");

  talk_play (talk, &law_pcm);
  peer_begin (talk->peer, "resp_1");
  call (talk, "call_1", "wait_for_user", "{}");
  call (talk, "call_2", "send_dtmf", "{\"keys\":\"1\"}");
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, ITEM_CREATE), 0);
  peer_end (talk->peer, "resp_1", "completed");
  peer_event (talk->peer, RESPONSE_CREATE, 0);
  assert_said (talk, 2, 1);
  fail_unless (peer_place (talk->peer, RESPONSE_CREATE, 0)
      > peer_place (talk->peer, ITEM_CREATE, 1));
  talk_free (talk);
}
GST_END_TEST;

/* The other way round, and with a function of the application's. */
GST_START_TEST (test_wait_after_another)
{
  Talk *talk = new_talk ("wait-for-user");
  gboolean taken = FALSE;

  g_object_set (talk->element, "tools",
      "[{\"type\":\"function\",\"name\":\"mine\",\"parameters\":{}}]", NULL);
  talk_play (talk, &law_pcm);
  peer_begin (talk->peer, "resp_1");
  call (talk, "call_1", "mine", "{}");
  call (talk, "call_2", "wait_for_user", "{}");
  peer_end (talk->peer, "resp_1", "completed");
  assert_done (talk, 0, "call_2");
  assert_said (talk, 1, 0);
  g_signal_emit_by_name (
      talk->element, "send-function-result", "call_1", "{\"a\":1}", &taken);
  fail_unless (taken);
  peer_event (talk->peer, RESPONSE_CREATE, 0);
  assert_done (talk, 1, "call_1");
  assert_said (talk, 2, 1);
  talk_free (talk);
}
GST_END_TEST;

/* --- end_session --- */

/* EOS comes after the last word, and after nothing else. */
GST_START_TEST (test_end)
{
  Talk *talk = new_talk ("end-session");
  guint64 at = 0, n;
  GByteArray *all;
  GstEvent *eos;

  talk_play (talk, &law_pcm);
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 29000);
  peer_audio_done (talk->peer, &spot_a);
  peer_item_done (talk->peer, &spot_a, "Bye.", NULL);
  call (talk, "call_1", "end_session", "{}");
  peer_end (talk->peer, "resp_1", "completed");
  assert_done (talk, 0, "call_1");
  talk_message (talk, "drained", 0);
  talk_run_to (talk, 1 * GST_SECOND);
  fail_unless (tap_is_live (talk->src));
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_EOS), 0);

  talk_run_to_eos (talk);
  eos = tap_event (talk->src, GST_EVENT_EOS, 0);
  fail_unless (tap_get (talk->src, tap_count (talk->src) - 1)
      == GST_MINI_OBJECT_CAST (eos));
  all = talk_dup_output (talk);
  while (at < all->len && all->data[at] == 0)
    at++;
  at /= 2;
  n = all->len / 2 - at;
  g_byte_array_unref (all);
  fail_unless (n >= 29000 && n < 29000 + 2 * 480,
      "%" G_GUINT64_FORMAT " samples from the first word to the end", n);
  talk_assert_speech (talk, at, 0, 29000);
  fail_unless_equals_int (peer_count (talk->peer, RESPONSE_CREATE), 0);
  fail_unless_equals_int (peer_count (talk->peer, ITEM_CREATE), 1);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Twice is once; and what the user says after it has no place to go. */
GST_START_TEST (test_end_twice)
{
  Talk *talk = new_talk ("end-session");

  talk_play (talk, &law_pcm);
  talk_speak (talk, &law_pcm, 2400);
  peer_begin (talk->peer, "resp_1");
  call (talk, "call_1", "end_session", "{}");
  call (talk, "call_2", "end_session", "{}");
  peer_end (talk->peer, "resp_1", "completed");
  assert_both_done (talk, "call_1", "call_2");
  talk_run_to_eos (talk);
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_EOS), 1);
  fail_unless_equals_int (
      gst_harness_push (talk->harness, talk_input (&law_pcm, 2400, 2400, 240)),
      GST_FLOW_EOS);
  gst_harness_push_event (talk->harness, gst_event_new_eos ());
  fail_unless_equals_int (tap_count_events (talk->src, GST_EVENT_EOS), 1);
  fail_unless_equals_int (peer_count (talk->peer, RESPONSE_CREATE), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- set_property --- */

/* The programme around the element. Freed after the talk. */
static GstElement *
make_programme (Talk *talk)
{
  GstElement *bin = gst_parse_bin_from_description (
      "audiomixer name=mix volume name=vol identity name=id "
      "audiotestsrc name=tone",
      FALSE, NULL);
  GstElement *mix = gst_bin_get_by_name (GST_BIN (bin), "mix");
  GstPad *pad = gst_element_request_pad_simple (mix, "sink_0");

  gst_object_ref_sink (bin);
  gst_object_unref (pad);
  gst_object_unref (mix);
  gst_object_set_name (GST_OBJECT (talk->element), "ai");
  gst_bin_add (GST_BIN (bin), talk->element);
  gst_element_set_bus (talk->element, talk->bus);
  return bin;
}

#define LIST                                                                   \
  "mix.sink_0::volume , vol.volume,tone.wave,tone.num-buffers,vol.mute,"       \
  "id.last-message,ghost.volume,vol.ghost,mix.sink_7::volume,vol,.volume,"     \
  "vol.,tone.blocksize,ai.instructions"

/* The object that has ELEMENT.PROPERTY, and which of its properties it is.
 * Caller owns the object. */
static GObject *
find (GstElement *bin, const gchar *name, GParamSpec **pspec)
{
  gchar **parts = g_strsplit (name, ".", 2);
  GstElement *element = gst_bin_get_by_name (GST_BIN (bin), parts[0]);
  GObject *target = G_OBJECT (element);

  if (strstr (parts[1], "::")) {
    fail_unless (gst_child_proxy_lookup (
        GST_CHILD_PROXY (element), parts[1], &target, pspec));
    gst_object_unref (element);
  } else {
    *pspec = g_object_class_find_property (
        G_OBJECT_GET_CLASS (target), parts[1]);
  }
  fail_unless (*pspec != NULL);
  g_strfreev (parts);
  return target;
}

/* ELEMENT.PROPERTY as text. Caller frees it. */
static gchar *
value_of (GstElement *bin, const gchar *name)
{
  GValue value = G_VALUE_INIT;
  GParamSpec *pspec;
  GObject *target = find (bin, name, &pspec);
  gchar *text;

  g_value_init (&value, pspec->value_type);
  g_object_get_property (target, pspec->name, &value);
  text = gst_value_serialize (&value);
  g_value_unset (&value);
  g_object_unref (target);
  return text;
}

static void
assert_value (GstElement *bin, const gchar *name, const gchar *wanted)
{
  GValue value = G_VALUE_INIT, other = G_VALUE_INIT;
  GParamSpec *pspec;
  GObject *target = find (bin, name, &pspec);

  g_value_init (&value, pspec->value_type);
  g_value_init (&other, pspec->value_type);
  g_object_get_property (target, pspec->name, &value);
  fail_unless (gst_value_deserialize (&other, wanted));
  fail_unless (gst_value_compare (&value, &other) == GST_VALUE_EQUAL,
      "%s is not %s", name, wanted);
  g_value_unset (&value);
  g_value_unset (&other);
  g_object_unref (target);
}

/* Call number @i, of set_property; the response that tells of it is over. */
static void
set (Talk *talk, guint i, const gchar *arguments, gboolean done)
{
  gchar *id = g_strdup_printf ("call_%u", i);

  call_alone (talk, id, "set_property", arguments);
  if (done)
    assert_done (talk, i, id);
  else
    assert_refused (talk, i, id);
  respond (talk, i);
  g_free (id);
}

static const struct {
  const gchar *property, *value;
} settings[] = {
  { "mix.sink_0::volume", "0.25" },
  { "mix.sink_0::volume", "0" },
  { "vol.volume", "1.5" },
  { "vol.volume", "10" },
  { "vol.mute", "true" },
  { "vol.mute", "false" },
  { "tone.wave", "pink-noise" },
  { "tone.wave", "2" },
  { "tone.num-buffers", "-1" },
  { "tone.blocksize", "512" },
};

GST_START_TEST (test_set)
{
  Talk *talk = new_talk ("set-property");
  GstElement *bin = make_programme (talk);

  g_object_set (talk->element, "tool-properties", LIST, NULL);
  talk_play (talk, &law_pcm);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    gchar *arguments = g_strdup_printf (
        "{\"value\":\"%s\",\"property\":\"%s\"}", settings[i].value,
        settings[i].property);

    set (talk, i, arguments, TRUE);
    assert_value (bin, settings[i].property, settings[i].value);
    g_free (arguments);
  }
  talk_free (talk);
  gst_object_unref (bin);
}
GST_END_TEST;

#define SET(PROPERTY, VALUE)                                                   \
  "{\"property\":\"" PROPERTY "\",\"value\":\"" VALUE "\"}"

static const gchar *const refused[] = {
  /* Listed, but not there. */
  SET ("ghost.volume", "1"),
  SET ("vol.ghost", "1"),
  SET ("mix.sink_7::volume", "1"),
  SET ("vol", "1"),
  SET (".volume", "1"),
  SET ("vol.", "1"),
  /* There, but not listed. */
  SET ("mix.latency", "1"),
  SET ("tone.volume", "0.5"),
  SET ("mix.sink_0::mute", "true"),
  SET ("mix.sink_0", "1"),
  SET ("", "1"),
  SET (",", "1"),
  SET (" vol.volume", "1"),
  SET ("vol.volume ", "1"),
  SET ("VOL.volume", "1"),
  SET ("vol.volume,tone.wave", "1"),
  SET ("../vol.volume", "1"),
  SET ("vol.volume\\n", "1"),
  SET ("vol.volume\\u0000", "1"),
  SET ("volume", "1"),
  /* Values. */
  SET ("vol.volume", "loud"),
  SET ("vol.volume", ""),
  SET ("vol.volume", "0.5x"),
  SET ("vol.volume", "10.5"),
  SET ("vol.volume", "-1"),
  SET ("vol.volume", "1e999"),
  SET ("vol.volume", "nan"),
  SET ("vol.volume", "inf"),
  SET ("vol.volume", "-nan"),
  SET ("mix.sink_0::volume", "NaN"),
  SET ("vol.mute", "perhaps"),
  SET ("tone.wave", "trombone"),
  SET ("tone.wave", "9999"),
  SET ("tone.num-buffers", "99999999999"),
  SET ("id.last-message", "text"),
  SET ("ai.instructions", "@/etc/hostname"),
  /* Arguments. */
  "",
  "{}",
  "{\"property\":\"vol.volume\"}",
  "{\"value\":\"1\"}",
  "{\"property\":\"vol.volume\",\"value\":null}",
  "{\"property\":\"vol.volume\",\"value\":[\"1\"]}",
  "{\"property\":\"vol.volume\",\"value\":{\"a\":1}}",
  "{\"property\":[\"vol.volume\"],\"value\":\"1\"}",
  "[\"vol.volume\",\"1\"]",
  "vol.volume=1",
};

/* All of it as text. Caller frees it. */
static gchar *
snapshot (GstElement *bin)
{
  static const gchar *const names[] = { "mix.sink_0::volume",
    "mix.sink_0::mute", "mix.latency", "vol.volume", "vol.mute", "tone.wave",
    "tone.volume", "tone.num-buffers", "tone.blocksize" };
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gchar *value = value_of (bin, names[i]);

    g_string_append_printf (all, "%s=%s\n", names[i], value);
    g_free (value);
  }
  return g_string_free (all, FALSE);
}

GST_START_TEST (test_set_refused)
{
  Talk *talk = new_talk ("set-property");
  GstElement *bin = make_programme (talk);
  gchar *before = snapshot (bin);

  g_object_set (talk->element, "tool-properties", LIST, NULL);
  talk_play (talk, &law_pcm);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    gchar *after;

    set (talk, i, refused[i], FALSE);
    after = snapshot (bin);
    fail_unless (g_str_equal (after, before), "%s: %s", refused[i], after);
    g_free (after);
  }
  g_free (before);
  talk_free (talk);
  gst_object_unref (bin);
}
GST_END_TEST;

/* Nothing is listed, and then something else. */
GST_START_TEST (test_set_list)
{
  Talk *talk = new_talk ("set-property");
  GstElement *bin = make_programme (talk);

  talk_play (talk, &law_pcm);
  set (talk, 0, SET ("vol.volume", "2"), FALSE);
  g_object_set (talk->element, "tool-properties", "vol.volume", NULL);
  set (talk, 1, SET ("vol.volume", "3"), TRUE);
  assert_value (bin, "vol.volume", "3");
  g_object_set (talk->element, "tool-properties", "vol.mute", NULL);
  set (talk, 2, SET ("vol.volume", "4"), FALSE);
  g_object_set (talk->element, "tool-properties", NULL, NULL);
  set (talk, 3, SET ("vol.mute", "true"), FALSE);
  assert_value (bin, "vol.volume", "3");
  assert_value (bin, "vol.mute", "false");
  talk_free (talk);
  gst_object_unref (bin);
}
GST_END_TEST;

/* The model is told what there is, so that it guesses at nothing. */
GST_START_TEST (test_set_told)
{
  Talk *talk = new_talk ("set-property");
  JsonObject *event;
  gchar *text;

  g_object_set (
      talk->element, "tool-properties", "mix.sink_0::volume, vol.mute", NULL);
  talk_play (talk, &law_pcm);
  event = peer_event (talk->peer, "session.update", 0);
  text = rt2_json_member_text (event, "session");
  fail_unless (
      strstr (text, "[\"mix.sink_0::volume\",\"vol.mute\"]"), "%s", text);
  g_free (text);
  talk_free (talk);
}
GST_END_TEST;

/* Without a programme there is nothing to set. */
GST_START_TEST (test_set_alone)
{
  Talk *talk = new_talk ("set-property");

  g_object_set (talk->element, "tool-properties", "vol.volume", NULL);
  talk_play (talk, &law_pcm);
  set (talk, 0, SET ("vol.volume", "1"), FALSE);
  talk_free (talk);
}
GST_END_TEST;

/* --- send_dtmf --- */

static const Law *const laws[] = { &law_pcm, &law_mulaw, &law_alaw };

/* What src gave, linear, from the first sample that is not silence on. Caller
 * frees it. */
static gint16 *
dup_sound (Talk *talk, guint *n, guint *begin)
{
  GByteArray *all = talk_dup_output (talk);
  guint width = talk->out->width, at = 0;
  gint16 *samples;

  while (at < all->len && all->data[at] == talk->out->silence)
    at++;
  at -= at % width;
  *begin = at / width;
  *n = (all->len - at) / width;
  samples = g_new (gint16, *n);
  for (guint i = 0; i < *n; i++) {
    const guint8 *data = all->data + at + i * width;

    samples[i] = talk->out == &law_mulaw ? rt2_ulaw_expand (*data)
        : talk->out == &law_alaw         ? rt2_alaw_expand (*data)
                                         : (gint16) (data[0] | data[1] << 8);
  }
  g_byte_array_unref (all);
  return samples;
}

#define KEYS "159D*#0863ABC742"
/* ns that they last. */
#define KEYS_LENGTH (16 * 200 * MS)

GST_START_TEST (test_dtmf)
{
  Talk *talk = new_talk ("send-dtmf");
  guint n, begin, from = 0;
  gint16 *samples;
  gchar *keys;

  talk_play (talk, laws[__i__]);
  call_alone (talk, "call_1", "send_dtmf", "{\"keys\":\"" KEYS "\"}");
  assert_done (talk, 0, "call_1");
  peer_event (talk->peer, RESPONSE_CREATE, 0);
  talk_sync (talk);
  talk_run_to (talk, KEYS_LENGTH + 400 * MS);
  talk_wait_state (talk, "speaking", &from);
  samples = dup_sound (talk, &n, &begin);
  fail_unless (begin <= talk->out->rate / 10);
  fail_unless (n >= 16 * talk->out->rate / 5);
  keys = tones_keys (samples, 16 * talk->out->rate / 5, talk->out->rate);
  fail_unless_equals_string (keys, KEYS);
  talk_assert_silence (
      talk, begin + 16 * talk->out->rate / 5, n - 16 * talk->out->rate / 5);
  g_free (keys);
  g_free (samples);
  talk_free (talk);
}
GST_END_TEST;

static const gchar *const no_keys[] = { "{\"keys\":\"\"}", "{\"keys\":\"12a\"}",
  "{\"keys\":\"E\"}", "{\"keys\":\"1 2\"}", "{\"keys\":\"1,2\"}",
  "{\"keys\":\"1\\u0000\"}", "{\"keys\":\"\xd9\xa1\"}", "{\"keys\":null}",
  "{\"keys\":[\"1\"]}", "{\"key\":\"1\"}", "{}", "", "\"1\"", "123",
  "{\"keys\":\"123456789012345678901234567890123\"}" };

GST_START_TEST (test_dtmf_refused)
{
  Talk *talk = new_talk ("send-dtmf");

  talk_play (talk, &law_pcm);
  for (guint i = 0; i < G_N_ELEMENTS (no_keys); i++) {
    gchar *id = g_strdup_printf ("call_%u", i);

    call_alone (talk, id, "send_dtmf", no_keys[i]);
    assert_refused (talk, i, id);
    respond (talk, i);
    g_free (id);
  }
  talk_sync (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  talk_assert_silence (talk, 0, talk_count_samples (talk));
  talk_free (talk);
}
GST_END_TEST;

static void
say (Talk *talk, guint64 n)
{
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, talk->out, 0, n);
  peer_audio_done (talk->peer, &spot_a);
  peer_item_done (talk->peer, &spot_a, "Now.", NULL);
}

/* In their place: after what the agent says before it presses them. */
GST_START_TEST (test_dtmf_after_speech)
{
  Talk *talk = new_talk ("send-dtmf");
  guint n, begin;
  gint16 *samples;
  gchar *keys;

  talk_play (talk, &law_pcm);
  say (talk, 12000);
  call (talk, "call_1", "send_dtmf", "{\"keys\":\"42\"}");
  peer_end (talk->peer, "resp_1", "completed");
  assert_done (talk, 0, "call_1");
  talk_sync (talk);
  talk_run_to (talk, 1500 * MS);
  samples = dup_sound (talk, &n, &begin);
  talk_assert_speech (talk, begin, 0, 12000);
  fail_unless (n >= 12000 + 9600);
  keys = tones_keys (samples + 12000, 9600, 24000);
  fail_unless_equals_string (keys, "42");
  g_free (keys);
  g_free (samples);
  talk_free (talk);
}
GST_END_TEST;

/* The server knows nothing of tones, so it is not told that they were cut. */
GST_START_TEST (test_dtmf_interrupted)
{
  Talk *talk = new_talk ("send-dtmf");
  guint64 samples;

  talk_play (talk, &law_pcm);
  call_alone (talk, "call_1", "send_dtmf", "{\"keys\":\"" KEYS "\"}");
  assert_done (talk, 0, "call_1");
  peer_event (talk->peer, RESPONSE_CREATE, 0);
  talk_sync (talk);
  talk_run_to (talk, 730 * MS);
  peer_user_starts (talk->peer, "U1", 0);
  talk_sync (talk);
  talk_run_to (talk, 800 * MS);
  samples = talk_count_samples (talk);
  talk_run_to (talk, 2 * GST_SECOND);
  talk_assert_silence (talk, samples, talk_count_samples (talk) - samples);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 0);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 0);
  talk_free (talk);
}
GST_END_TEST;

/* Of the speech before it the server is told, as ever. */
GST_START_TEST (test_dtmf_interrupted_in_speech)
{
  Talk *talk = new_talk ("send-dtmf");
  JsonObject *cut;

  talk_play (talk, &law_pcm);
  say (talk, 24000);
  call (talk, "call_1", "send_dtmf", "{\"keys\":\"42\"}");
  peer_end (talk->peer, "resp_1", "completed");
  assert_done (talk, 0, "call_1");
  talk_sync (talk);
  talk_run_to (talk, 500 * MS);
  peer_user_starts (talk->peer, "U1", 0);
  cut = peer_event (talk->peer, TRUNCATE, 0);
  fail_unless_equals_string (rt2_json_string (cut, "item_id"), "item_a");
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, TRUNCATE), 1);
  fail_unless_equals_int (peer_count (talk->peer, DELETE), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- heard by somebody else --- */

/* Waits for all the samples, and gives the keys that were found in them. */
static gchar *
detect (Talk *talk)
{
  GstHarness *harness = gst_harness_new_parse (
      "audioresample ! audio/x-raw, rate=8000 ! dtmfdetect");
  GByteArray *all = talk_dup_output (talk);
  GstBus *bus = gst_bus_new ();
  GString *keys = g_string_new (NULL);
  GstMessage *message;
  GstBuffer *buffer;
  gint number;

  gst_element_set_bus (harness->element, bus);
  gst_harness_set_src_caps_str (harness, law_pcm.caps);
  buffer = gst_buffer_new_memdup (all->data, all->len);
  GST_BUFFER_PTS (buffer) = 0;
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_OK);
  gst_harness_push_event (harness, gst_event_new_eos ());
  while ((message = gst_bus_pop (bus))) {
    const GstStructure *fields = gst_message_get_structure (message);

    if (fields && gst_structure_has_name (fields, "dtmf-event")
        && gst_structure_get_int (fields, "number", &number))
      g_string_append_c (keys, NUMBERS[number]);
    gst_message_unref (message);
  }
  g_byte_array_unref (all);
  gst_element_set_bus (harness->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (harness);
  return g_string_free (keys, FALSE);
}

GST_START_TEST (test_dtmf_detected)
{
  Talk *talk = new_talk ("send-dtmf");
  gchar *keys;

  talk_play (talk, &law_pcm);
  call_alone (talk, "call_1", "send_dtmf", "{\"keys\":\"" KEYS "\"}");
  assert_done (talk, 0, "call_1");
  peer_event (talk->peer, RESPONSE_CREATE, 0);
  talk_sync (talk);
  talk_run_to (talk, KEYS_LENGTH + 400 * MS);
  keys = detect (talk);
  fail_unless_equals_string (keys, KEYS);
  g_free (keys);
  talk_free (talk);
}
GST_END_TEST;

static gboolean
has_detector (void)
{
  GstElementFactory *factory = gst_element_factory_find ("dtmfdetect");

  if (!factory)
    return FALSE;
  gst_object_unref (factory);
  return TRUE;
}

static Suite *
builtins_suite (void)
{
  Suite *suite = suite_create ("builtins");
  TCase *turns = tcase_create ("turns");
  TCase *programme = tcase_create ("programme");
  TCase *keys = tcase_create ("keys");

  suite_add_tcase (suite, turns);
  tcase_add_test (turns, test_offered);
  tcase_add_test (turns, test_off);
  tcase_add_test (turns, test_wait);
  tcase_add_test (turns, test_wait_in_a_batch);
  tcase_add_test (turns, test_wait_after_another);
  tcase_add_test (turns, test_end);
  tcase_add_test (turns, test_end_twice);

  suite_add_tcase (suite, programme);
  tcase_add_test (programme, test_set);
  tcase_add_test (programme, test_set_refused);
  tcase_add_test (programme, test_set_list);
  tcase_add_test (programme, test_set_told);
  tcase_add_test (programme, test_set_alone);

  suite_add_tcase (suite, keys);
  tcase_add_loop_test (keys, test_dtmf, 0, G_N_ELEMENTS (laws));
  tcase_add_test (keys, test_dtmf_refused);
  tcase_add_test (keys, test_dtmf_after_speech);
  tcase_add_test (keys, test_dtmf_interrupted);
  tcase_add_test (keys, test_dtmf_interrupted_in_speech);
  if (has_detector ())
    tcase_add_test (keys, test_dtmf_detected);
  return suite;
}

GST_CHECK_MAIN (builtins);
