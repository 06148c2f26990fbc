/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts by name, and what must be known of single things.
 */
#include "chaosledger.h"

#include <stdio.h>
#include <string.h>

#include "chaosaudit.h"

#define PREFIX "realtime2/"
#define MAX_WARNINGS 5
/* ns that may pass until it is said that something of a turn was lost, if not
 * when that was spoken. */
#define WORD (60 * GST_SECOND)

typedef struct {
  gint64 at; /* us */
  gchar *call_id;
} Answer;

/* Some of what the user said is lost. Running times. */
typedef struct {
  GstClockTime at;         /* when it was told */
  GstClockTime start, end; /* of it; end NONE = it is not known when */
  guint64 left;            /* ns of it that excuse no turn yet */
} Loss;

struct _ChaosLedger {
  SoakPeer *peer;
  ChaosStage *stage;
  GRand *rand;
  GHashTable *counts;   /* name -> how many */
  GHashTable *outputs;  /* call id -> outputs that it was said to have */
  GPtrArray *responses; /* ids that began */
  GPtrArray *greetings; /* of these, those that greet */
  GArray *answers;      /* Answer, that are due */
  GArray *losses;       /* Loss */
  GHashTable *dropped;  /* reason -> ms in all */
  GHashTable *moves;    /* reason -> how many */
  GHashTable *refused;  /* texts, by number, that were said to be refused */
  guint told;           /* responses heard that the peer knows of */
  guint findings, warnings, excuses, failed;
};

static void
clear_answer (gpointer data)
{
  g_free (((Answer *) data)->call_id);
}

ChaosLedger *
chaos_ledger_new (SoakPeer *peer, ChaosStage *stage, guint seed)
{
  ChaosLedger *ledger = g_new0 (ChaosLedger, 1);

  ledger->peer = peer;
  ledger->stage = stage;
  ledger->rand = g_rand_new_with_seed (seed);
  ledger->counts = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  ledger->outputs = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  ledger->dropped = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  ledger->moves = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  ledger->responses = g_ptr_array_new_with_free_func (g_free);
  ledger->greetings = g_ptr_array_new_with_free_func (g_free);
  ledger->refused = g_hash_table_new (NULL, NULL);
  ledger->losses = g_array_new (FALSE, FALSE, sizeof (Loss));
  ledger->answers = g_array_new (FALSE, FALSE, sizeof (Answer));
  g_array_set_clear_func (ledger->answers, clear_answer);
  return ledger;
}

void
chaos_ledger_free (ChaosLedger *ledger)
{
  g_array_unref (ledger->answers);
  g_array_unref (ledger->losses);
  g_hash_table_unref (ledger->refused);
  g_ptr_array_unref (ledger->greetings);
  g_ptr_array_unref (ledger->responses);
  g_hash_table_unref (ledger->moves);
  g_hash_table_unref (ledger->dropped);
  g_hash_table_unref (ledger->outputs);
  g_hash_table_unref (ledger->counts);
  g_rand_free (ledger->rand);
  g_free (ledger);
}

void
chaos_ledger_find (ChaosLedger *ledger, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  ledger->findings++;
  g_print ("# FOUND at %.3f s: %s\n",
      stage_now (ledger->stage->stage) / (gdouble) GST_SECOND, text);
}

guint
chaos_ledger_count_findings (ChaosLedger *ledger)
{
  return ledger->findings;
}

static guint
get_count (GHashTable *table, const gchar *name)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (table, name));
}

static void
set_count (GHashTable *table, const gchar *name, guint n)
{
  g_hash_table_replace (table, g_strdup (name), GUINT_TO_POINTER (n));
}

guint
chaos_ledger_count (ChaosLedger *ledger, const gchar *name)
{
  return get_count (ledger->counts, name);
}

guint
chaos_ledger_count_excuses (ChaosLedger *ledger)
{
  return ledger->excuses;
}

/* --- function calls --- */

static void
plan_answer (ChaosLedger *ledger, const gchar *call_id, guint ms)
{
  Answer answer = { g_get_monotonic_time () + ms * 1000, g_strdup (call_id) };

  g_array_append_val (ledger->answers, answer);
}

