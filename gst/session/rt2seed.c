/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seed: a list of what is to be told, compared with what was.
 */
#include "rt2seed.h"

#include <string.h>

#define NOTE                                                                   \
  "This conversation is under way and goes on here, in speech. What was said " \
  "before follows. Do not greet again and do not introduce yourself again."

/* An item as a server is, or was, told it. */
typedef struct {
  gchar *id;                 /* on the wire */
  gchar *digest;             /* of what it is told */
  gchar *call_id;            /* of either half of a call; else NULL */
  Rt2ConversationItem *item; /* while it is being told; NULL = the note */
  gboolean half;             /* of a call: the other can't be told */
  gboolean kept;             /* it was told before, and stands */
} Line;

struct _Rt2Seed {
  GPtrArray *told; /* Line*, in their order there */
};

static void
line_free (Line *line)
{
  g_free (line->id);
  g_free (line->digest);
  g_free (line->call_id);
  g_free (line);
}

static GPtrArray *
lines_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) line_free);
}

Rt2Seed *
rt2_seed_new (void)
{
  Rt2Seed *seed = g_new0 (Rt2Seed, 1);

  seed->told = lines_new ();
  return seed;
}

void
rt2_seed_free (Rt2Seed *seed)
{
  if (!seed)
    return;
  g_ptr_array_unref (seed->told);
  g_free (seed);
}

/* --- what can be told --- */

static gboolean
has_words (const gchar *text)
{
  for (; text && *text; text = g_utf8_next_char (text))
    if (!g_unichar_isspace (g_utf8_get_char (text)))
      return TRUE;
  return FALSE;
}

static gboolean
has_audio (const Rt2ConversationItem *item, const Rt2SeedPolicy *policy)
{
  return item->role == RT2_ROLE_USER && item->audio
      && item->audio_format == policy->input_format;
}

/* Whether @item can be told as far as it alone goes. */
static gboolean
is_tellable (const Rt2ConversationItem *item, const Rt2SeedPolicy *policy)
{
  if (item->gone)
    return FALSE;
  switch (item->type) {
    case RT2_ITEM_MESSAGE:
      return item->role != RT2_ROLE_UNKNOWN
          && (has_words (item->text) || item->image
              || has_audio (item, policy));
    case RT2_ITEM_FUNCTION_CALL:
      return item->call_id && item->name && *item->name;
    case RT2_ITEM_FUNCTION_CALL_OUTPUT:
      return item->call_id && item->output;
    default:
      return FALSE;
  }
}

static gchar *
digest_of (const Rt2ConversationItem *item)
{
  GChecksum *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  const gchar *parts[] = { item->text, item->call_id, item->name,
    item->arguments, item->output };
  gchar *digest;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    const gchar *part = parts[i] ? parts[i] : "";

    g_checksum_update (checksum, (const guchar *) part, strlen (part) + 1);
  }
  /* What a picture or a voice is never changes. */
  digest = g_strdup_printf ("%s%s%s", g_checksum_get_string (checksum),
      item->image ? " image" : "",
      item->audio && !has_words (item->text) ? " audio" : "");
  g_checksum_free (checksum);
  return digest;
}

static Line *
line_new (Rt2ConversationItem *item)
{
  Line *line = g_new0 (Line, 1);

  line->id = rt2_conversation_wire_id (item->id);
  line->digest = digest_of (item);
  if (item->type != RT2_ITEM_MESSAGE)
    line->call_id = g_strdup (item->call_id);
  line->item = item;
  return line;
}

static gboolean
is_output (const Line *line)
{
  return line->item->type == RT2_ITEM_FUNCTION_CALL_OUTPUT;
}

static gboolean
is_of_pair (const Line *line, GHashTable *calls, GHashTable *outputs)
{
  return !line->call_id
      || g_hash_table_lookup (is_output (line) ? outputs : calls, line->call_id)
      == line;
}

