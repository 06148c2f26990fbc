/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The books of the world, and its steps of time.
 */
#include "world.h"

#include <stdlib.h>

/* Steps after which a world that does not come to rest never will. */
#define MAX_STEPS 20000
/* How long, us, it must be at rest: longer than any grace of the session. */
#define REST (12 * G_USEC_PER_SEC)

/* --- looking --- */

void
world_log (World *world, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (world->log, g_strdup_vprintf (format, args));
  va_end (args);
}

void
world_fail (World *world, const gchar *where, const gchar *what)
{
  for (guint i = 0; i < world->log->len; i++)
    g_printerr ("# %s\n", (gchar *) g_ptr_array_index (world->log, i));
  g_printerr ("# %s: %s: not so: %s\n", world->name, where, what);
  abort ();
}

gboolean
world_chance (World *world, gint percent)
{
  return g_rand_int_range (world->random, 0, 100) < percent;
}

/* --- life --- */

static void
create_free (gpointer data)
{
  Create *create = data;

  g_free (create->mark);
  g_free (create);
}

static void
item_free (gpointer data)
{
  Item *item = data;

  g_free (item->id);
  g_free (item->call_id);
  g_free (item->heard);
  g_clear_pointer (&item->words, g_array_unref);
  g_free (item);
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_ptr_array_unref (answer->items);
  g_free (answer->id);
  g_free (answer);
}

static Rt2SessionConfig *
make_config (const WorldSetup *setup)
{
  Rt2SessionConfig *config = rt2_session_config_new ();

  config->input_format = config->output_format = RT2_AUDIO_FORMAT_PCMU;
  config->turn_detection = setup->turn_detection;
  config->vad_silence_duration = WORLD_SILENCE_MS * WORLD_MS;
  config->vad_prefix_padding = WORLD_PADDING_MS * WORLD_MS;
  config->create_response = setup->create_response;
  config->interrupt_response = setup->interrupt_response;
  config->min_interruption = setup->min_interruption * WORLD_MS;
  config->guards_speech = setup->guards_speech;
  config->max_age = setup->max_age * 1000 * WORLD_MS;
  if (setup->transcribes)
    config->transcription_model = g_strdup ("whisper-1");
  return config;
}

static Rt2SessionOptions *
make_options (const WorldSetup *setup)
{
  Rt2SessionOptions *options = rt2_session_options_new ();

  options->transport->url = g_strdup ("wss://127.0.0.1/v1/realtime");
  options->retries = RT2_RETRIES_FOREVER;
  options->retry_backoff_max = 100 * WORLD_MS;
  options->max_turn_replay = 60000 * WORLD_MS;
  options->tool_timeout = WORLD_TOOL_TIMEOUT_S * 1000 * WORLD_MS;
  if (setup->greets)
    options->greeting = g_strdup ("Hello!");
  return options;
}

static void
on_connecting (gpointer data)
{
  World *world = data;
  guint number = fakewire_number ();

  world->connections++;
  if (world->transport == 0)
    world->transport = number;
  world_log (world, "connection %u%s", world->connections,
      number == world->transport ? "" : ", in the background");
  if (number == world->transport)
    world->connection = world->connections;
  else
    world_next_asked (world, number);
}

static void
on_sent (gpointer data, const gchar *text)
{
  world_client_sent (data, text);
}

static const FakeWireWatch wire_watch = {
  .connecting = on_connecting,
  .sent = on_sent,
};

World *
world_new (const gchar *name, guint32 seed, const WorldSetup *setup)
{
  World *world = g_new0 (World, 1);

  world->setup = *setup;
  world->name = g_strdup (name);
  world->random = g_rand_new_with_seed (seed);
  world->log = g_ptr_array_new_with_free_func (g_free);
  world->requests = g_ptr_array_new_with_free_func (g_free);
  world->creates = g_ptr_array_new_with_free_func (create_free);
  world->answers = g_ptr_array_new_with_free_func (answer_free);
  world->items = g_ptr_array_new_with_free_func (item_free);
  world->words = world_words_new ();
  world->heard = g_array_new (FALSE, FALSE, sizeof (HeardWord));
  world->marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  world->told = world_told_new ();
  world->context = g_main_context_new ();
  world->config = make_config (setup);
  /* The session draws its delays from GLib's global numbers. */
  g_random_set_seed (seed);
  fakewire_watch (&wire_watch, world);
  if (setup->greets)
    g_ptr_array_add (world->requests, g_new0 (Request, 1));
  g_main_context_push_thread_default (world->context);
  world->session = rt2_session_new (
      &world_listener, world, make_options (setup), world->config);
  rt2_session_start (world->session);
  world_connect (world);
  return world;
}