static void
on_call (ChaosLedger *ledger, const GstStructure *fields)
{
  const gchar *id = gst_structure_get_string (fields, "call-id");
  gint how = g_rand_int_range (ledger->rand, 0, 6);

  if (g_hash_table_contains (ledger->outputs, id))
    chaos_ledger_find (ledger, "call %s is made twice", id);
  set_count (ledger->outputs, id, 0);
  if (how == 0)
    return;
  plan_answer (ledger, id,
      how < 3 ? 0 : (guint) g_rand_int_range (ledger->rand, 0, 4000));
  if (how == 1)
    plan_answer (ledger, id, g_rand_int_range (ledger->rand, 0, 1000));
}

static void
on_output (ChaosLedger *ledger, const GstStructure *fields)
{
  const gchar *id = gst_structure_get_string (fields, "call-id");

  if (g_hash_table_contains (ledger->outputs, id))
    set_count (ledger->outputs, id, get_count (ledger->outputs, id) + 1);
}

static void
answer_calls (ChaosLedger *ledger)
{
  gint64 now = g_get_monotonic_time ();
  gboolean taken;

  for (guint i = ledger->answers->len; i > 0; i--) {
    const Answer *answer = &g_array_index (ledger->answers, Answer, i - 1);

    if (answer->at > now)
      continue;
    g_signal_emit_by_name (ledger->stage->stage->ai, "send-function-result",
        answer->call_id, "{\"it\":1}", &taken);
    g_array_remove_index_fast (ledger->answers, i - 1);
  }
}

/* --- the bus --- */

static void
note_loss (ChaosLedger *ledger, const GstStructure *fields, guint64 ms)
{
  Loss loss = { stage_now (ledger->stage->stage), 0, GST_CLOCK_TIME_NONE,
    (ms + 1) * GST_MSECOND };

  gst_structure_get_uint64 (fields, "dropped-start", &loss.start);
  gst_structure_get_uint64 (fields, "dropped-end", &loss.end);
  g_array_append_val (ledger->losses, loss);
}

/* What the user said is lost for one of the reasons that are listed; others are
 * of what the agent says. */
static void
on_overrun (ChaosLedger *ledger, const GstStructure *fields)
{
  static const gchar *const of_user[] = { "max-size-time", "caps-changed",
    "session-lost", NULL };
  const gchar *reason = gst_structure_get_string (fields, "reason");
  guint64 ms = 0;

  gst_structure_get_uint64 (fields, "dropped-ms", &ms);
  set_count (ledger->dropped, reason, get_count (ledger->dropped, reason) + ms);
  if (!g_strv_contains (of_user, reason))
    return;
  ledger->excuses++;
  note_loss (ledger, fields, ms);
}

static void
on_begun (ChaosLedger *ledger, const GstStructure *fields)
{
  const gchar *id = gst_structure_get_string (fields, "response-id");
  gboolean greeting = FALSE;

  g_ptr_array_add (ledger->responses, g_strdup (id));
  gst_structure_get_boolean (fields, "greeting", &greeting);
  if (greeting)
    g_ptr_array_add (ledger->greetings, g_strdup (id));
}

static void
on_done (ChaosLedger *ledger, const GstStructure *fields)
{
  const gchar *status = gst_structure_get_string (fields, "status");

  if (!g_str_equal (status, "failed")
      || gst_structure_has_field (fields, "out-of-band"))
    return;
  ledger->failed++;
  ledger->excuses++;
}

static void
on_refused (ChaosLedger *ledger, const GstStructure *fields)
{
  const gchar *text = gst_structure_get_string (fields, "text");
  guint n;

  if (text != NULL && sscanf (text, CHAOS_AUDIT_TEXT, &n) == 1)
    g_hash_table_add (ledger->refused, GUINT_TO_POINTER (n));
}

static void
on_moved (ChaosLedger *ledger, const GstStructure *fields)
{
  const gchar *reason = gst_structure_get_string (fields, "reason");

  set_count (ledger->moves, reason, get_count (ledger->moves, reason) + 1);
}

static void
on_element (ChaosLedger *ledger, const GstStructure *fields)
{
  static const struct {
    const gchar *name;
    void (*func) (ChaosLedger *ledger, const GstStructure *fields);
  } known[] = { { "overrun", on_overrun }, { "response-started", on_begun },
    { "response-done", on_done }, { "function-call", on_call },
    { "function-output", on_output }, { "command-failed", on_refused },
    { "session-moved", on_moved } };
  const gchar *name = gst_structure_get_name (fields);

  if (!g_str_has_prefix (name, PREFIX))
    return;
  name += strlen (PREFIX);
  set_count (ledger->counts, name, get_count (ledger->counts, name) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].name, name))
      known[i].func (ledger, fields);
}