/* Leaves out what is half a call: the other half is not there, comes in the
 * wrong order, or belongs to another of the same id. The last pair stays. */
static void
drop_halves (GPtrArray *lines)
{
  GHashTable *last = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTable *calls = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTable *outputs = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < lines->len; i++) {
    Line *line = g_ptr_array_index (lines, i);
    Line *call;

    if (!line->call_id)
      continue;
    if (!is_output (line)) {
      g_hash_table_insert (last, line->call_id, line);
    } else if ((call = g_hash_table_lookup (last, line->call_id))) {
      g_hash_table_insert (calls, call->call_id, call);
      g_hash_table_insert (outputs, call->call_id, line);
    }
  }
  for (guint i = 0; i < lines->len; i++) {
    Line *line = g_ptr_array_index (lines, i);

    line->half = !is_of_pair (line, calls, outputs);
  }
  g_hash_table_unref (last);
  g_hash_table_unref (calls);
  g_hash_table_unref (outputs);
  for (guint i = lines->len; i-- > 0;)
    if (((Line *) g_ptr_array_index (lines, i))->half)
      g_ptr_array_remove_index (lines, i);
}

/* Leaves out all pictures but the newest @keep. */
static void
drop_images (GPtrArray *lines, guint keep)
{
  for (guint i = lines->len; i-- > 0;) {
    const Line *line = g_ptr_array_index (lines, i);

    if (!line->item->image)
      continue;
    if (keep > 0)
      keep--;
    else
      g_ptr_array_remove_index (lines, i);
  }
}

/* --- the note --- */

/* @n_since: of those that are left out, how many are newer than the summary. */
static gchar *
note_text (guint n_left_out, const gchar *summary, guint n_since)
{
  GString *text = g_string_new (NOTE);

  if (has_words (summary))
    g_string_append_printf (
        text, "\n\nA summary of what was said before that:\n%s", summary);
  else if (n_left_out > 0)
    g_string_append_printf (text, " %u older items are left out.", n_left_out);
  if (has_words (summary) && n_since > 0)
    g_string_append_printf (text,
        "\n\nBetween this summary and what follows %u items are left out.",
        n_since);
  return g_string_free (text, FALSE);
}

static void
add_note (GPtrArray *lines, const gchar *text)
{
  Line *line = g_new0 (Line, 1);

  line->id = g_strdup (RT2_SEED_NOTE_ID);
  line->digest = g_strdup (text);
  g_ptr_array_insert (lines, 0, line);
}

/* All that can be told, in order: Line*. */
static GPtrArray *
list_tellable (Rt2Conversation *conversation, const Rt2SeedPolicy *policy)
{
  GPtrArray *items = rt2_conversation_list (conversation);
  GPtrArray *lines = lines_new ();

  for (guint i = 0; i < items->len; i++)
    if (is_tellable (g_ptr_array_index (items, i), policy))
      g_ptr_array_add (lines, line_new (g_ptr_array_index (items, i)));
  g_ptr_array_unref (items);
  drop_halves (lines);
  drop_images (
      lines, policy->image_keep > 0 ? policy->image_keep : RT2_SEED_IMAGES);
  return lines;
}

/* Items of which there is nothing to be told any more. */
static guint
count_muted (Rt2Conversation *conversation)
{
  GPtrArray *items = rt2_conversation_list (conversation);
  guint n = 0;

  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    n += item->muted && !item->gone && !has_words (item->text);
  }
  g_ptr_array_unref (items);
  return n;
}

/* Leaves out the oldest beyond @limit. Returns how many. */
static guint
drop_oldest (GPtrArray *lines, guint limit)
{
  guint all = lines->len;

  if (limit == 0 || all <= limit)
    return 0;
  g_ptr_array_remove_range (lines, 0, all - limit);
  drop_halves (lines);
  return all - lines->len;
}

