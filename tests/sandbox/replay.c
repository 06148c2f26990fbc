/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The player. A cursor goes through what was recorded of a connection: it waits
 * at an event of the client's until the live client has sent it, and at one of
 * the server's until as much time has passed since. */
#include "replay.h"

#include "replayevent.h"
#include "replaylog.h"

/* How long a client may be late with what the log says it sent, ms. */
#define PATIENCE 3000
/* How many events of the client's may come before one that is due. */
#define WINDOW 8
#define GONE SOUP_STATUS_GONE
#define MAX_DIFFERENCES 1000

struct _Replay {
  GPtrArray *recordings;
  gdouble pace;
  guint next;      /* recording */
  GHashTable *ids; /* of the client's: in the log -> in this run */

  GMutex lock;            /* guards the rest */
  GPtrArray *differences; /* gchar */
  guint left;             /* events of the server's that were not sent */
};

struct _Player {
  Replay *replay;
  Host *host;
  const SessionOutlet *outlet;
  gpointer link;
  guint connection; /* in the books */
  Recording *recording;
  ReplayVoice voice;
  guint at;          /* the step that is waited for */
  gint64 anchor_us;  /* monotonic time from which the next step counts */
  gint64 anchor_log; /* elapsed us of the same in the log */
  gint64 due_us;     /* monotonic time at which our last event was due */
  gint64 due_log;    /* elapsed us of the same in the log */
  gint64 blocked_us; /* monotonic time since when the client is waited for */
  guint64 audio;     /* bytes that came */
  gboolean over;     /* we closed the connection */
  GSource *timer;
};

/* ---- differences ---- */

static void differ (Player *player, const Step *step, const gchar *format, ...)
    G_GNUC_PRINTF (3, 4);

/* step: where in the log, or NULL. */
static void
differ (Player *player, const Step *step, const gchar *format, ...)
{
  Replay *replay = player->replay;
  g_autoptr (GString) text = g_string_new (NULL);
  va_list args;

  g_string_printf (text, "connection %u", player->connection);
  if (step != NULL)
    g_string_append_printf (text, ", line %u", step->line);
  g_string_append (text, ": ");
  va_start (args, format);
  g_string_append_vprintf (text, format, args);
  va_end (args);
  g_printerr ("replay: %s\n", text->str);
  g_mutex_lock (&replay->lock);
  if (replay->differences->len < MAX_DIFFERENCES)
    g_ptr_array_add (replay->differences, g_strdup (text->str));
  g_mutex_unlock (&replay->lock);
}

static void
count_sent (Replay *replay)
{
  g_mutex_lock (&replay->lock);
  replay->left--;
  g_mutex_unlock (&replay->lock);
}

/* ---- the cursor ---- */

static Step *
get_step (Player *player, guint i)
{
  return g_ptr_array_index (player->recording->steps, i);
}

static gboolean
is_clients (const Step *step)
{
  return step->kind == STEP_CLIENT || step->kind == STEP_AUDIO;
}

/* Of this run's time, us. */
static gint64
scale (Player *player, gint64 recorded_us)
{
  gdouble pace = player->replay->pace;

  return pace > 0 ? (gint64) (MAX (0, recorded_us) / pace) : 0;
}

static void advance (Player *player);

static gboolean
on_timer (gpointer data)
{
  Player *player = data;

  g_clear_pointer (&player->timer, g_source_unref);
  advance (player);
  return G_SOURCE_REMOVE;
}

static void
stop_timer (Player *player)
{
  if (player->timer != NULL)
    g_source_destroy (player->timer);
  g_clear_pointer (&player->timer, g_source_unref);
}

/* Comes back at a monotonic time. */
static void
wait_until (Player *player, gint64 due_us)
{
  gint64 us = MAX (0, due_us - g_get_monotonic_time ());

  stop_timer (player);
  player->timer = session_later ((us + 999) / 1000, on_timer, player);
}

static void
close_link (Player *player, const Step *step)
{
  guint code = step->code;

  /* Codes that no close frame may have. */
  if (code < 1000 || code == SOUP_WEBSOCKET_CLOSE_ABNORMAL
      || code == SOUP_WEBSOCKET_CLOSE_TLS_HANDSHAKE)
    code = 0;
  player->over = TRUE;
  player->outlet->close (player->link, code, step->reason);
}