void
world_free (World *world)
{
  rt2_session_free (world->session);
  g_main_context_pop_thread_default (world->context);
  g_main_context_unref (world->context);
  rt2_session_config_free (world->config);
  world_next_forget (world);
  g_queue_clear_full (&world->up, (GDestroyNotify) json_object_unref);
  g_queue_clear_full (&world->down, world_packet_free);
  g_hash_table_unref (world->marks);
  g_ptr_array_unref (world->told);
  g_queue_clear_full (&world->uplink, (GDestroyNotify) g_bytes_unref);
  g_queue_clear (&world->untranscribed);
  g_queue_clear (&world->playing);
  g_ptr_array_unref (world->requests);
  g_ptr_array_unref (world->creates);
  g_ptr_array_unref (world->answers);
  g_ptr_array_unref (world->items);
  g_ptr_array_unref (world->log);
  g_array_unref (world->words);
  g_array_unref (world->heard);
  g_rand_free (world->random);
  g_free (world->name);
  g_free (world);
}

/* --- steps --- */

void
world_run (World *world)
{
  while (g_main_context_iteration (world->context, FALSE))
    ;
}

void
world_advance (World *world, gint64 us)
{
  gint64 end = fakeclock_now () + us;

  while (fakeclock_next () <= end) {
    fakeclock_advance (MAX (fakeclock_next () - fakeclock_now (), 0));
    world_run (world);
  }
  fakeclock_advance (end - fakeclock_now ());
  world_run (world);
}

void
world_connect (World *world)
{
  if (!fakewire_is_connecting ())
    return;
  fakewire_open ();
  world_server_connected (world);
  world_run (world);
}

void
world_move (World *world)
{
  Rt2TransportConfig *config = rt2_transport_config_new ();
  gboolean by_key = world_chance (world, 50);

  config->url = g_strdup_printf (
      "wss://127.0.0.1/v1/%s", by_key ? "realtime" : "elsewhere");
  config->api_key = g_strdup_printf ("sk-%u", world->connections);
  world_log (world, "move to %s %s", config->url, config->api_key);
  rt2_session_move (
      world->session, config, NULL, by_key ? RT2_MOVE_KEY : RT2_MOVE_SETTINGS);
  rt2_transport_config_free (config);
  world_run (world);
}

void
world_stay (World *world)
{
  world->setup.lives = 0;
  if (world->config->max_age == 0)
    return;
  world->config->max_age = 0;
  rt2_session_set_config (world->session, world->config);
  world_run (world);
}

static gboolean
is_such (const Create *create, gboolean written)
{
  return written ? create->request && create->request->kind == REQUEST_TEXT
                 : !create->request;
}

/* Whether a plain response.create, or one for what was written, is open. */
static gboolean
is_open (World *world, gboolean written)
{
  const Create *create = world->outstanding;
  gboolean open = create && !create->dead && is_such (create, written);

  for (guint i = 0; i < world->answers->len; i++) {
    const Answer *answer = g_ptr_array_index (world->answers, i);

    open |= answer->retracted && answer->connection == world->connection
        && answer->create && is_such (answer->create, written);
  }
  return open;
}

/* What was written is answered in any case; what else was asked for may be. */
static void
forget_plain (World *world)
{
  world->plain_again = world->plain != PLAIN_NONE || is_open (world, FALSE);
  world->plain = world->plain_again ? PLAIN_MAY : PLAIN_NONE;
  world->plain_lasts = is_open (world, TRUE);
  if (world->plain_lasts)
    world->plain = PLAIN_MUST;
  world->plain_told = TRUE;
}

/* The server knows nothing any more. */
static void
forget_server (World *world)
{
  g_queue_clear_full (&world->up, (GDestroyNotify) json_object_unref);
  g_queue_clear_full (&world->down, world_packet_free);
  g_queue_init (&world->up);
  g_queue_init (&world->down);
  g_queue_clear (&world->untranscribed);
  g_ptr_array_set_size (world->told, 0);
  g_array_set_size (world->heard, 0);
  world->appended = world->uncommitted = world->sound = world->quiet = 0;
  world->turn_start = world->turn_end = world->longest = 0;
}

/* What opens the conversation is said again if nobody noticed it. */
static void
forget_greeting (World *world, Request *request)
{
  if (request->state != REQUEST_SENT)
    return;
  request->state = REQUEST_GONE;
  if (world->outstanding && world->outstanding->request == request
      && !world->outstanding->dead)
    request->state = REQUEST_QUEUED;
  for (guint i = 0; i < world->answers->len; i++) {
    const Answer *answer = g_ptr_array_index (world->answers, i);

    if (answer->create && answer->create->request == request
        && answer->connection == world->connection && answer->retracted)
      request->state = REQUEST_QUEUED;
  }
}

void
world_forget_connection (World *world)
{
  if (world->turn_told)
    world_words_cut_off (world);
  world->turn_told = FALSE;
  forget_server (world);
  forget_plain (world);
  if (world->drained)
    world_words_end (world);
  for (guint i = 0; i < world->requests->len; i++) {
    Request *request = g_ptr_array_index (world->requests, i);

    if (request->kind == REQUEST_GREETING)
      forget_greeting (world, request);
    if (request->state == REQUEST_SENT && request->kind == REQUEST_ASKED)
      request->state = REQUEST_MAY;
  }
  world->ready = world->configured = world->hears = FALSE;
  world->outstanding = NULL;
  world->message = NULL;
  world->expects = FALSE;
  world->speaks = world->owed = FALSE;
  world->sent = world->heard_until = 0;
  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    item->complete = TRUE;
    item->open &= item->call_told;
  }
  for (guint i = 0; i < world->answers->len; i++) {
    Answer *answer = g_ptr_array_index (world->answers, i);

    answer->running = answer->planned = FALSE;
    answer->silent |= answer->dead;
    answer->over = TRUE;
  }
}