static void
on_message (ChaosLedger *ledger, GstMessage *message)
{
  g_autofree gchar *dump = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
    on_element (ledger, gst_message_get_structure (message));
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    dump = stage_message_dump (message);
    chaos_ledger_find (ledger, "%s", dump);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING
      && ledger->warnings++ < MAX_WARNINGS) {
    dump = stage_message_dump (message);
    g_print ("# warning: %s\n", dump);
  }
}

void
chaos_ledger_listen (ChaosLedger *ledger)
{
  GstMessage *message;

  while ((message = gst_bus_pop (ledger->stage->stage->bus)) != NULL) {
    on_message (ledger, message);
    gst_message_unref (message);
  }
  answer_calls (ledger);
}

static void
tell_heard (ChaosLedger *ledger)
{
  for (guint i = 0; i < ledger->responses->len; i++) {
    const gchar *id = g_ptr_array_index (ledger->responses, i);
    guint ms = chaos_stage_get_heard (ledger->stage, id);

    if (ms > 0)
      soak_peer_do (ledger->peer, "heard %s %u", id, ms);
  }
}

gboolean
chaos_ledger_is_answered (ChaosLedger *ledger, guint turn)
{
  guint n = chaos_stage_count_heard (ledger->stage);

  if (n > ledger->told)
    tell_heard (ledger);
  ledger->told = n;
  return soak_peer_do (ledger->peer, "answered %u", turn);
}

/* --- the end --- */

static gint64
sum (ChaosLedger *ledger, const gchar *figure)
{
  return soak_peer_do (ledger->peer, "sum %s %u", figure,
      chaos_stage_count_turns (ledger->stage));
}

/* How much of the turn @loss may be, ns: what both have in common or, if it is
 * not said when it was spoken, at most all of what was said before. */
static guint64
common (const Loss *loss, const ChaosTurn *turn)
{
  GstClockTime start = turn->start, end = turn->end;

  if (GST_CLOCK_TIME_IS_VALID (loss->end)) {
    start = MAX (start, loss->start);
    end = MIN (end, loss->end);
  } else if (loss->at < turn->start || loss->at >= turn->end + WORD) {
    return 0;
  }
  return end > start ? MIN (end - start, loss->left) : 0;
}

/* Whether it was said that some of the turn was lost: what that takes is no
 * excuse for another. */
static gboolean
is_told (ChaosLedger *ledger, const ChaosTurn *turn)
{
  gboolean told = FALSE;

  for (guint i = 0; i < ledger->losses->len; i++) {
    Loss *loss = &g_array_index (ledger->losses, Loss, i);
    guint64 taken = common (loss, turn);

    loss->left -= taken;
    told |= taken > 0;
  }
  return told;
}

static void
print_reasons (GHashTable *table, const gchar *what)
{
  GHashTableIter iter;
  gpointer reason, n;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &reason, &n))
    g_print (
        "#   %s: %u %s\n", (const gchar *) reason, GPOINTER_TO_UINT (n), what);
}

static gint64
next_lost (ChaosLedger *ledger, gint64 turn, guint n)
{
  return soak_peer_do (
      ledger->peer, "lost %" G_GINT64_FORMAT " %u", turn + 1, n);
}

static gint64
next_lost_text (ChaosLedger *ledger, gint64 text, guint n)
{
  return soak_peer_do (
      ledger->peer, "lost-text %" G_GINT64_FORMAT " %u", text + 1, n);
}

static gboolean
is_refused (ChaosLedger *ledger, gint64 text)
{
  return g_hash_table_contains (ledger->refused, GUINT_TO_POINTER (text));
}

/* Whether any loss may be of the turn. */
static gboolean
is_excused (ChaosLedger *ledger, guint turn)
{
  ChaosTurn spoken = chaos_stage_get_turn (ledger->stage, turn);

  for (guint i = 0; i < ledger->losses->len; i++)
    if (common (&g_array_index (ledger->losses, Loss, i), &spoken) > 0)
      return TRUE;
  return FALSE;
}

gboolean
chaos_ledger_is_owed (ChaosLedger *ledger, guint texts)
{
  guint n = chaos_stage_count_turns (ledger->stage);
  gint64 i = -1;

  while ((i = next_lost (ledger, i, n)) >= 0)
    if (!is_excused (ledger, i))
      return TRUE;
  while ((i = next_lost_text (ledger, i, texts)) >= 0)
    if (!is_refused (ledger, i))
      return TRUE;
  return FALSE;
}