/* Something of the server's is due. */
static void
play (Player *player, const Step *step)
{
  g_autoptr (JsonObject) event = NULL;

  if (step->kind == STEP_CLOSE) {
    close_link (player, step);
    return;
  }
  if (step->event != NULL) {
    event = replay_event_make (step, player->replay->ids, &player->voice);
    player->outlet->send (player->link, event);
  } else if (step->text != NULL) {
    player->outlet->send_text (player->link, step->text);
  }
  count_sent (player->replay);
}

/* The client's step at the cursor has not come: TRUE if it may still. */
static gboolean
may_come (Player *player, const Step *step)
{
  gint64 limit;

  if (player->blocked_us == 0)
    player->blocked_us = g_get_monotonic_time ();
  limit = player->blocked_us
      + scale (player, step->elapsed_us - player->anchor_log)
      + PATIENCE * G_TIME_SPAN_MILLISECOND;
  if (g_get_monotonic_time () >= limit)
    return FALSE;
  wait_until (player, limit);
  return TRUE;
}

static void
give_up (Player *player, Step *step)
{
  if (step->kind == STEP_AUDIO)
    differ (player, step,
        "audio is missing: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
        " bytes came",
        player->audio, step->audio_end);
  else
    differ (player, step, "missing: %s", step_type (step));
  step->met_us = g_get_monotonic_time ();
  /* One hole is one difference. */
  if (step->kind == STEP_AUDIO)
    player->audio = step->audio_end;
}

static void
pass (Player *player, const Step *step)
{
  player->anchor_us = MAX (player->anchor_us, step->met_us);
  player->anchor_log = step->elapsed_us;
  player->blocked_us = 0;
  player->at++;
}

/* When this may be played: as long after the client's last event as in the log,
 * and no sooner after ours, should the client be quicker now. */
static gint64
due_time (Player *player, const Step *step)
{
  return MAX (
      player->anchor_us + scale (player, step->elapsed_us - player->anchor_log),
      player->due_us + scale (player, step->elapsed_us - player->due_log));
}

static void
advance (Player *player)
{
  stop_timer (player);
  while (!player->over && player->at < player->recording->steps->len) {
    Step *step = get_step (player, player->at);
    gint64 due;

    if (is_clients (step)) {
      if (step->met_us == 0 && may_come (player, step))
        return;
      if (step->met_us == 0)
        give_up (player, step);
      pass (player, step);
      continue;
    }
    due = due_time (player, step);
    if (g_get_monotonic_time () < due) {
      wait_until (player, due);
      return;
    }
    player->at++;
    player->due_us = due;
    player->due_log = step->elapsed_us;
    play (player, step);
  }
}

/* ---- what the client sends ---- */

static void
take_audio (Player *player, guint64 bytes)
{
  gint64 now = g_get_monotonic_time ();
  guint i;

  player->audio += bytes;
  for (i = player->at; i < player->recording->steps->len; i++) {
    Step *step = get_step (player, i);

    if (step->kind != STEP_AUDIO || step->met_us != 0)
      continue;
    if (step->audio_end > player->audio)
      break;
    step->met_us = now;
  }
  /* More may follow. */
  if (player->blocked_us != 0
      && get_step (player, player->at)->kind == STEP_AUDIO)
    player->blocked_us = now;
}

/* The step that this event is, by its type; *first: what was due before. */
static Step *
find_step (Player *player, const gchar *type, Step **first)
{
  guint seen = 0, i;

  *first = NULL;
  for (i = player->at; i < player->recording->steps->len && seen < WINDOW;
       i++) {
    Step *step = get_step (player, i);

    if (step->kind != STEP_CLIENT || step->met_us != 0)
      continue;
    if (*first == NULL)
      *first = step;
    if (g_strcmp0 (step_type (step), type) == 0)
      return step;
    seen++;
  }
  return NULL;
}

static void
take_event (Player *player, JsonObject *event)
{
  const gchar *type = wire_string (event, "type");
  Step *first, *step = find_step (player, type, &first);

  if (step == NULL) {
    differ (player, first, "unexpected: %s%s%s", type != NULL ? type : "?",
        first != NULL ? " in place of " : " after the end of the log",
        first != NULL ? step_type (first) : "");
    return;
  }
  if (step != first)
    differ (player, step, "order: %s before %s", type, step_type (first));
  step->met_us = g_get_monotonic_time ();
  if (step->event != NULL)
    replay_event_match (step->event, event, player->replay->ids);
}

