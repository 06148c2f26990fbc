/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session among people who may do anything: its life and time.
 */
#include "fuzzworld.h"

#include <string.h>

#define TOOLS                                                                  \
  "{\"type\":\"function\",\"name\":\"look\",\"parameters\":{\"type\":"         \
  "\"object\"}}"
#define MCP                                                                    \
  "{\"type\":\"mcp\",\"server_label\":\"docs\",\"server_url\":"                \
  "\"https://mcp.example\"}"

/* Of a session that expires, s. */
#define LIFE 60

static gboolean
has (const FuzzWorld *world, FuzzSetup bit)
{
  return (world->setup & bit) != 0;
}

/* --- life --- */

static void
choose_type (const FuzzWorld *world, Rt2SessionConfig *config)
{
  if (has (world, FUZZ_TRANSCRIPTION))
    config->type = RT2_SESSION_TYPE_TRANSCRIPTION;
  else if (has (world, FUZZ_TRANSLATION))
    config->type = RT2_SESSION_TYPE_TRANSLATION;
  if (has (world, FUZZ_TRANSLATION))
    config->language = g_strdup ("fr");
  if (has (world, FUZZ_TRANSCRIBED))
    config->transcription_model = g_strdup ("whisper-1");
  config->sideband = has (world, FUZZ_CALL);
}

static void
choose_turns (const FuzzWorld *world, Rt2SessionConfig *config)
{
  config->turn_detection = has (world, FUZZ_NO_VAD) ? RT2_TURN_DETECTION_NONE
      : has (world, FUZZ_SEMANTIC) ? RT2_TURN_DETECTION_SEMANTIC_VAD
                                   : RT2_TURN_DETECTION_SERVER_VAD;
  config->create_response = !has (world, FUZZ_NO_CREATE);
  config->interrupt_response = !has (world, FUZZ_NO_INTERRUPT);
  config->min_interruption = has (world, FUZZ_MIN_SPEECH) ? 360 * FUZZ_MS : 0;
  config->guards_speech = has (world, FUZZ_GUARDED);
  config->guards_greeting = has (world, FUZZ_GUARDED);
}

static Rt2SessionConfig *
make_config (const FuzzWorld *world)
{
  Rt2SessionConfig *config = rt2_session_config_new ();
  Rt2AudioFormat format = has (world, FUZZ_PCM) ? RT2_AUDIO_FORMAT_PCM16
                                                : RT2_AUDIO_FORMAT_PCMU;

  config->input_format = config->output_format = format;
  choose_type (world, config);
  choose_turns (world, config);
  config->max_age = has (world, FUZZ_AGES) ? 30000 * FUZZ_MS : 0;
  config->image_keep = has (world, FUZZ_IMAGES) ? 2 : 0;
  if (has (world, FUZZ_TOOLS) || has (world, FUZZ_MCP))
    config->tools = g_strdup_printf ("[%s%s%s]",
        has (world, FUZZ_TOOLS) ? TOOLS : "",
        has (world, FUZZ_TOOLS) && has (world, FUZZ_MCP) ? "," : "",
        has (world, FUZZ_MCP) ? MCP : "");
  return config;
}

static void
add_fallback (Rt2SessionOptions *options)
{
  options->fallback = rt2_transport_config_new ();
  options->fallback->url = g_strdup ("wss://127.0.0.3/v1/realtime");
  options->fallback->api_key = g_strdup (FUZZ_SECRET "-too");
  options->fallback_model = g_strdup ("other-model");
}

static Rt2SessionOptions *
make_options (const FuzzWorld *world)
{
  Rt2SessionOptions *options = rt2_session_options_new ();

  options->transport->url = g_strdup ("wss://127.0.0.1/v1/realtime");
  options->model = g_strdup ("gpt-realtime-2");
  options->retries = has (world, FUZZ_STUBBORN) ? RT2_RETRIES_FOREVER
                                                : RT2_RETRIES_AUTO;
  options->retry_backoff_max = 1000 * FUZZ_MS;
  options->max_turn_replay = has (world, FUZZ_REPLAYS) ? 3000 * FUZZ_MS : 0;
  if (has (world, FUZZ_CALL))
    options->call_id = g_strdup ("rtc_1");
  if (has (world, FUZZ_GREETS))
    options->greeting = g_strdup ("Hello!");
  if (has (world, FUZZ_DISCLOSES))
    options->disclosure = g_strdup ("I am a machine.");
  if (has (world, FUZZ_FALLBACK))
    add_fallback (options);
  if (has (world, FUZZ_BUDGET))
    options->pricing = rt2_pricing_new (NULL, NULL);
  options->budget = world->budget;
  if (has (world, FUZZ_TIMEOUTS)) {
    options->tool_timeout = 5000 * FUZZ_MS;
    options->eos_timeout = 8000 * FUZZ_MS;
  }
  return options;
}