static void
audit_turns (ChaosLedger *ledger)
{
  guint n = chaos_stage_count_turns (ledger->stage), told = 0, silent = 0;
  gint64 turn = -1;

  while ((turn = next_lost (ledger, turn, n)) >= 0) {
    ChaosTurn spoken = chaos_stage_get_turn (ledger->stage, turn);

    if (is_told (ledger, &spoken)) {
      told++;
    } else {
      silent++;
      chaos_ledger_find (ledger,
          "turn %u, said at %.3f s, is lost without a "
          "word",
          (guint) turn, spoken.start / (gdouble) GST_SECOND);
    }
  }
  g_print (
      "# turns: %u said, %d heard whole by a server, %d of these more than "
      "once, %d answered aloud; %u lost and told of, %u lost silently\n",
      n, (gint) sum (ledger, "heard"), (gint) sum (ledger, "again"),
      (gint) sum (ledger, "answered"), told, silent);
  print_reasons (ledger->dropped, "ms told of as lost");
  if (sum (ledger, "answered-twice") > 0)
    chaos_ledger_find (ledger, "%d turns were answered twice",
        (gint) sum (ledger, "answered-twice"));
  if (sum (ledger, "twice") > 0)
    chaos_ledger_find (ledger, "%d turns were sent twice to one session",
        (gint) sum (ledger, "twice"));
}

static void
audit_texts (ChaosLedger *ledger, guint texts)
{
  guint told = 0, silent = 0;
  gint64 text = -1;

  while ((text = next_lost_text (ledger, text, texts)) >= 0) {
    if (is_refused (ledger, text)) {
      told++;
    } else {
      silent++;
      chaos_ledger_find (
          ledger, "text %u is lost without a word", (guint) text);
    }
  }
  g_print ("# texts: %u sent; %u lost and told of, %u lost silently\n", texts,
      told, silent);
}

/* Calls that a server made and that are not here were on their way when the
 * connection was lost. */
static void
audit_calls (ChaosLedger *ledger)
{
  guint none = 0, many = 0, missing = 0;
  GHashTableIter iter;
  gpointer id, n;

  g_hash_table_iter_init (&iter, ledger->outputs);
  while (g_hash_table_iter_next (&iter, &id, &n)) {
    none += GPOINTER_TO_UINT (n) == 0;
    many += GPOINTER_TO_UINT (n) > 1;
    missing += !soak_peer_do (ledger->peer, "output %s", (gchar *) id);
  }
  g_print ("# calls: %u, %u without output, %u with more than one; of those "
           "that servers made (%d) %u without output, %d outputs too many\n",
      g_hash_table_size (ledger->outputs), none, many,
      (gint) sum (ledger, "calls"), missing,
      (gint) sum (ledger, "outputs-too-many"));
  if (none > 0 || many > 0)
    chaos_ledger_find (ledger, "a call does not have one output");
  if (sum (ledger, "outputs-too-many") > 0 || missing > 0)
    chaos_ledger_find (ledger, "outputs are not as the servers want them");
}

static void
audit_greetings (ChaosLedger *ledger)
{
  guint n = 0;

  for (guint i = 0; i < ledger->greetings->len; i++)
    n += chaos_stage_get_heard (
             ledger->stage, g_ptr_array_index (ledger->greetings, i))
        > 0;
  g_print ("# greetings: %u begun, %u heard\n", ledger->greetings->len, n);
  if (n > 1)
    chaos_ledger_find (ledger, "it greets more than once");
}

void
chaos_ledger_audit (ChaosLedger *ledger, guint texts)
{
  tell_heard (ledger);
  audit_turns (ledger);
  audit_texts (ledger, texts);
  audit_calls (ledger);
  audit_greetings (ledger);
  g_print ("# connections: %d, %d upgrades refused; lost %u, restored %u, "
           "expiring %u, moved %u; interrupted %u, retracted %u, failed %u; "
           "%u warnings, %d server errors\n",
      (gint) sum (ledger, "connections"),
      (gint) soak_peer_do (ledger->peer, "refused"),
      chaos_ledger_count (ledger, "session-lost"),
      chaos_ledger_count (ledger, "session-restored"),
      chaos_ledger_count (ledger, "session-expiring"),
      chaos_ledger_count (ledger, "session-moved"),
      chaos_ledger_count (ledger, "interrupted"),
      chaos_ledger_count (ledger, "response-retracted"), ledger->failed,
      ledger->warnings, (gint) sum (ledger, "errors"));
  print_reasons (ledger->moves, "moves");
}