void
world_drop (World *world)
{
  if (!fakewire_is_open ())
    return;
  world_log (world, "the connection is cut");
  fakewire_drop ();
  world_run (world);
}

/* --- the end --- */

static void
answer_all_calls (World *world)
{
  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    if (item->kind == ITEM_CALL && item->called && item->open
        && !item->answered)
      world_answer_call (world, item);
  }
}

/* One round in which everybody does what there is to do; FALSE if nobody had
 * anything. */
static gboolean
settle_round (World *world)
{
  gboolean busy = fakewire_is_connecting ();

  world_connect (world);
  busy |= world_next_connect (world);
  while (world_server_take (world) || world_deliver (world)
      || world_next_take (world) || world_next_deliver (world))
    busy = TRUE;
  if (world->hears && !world->ended) {
    world_say (world, WORLD_SILENCE_MS + WORLD_PIECE_MS, FALSE);
    /* What was said before goes up first, and no faster than it may. */
    if (world->session->paced)
      world_advance (world, WORLD_SILENCE_MS * 1000);
    busy = TRUE;
  }
  answer_all_calls (world);
  while (world_server_answer (world) || world_server_transcribe (world)
      || world_server_end (world))
    busy = TRUE;
  return busy;
}

/* What was to be made unheard on the server, and how. */
static void
check_item (World *world, const Item *item)
{
  guint64 ms = item->played / WORLD_SAMPLES_PER_MS;
  gboolean dead = item->answer->dead;

  if (!(item->reported || dead))
    return;
  if (item->kind == ITEM_WRITING) {
    WORLD_CHECK (world, item->deletions == (item->text_told ? 0 : 1));
  } else if (!item->reported && item->complete && item->told > 0
      && item->played == item->told) {
    /* It had been heard before. */
    WORLD_CHECK (world, item->deletions + item->truncations == 0);
  } else if (item->reported && item->was_complete
      && item->played == item->told_when_asked) {
    WORLD_CHECK (world, item->deletions + item->truncations == 0);
  } else {
    WORLD_CHECK (world, item->deletions == (ms == 0 ? 1 : 0));
    WORLD_CHECK (world, item->truncations == (ms > 0 ? 1 : 0));
  }
}

static void
check_items (World *world)
{
  for (guint i = 0; i < world->items->len; i++) {
    const Item *item = g_ptr_array_index (world->items, i);

    if (item->kind == ITEM_CALL && item->call_told
        && !item->answer->out_of_band)
      WORLD_CHECK (world, item->outputs == 1);
    if (item->connection != world->connection)
      continue;
    if (item->kind == ITEM_USER)
      WORLD_CHECK (world, item->deletions == (item->dismissed ? 1 : 0));
    else if (item->answer->out_of_band)
      WORLD_CHECK (
          world, item->deletions + item->truncations + item->outputs == 0);
    else if (item->kind == ITEM_CALL)
      WORLD_CHECK (world, item->outputs == 1);
    else
      check_item (world, item);
  }
}

static void
check_rest (World *world)
{
  for (guint i = 0; i < world->requests->len; i++) {
    const Request *request = g_ptr_array_index (world->requests, i);

    WORLD_CHECK (world,
        request->state != REQUEST_QUEUED && request->state != REQUEST_MUST);
  }
  for (guint i = 0; i < world->answers->len; i++) {
    const Answer *answer = g_ptr_array_index (world->answers, i);

    if (answer->born_dead && answer->told)
      WORLD_CHECK (world, answer->cancels == 1);
  }
  WORLD_CHECK (world, !world->outstanding);
  WORLD_CHECK (world, world->plain != PLAIN_MUST);
  WORLD_CHECK (world, world->failures_expected == 0);
  WORLD_CHECK (world, !rt2_responses_is_open (world->session->responses));
  WORLD_CHECK (world, rt2_calls_n_open (world->session->calls) == 0);
  WORLD_CHECK (world, world->state == RT2_SESSION_READY);
  check_items (world);
  world_told_check (world);
  world_words_check (world);
}

void
world_settle (World *world)
{
  gint64 rested = 0;

  world_log (world, "settle");
  world_stay (world);
  world_protect (world, FALSE);
  for (guint step = 0; rested < REST; step++) {
    WORLD_CHECK (world, step < MAX_STEPS);
    if (settle_round (world)) {
      rested = 0;
    } else {
      world_advance (world, G_USEC_PER_SEC / 2);
      rested += G_USEC_PER_SEC / 2;
    }
  }
  check_rest (world);
}