static GHashTable *
new_set (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

FuzzWorld *
fuzz_world_new (guint setup)
{
  FuzzWorld *world = g_new0 (FuzzWorld, 1);

  world->setup = setup;
  world->lives = new_set ();
  world->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  world->former = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  world->calls = new_set ();
  world->lines = g_hash_table_new_full (
      NULL, NULL, NULL, (GDestroyNotify) fuzz_line_free);
  world->verbatim = new_set ();
  world->functions = new_set ();
  world->others = new_set ();
  world->context = g_main_context_new ();
  world->config = make_config (world);
  if (has (world, FUZZ_BUDGET))
    world->budget = (Rt2Budget){ rt2_money_from_usd (0.01), 20000 * FUZZ_MS };
  /* The session draws its delays from GLib's global numbers. */
  g_random_set_seed (setup);
  fakeclock_reset ();
  fakewire_pick (0);
  fakewire_watch (&fuzz_wire_watch, world);
  g_main_context_push_thread_default (world->context);
  world->session = rt2_session_new (
      &fuzz_listener, world, make_options (world), world->config);
  rt2_session_start (world->session);
  return world;
}

void
fuzz_world_free (FuzzWorld *world)
{
  rt2_session_free (world->session);
  g_main_context_pop_thread_default (world->context);
  g_main_context_unref (world->context);
  rt2_session_config_free (world->config);
  g_queue_clear_full (&world->uplink, (GDestroyNotify) g_bytes_unref);
  g_queue_clear_full (&world->playing, (GDestroyNotify) fuzz_speech_free);
  g_hash_table_unref (world->lives);
  g_hash_table_unref (world->told);
  g_hash_table_unref (world->former);
  g_hash_table_unref (world->calls);
  g_hash_table_unref (world->lines);
  g_hash_table_unref (world->verbatim);
  g_hash_table_unref (world->functions);
  g_hash_table_unref (world->others);
  g_free (world);
}

/* --- time --- */

void
fuzz_world_run (FuzzWorld *world)
{
  while (g_main_context_iteration (world->context, FALSE))
    ;
}

void
fuzz_world_advance (FuzzWorld *world, guint ms)
{
  gint64 end = fakeclock_now () + ms * G_GINT64_CONSTANT (1000);

  while (fakeclock_next () <= end) {
    fakeclock_advance (MAX (fakeclock_next () - fakeclock_now (), 0));
    fuzz_world_run (world);
  }
  fakeclock_advance (end - fakeclock_now ());
  fuzz_world_run (world);
}

/* --- the server --- */

static void
deliver_text (FuzzWorld *world, const gchar *frame)
{
  fuzz_world_deliver (world, frame, strlen (frame));
}

static void
accept_update (FuzzWorld *world)
{
  const gchar *format = rt2_audio_format_name (world->config->input_format);
  gchar *frame = g_strdup_printf (
      "{\"type\":\"session.updated\",\"session\":{\"type\":\"realtime\","
      "\"id\":\"sess_%u\",\"audio\":{\"input\":{\"format\":{\"type\":\"%s\"}},"
      "\"output\":{\"format\":{\"type\":\"%s\"}}}}}",
      world->sessions, format, format);

  fuzz_wire_line (world, fakewire_picked ())->wants_update = FALSE;
  deliver_text (world, frame);
  g_free (frame);
}

static void
open_session (FuzzWorld *world)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gchar *frame = g_strdup_printf (
      "{\"type\":\"session.created\",\"session\":{\"type\":\"realtime\","
      "\"id\":\"sess_%u\",\"expires_at\":%" G_GINT64_FORMAT "}}",
      ++world->sessions, has (world, FUZZ_EXPIRES) ? now + LIFE : 0);

  deliver_text (world, frame);
  g_free (frame);
}

/* One message at a time, lest server and client agree on nothing for ever. */
static void
serve (FuzzWorld *world)
{
  if (fakewire_is_connecting ()) {
    fakewire_open ();
    fuzz_world_run (world);
    if (!has (world, FUZZ_MUTE))
      open_session (world);
  }
  if (fakewire_is_open () && !has (world, FUZZ_MUTE)
      && fuzz_wire_line (world, fakewire_picked ())->wants_update)
    accept_update (world);
}

void
fuzz_world_serve (FuzzWorld *world)
{
  for (guint n = 0; n < 2; n++) {
    fakewire_pick (n);
    serve (world);
  }
  fakewire_pick (world->server);
}

void
fuzz_world_deliver (FuzzWorld *world, const gchar *frame, gsize size)
{
  gchar *text;

  if (!fakewire_is_open ())
    return;
  text = g_utf8_make_valid (frame, strnlen (frame, size));
  fuzz_wire_note (world, text, strlen (text));
  fakewire_deliver (text);
  fuzz_world_run (world);
  g_free (text);
}

void
fuzz_world_close (FuzzWorld *world, guint code)
{
  if (!fakewire_is_open () && !fakewire_is_connecting ())
    return;
  fakewire_close (code, "bye " FUZZ_SECRET);
  fuzz_world_run (world);
}

/* --- bounds --- */

void
fuzz_world_check (FuzzWorld *world)
{
  Rt2Session *session = world->session;
  GPtrArray *items = rt2_conversation_list (session->conversation);
  GPtrArray *active = rt2_responses_list_active (session->responses);

  FUZZ_CHECK (items->len <= RT2_CONVERSATION_MAX_ITEMS);
  FUZZ_CHECK (active->len <= FUZZ_MANY + 10);
  FUZZ_CHECK (rt2_calls_n_open (session->calls) <= RT2_CALLS_MAX_OPEN);
  FUZZ_CHECK (session->commands.length <= RT2_SESSION_MAX_COMMANDS);
  FUZZ_CHECK (session->to_forget.length <= RT2_SESSION_MAX_FORGOTTEN);
  FUZZ_CHECK (g_hash_table_size (session->transcripts) <= 64);
  FUZZ_CHECK (g_hash_table_size (session->utterances) <= 64);
  FUZZ_CHECK (g_hash_table_size (session->deleted) <= 256);
  if (world->config->image_keep > 0)
    FUZZ_CHECK (session->images.length <= world->config->image_keep);
  FUZZ_CHECK (world->failed == (session->state == RT2_SESSION_DISCONNECTED));
  g_ptr_array_unref (items);
  g_ptr_array_unref (active);
}