guint
rt2_seed_count_left_out (
    Rt2Conversation *conversation, const Rt2SeedPolicy *policy)
{
  GPtrArray *lines = list_tellable (conversation, policy);
  guint n = drop_oldest (lines, policy->history_limit);

  g_ptr_array_unref (lines);
  return n + count_muted (conversation);
}

guint
rt2_seed_count (Rt2Conversation *conversation, const Rt2SeedPolicy *policy)
{
  GPtrArray *lines = list_tellable (conversation, policy);
  guint n = lines->len;

  g_ptr_array_unref (lines);
  return n + rt2_conversation_n_dropped (conversation);
}

void
rt2_seed_forget_voices (
    Rt2Conversation *conversation, const Rt2SeedPolicy *policy)
{
  GPtrArray *items = rt2_conversation_list (conversation);
  guint n = 0; /* that will surely be told, from the newest on */

  for (guint i = items->len; policy->history_limit > 0 && i > 0; i--) {
    Rt2ConversationItem *item = g_ptr_array_index (items, i - 1);

    if (n >= policy->history_limit)
      rt2_conversation_mute (conversation, item);
    n += item->type == RT2_ITEM_MESSAGE && !item->image
        && is_tellable (item, policy);
  }
  g_ptr_array_unref (items);
}

/* All that is to be told, in order: Line*. */
static GPtrArray *
list_wanted (Rt2Conversation *conversation, const Rt2SeedPolicy *policy)
{
  GPtrArray *lines = list_tellable (conversation, policy);
  gboolean any = lines->len > 0;
  guint left_out = drop_oldest (lines, policy->history_limit);
  guint gone = left_out + rt2_conversation_n_dropped (conversation);
  gchar *text = note_text (left_out + count_muted (conversation),
      policy->summary, gone - MIN (gone, policy->summary_of));

  if (any)
    add_note (lines, text);
  g_free (text);
  return lines;
}

/* --- what has changed --- */

static GHashTable *
index_by_id (GPtrArray *lines)
{
  GHashTable *index = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < lines->len; i++)
    g_hash_table_insert (index, ((Line *) g_ptr_array_index (lines, i))->id,
        GUINT_TO_POINTER (i + 1));
  return index;
}

/* A call and its output stand together, or not at all: a server may check. */
static void
pair_kept (GPtrArray *wanted)
{
  GHashTable *anew = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < wanted->len; i++) {
    const Line *line = g_ptr_array_index (wanted, i);

    if (line->call_id && !line->kept)
      g_hash_table_add (anew, line->call_id);
  }
  for (guint i = 0; i < wanted->len; i++) {
    Line *line = g_ptr_array_index (wanted, i);

    if (line->call_id && g_hash_table_contains (anew, line->call_id))
      line->kept = FALSE;
  }
  g_hash_table_unref (anew);
}

/* Finds what was told and stands: the same, in the same order. */
static void
find_kept (Rt2Seed *seed, GPtrArray *wanted)
{
  GHashTable *index = index_by_id (seed->told);
  guint last = 0;

  for (guint i = 0; i < wanted->len; i++) {
    Line *line = g_ptr_array_index (wanted, i);
    guint place = GPOINTER_TO_UINT (g_hash_table_lookup (index, line->id));
    const Line *old = place > 0 ? g_ptr_array_index (seed->told, place - 1)
                                : NULL;

    line->kept = place > last && g_str_equal (old->digest, line->digest);
    if (line->kept)
      last = place;
  }
  g_hash_table_unref (index);
  pair_kept (wanted);
}

/* --- events --- */