void
player_receive (Player *player, const gchar *text, gsize size)
{
  g_autoptr (JsonObject) event = wire_parse (text, size);
  const gchar *type;
  guint64 bytes;

  if (event == NULL) {
    differ (player, NULL, "unexpected: what is no JSON object");
    return;
  }
  bytes = books_received (player->host->books, player->connection, event);
  type = wire_string (event, "type");
  if (type != NULL)
    visits_event (player->host->visits, player->connection, type, bytes);
  if (bytes > 0 && replay_event_is_append (event))
    take_audio (player, bytes);
  else
    take_event (player, event);
  advance (player);
}

/* ---- life ---- */

Player *
player_new (Replay *replay, Host *host, const SessionOutlet *outlet,
    gpointer link, guint connection)
{
  Player *player = g_new0 (Player, 1);

  player->replay = replay;
  player->host = host;
  player->outlet = outlet;
  player->link = link;
  player->connection = connection;
  player->recording = g_ptr_array_index (replay->recordings, replay->next++);
  player->anchor_us = g_get_monotonic_time ();
  player->anchor_log = player->recording->opened_us;
  player->due_us = player->anchor_us;
  player->due_log = player->anchor_log;
  wait_until (player, player->anchor_us);
  return player;
}

/* What the log has and this run had not. */
static void
judge_end (Player *player)
{
  guint unsent = 0, i;

  for (i = player->at; i < player->recording->steps->len; i++) {
    Step *step = get_step (player, i);

    if (step->kind == STEP_CLIENT && step->met_us == 0)
      differ (player, step, "missing: %s", step_type (step));
    else if (step->kind == STEP_SERVER)
      unsent++;
  }
  if (unsent > 0)
    differ (player, get_step (player, player->at),
        "the client left before %u events of the server's were sent", unsent);
}

void
player_free (Player *player)
{
  stop_timer (player);
  if (!player->over)
    judge_end (player);
  g_free (player);
}

/* ---- the server's ---- */

static guint
count_events (GPtrArray *recordings)
{
  guint events = 0, i, k;

  for (i = 0; i < recordings->len; i++) {
    Recording *recording = g_ptr_array_index (recordings, i);

    for (k = 0; recording->opened && k < recording->steps->len; k++) {
      Step *step = g_ptr_array_index (recording->steps, k);

      events += step->kind == STEP_SERVER;
    }
  }
  return events;
}

Replay *
replay_new (const gchar *file, gdouble pace, GError **error)
{
  GPtrArray *recordings = replay_log_load (file, error);
  Replay *replay;

  if (recordings == NULL)
    return NULL;
  replay = g_new0 (Replay, 1);
  replay->recordings = recordings;
  replay->pace = pace;
  replay->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_mutex_init (&replay->lock);
  replay->differences = g_ptr_array_new_with_free_func (g_free);
  replay->left = count_events (recordings);
  return replay;
}

void
replay_free (Replay *replay)
{
  g_ptr_array_unref (replay->recordings);
  g_hash_table_unref (replay->ids);
  g_mutex_clear (&replay->lock);
  g_ptr_array_unref (replay->differences);
  g_free (replay);
}

guint
replay_refuse (Replay *replay)
{
  const Recording *recording;

  if (replay->next >= replay->recordings->len)
    return GONE;
  recording = g_ptr_array_index (replay->recordings, replay->next);
  if (recording->opened)
    return 0;
  replay->next++;
  return recording->http_status > 0 ? recording->http_status
                                    : SOUP_STATUS_SERVICE_UNAVAILABLE;
}

static gpointer
copy_text (gconstpointer text, gpointer data)
{
  return g_strdup (text);
}

GPtrArray *
replay_dup_differences (Replay *replay)
{
  GPtrArray *copy;

  g_mutex_lock (&replay->lock);
  copy = g_ptr_array_copy (replay->differences, copy_text, NULL);
  g_mutex_unlock (&replay->lock);
  g_ptr_array_set_free_func (copy, g_free);
  return copy;
}

guint
replay_count_left (Replay *replay)
{
  guint left;

  g_mutex_lock (&replay->lock);
  left = replay->left;
  g_mutex_unlock (&replay->lock);
  return left;
}