gchar *
rt2_seed_build_item (const Rt2ConversationItem *item,
    const gchar *previous_item_id, const gchar *event_id)
{
  gchar *id = rt2_conversation_wire_id (item->id);
  gchar *call_id = item->call_id ? rt2_conversation_wire_id (item->call_id)
                                 : NULL;
  gchar *json;

  /* A call may have come without a name; it was answered all the same. */
  if (item->type == RT2_ITEM_FUNCTION_CALL)
    json = rt2_build_function_call (id, previous_item_id, call_id,
        item->name && *item->name ? item->name : "unknown",
        item->arguments ? item->arguments : "", event_id);
  else if (item->type == RT2_ITEM_FUNCTION_CALL_OUTPUT)
    json = rt2_build_function_output (
        id, previous_item_id, call_id, item->output, event_id);
  else if (item->image)
    json = rt2_build_image_item (id, previous_item_id, item->media_type,
        item->image, item->detail, event_id);
  else if (has_words (item->text))
    json = rt2_build_text_item (
        id, previous_item_id, item->role, item->text, event_id);
  else
    json = rt2_build_audio_item (id, previous_item_id, item->audio, event_id);
  g_free (call_id);
  g_free (id);
  return json;
}

/* What was told and stands no more. */
static void
add_deletions (Rt2Seed *seed, GPtrArray *wanted, GPtrArray *events,
    Rt2SeedIdFunc new_id, gpointer user_data)
{
  GHashTable *index = index_by_id (wanted);

  for (guint i = 0; i < seed->told->len; i++) {
    const Line *old = g_ptr_array_index (seed->told, i);
    guint place = GPOINTER_TO_UINT (g_hash_table_lookup (index, old->id));

    if (place > 0 && ((Line *) g_ptr_array_index (wanted, place - 1))->kept)
      continue;
    g_ptr_array_add (events, rt2_build_delete (old->id, new_id (user_data)));
  }
  g_hash_table_unref (index);
}

static void
add_creations (GPtrArray *wanted, GPtrArray *events, Rt2SeedIdFunc new_id,
    gpointer user_data)
{
  const gchar *previous = "root";

  for (guint i = 0; i < wanted->len; i++) {
    Line *line = g_ptr_array_index (wanted, i);
    gchar *json = NULL;

    if (!line->kept && line->item)
      json = rt2_seed_build_item (line->item, previous, new_id (user_data));
    else if (!line->kept)
      json = rt2_build_text_item (line->id, previous, RT2_ROLE_SYSTEM,
          line->digest, new_id (user_data));
    if (json)
      g_ptr_array_add (events, json);
    previous = line->id;
    line->item = NULL;
  }
}

GPtrArray *
rt2_seed_update (Rt2Seed *seed, Rt2Conversation *conversation,
    const Rt2SeedPolicy *policy, Rt2SeedIdFunc new_id, gpointer user_data)
{
  GPtrArray *events = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *wanted = list_wanted (conversation, policy);

  find_kept (seed, wanted);
  add_deletions (seed, wanted, events, new_id, user_data);
  add_creations (wanted, events, new_id, user_data);
  g_ptr_array_unref (seed->told);
  seed->told = wanted;
  return events;
}

/* --- questions --- */

gboolean
rt2_seed_has (Rt2Seed *seed, const gchar *item_id)
{
  gchar *id = rt2_conversation_wire_id (item_id);
  gboolean found = FALSE;

  for (guint i = 0; i < seed->told->len && !found; i++)
    found = g_str_equal (((Line *) g_ptr_array_index (seed->told, i))->id, id);
  g_free (id);
  return found;
}

void
rt2_seed_mark (Rt2Seed *seed, Rt2Conversation *conversation)
{
  GHashTable *index = index_by_id (seed->told);
  GPtrArray *items = rt2_conversation_list (conversation);

  for (guint i = 0; i < items->len; i++) {
    Rt2ConversationItem *item = g_ptr_array_index (items, i);
    gchar *id = rt2_conversation_wire_id (item->id);

    item->restored = item->present = g_hash_table_contains (index, id);
    if (item->restored)
      rt2_conversation_rename (conversation, item);
    g_free (id);
  }
  g_ptr_array_unref (items);
  g_hash_table_unref (index);
}
