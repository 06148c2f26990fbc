/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The books: what came and went, for tests. Thread-safe; the sessions write,
 * anybody reads copies. */
#include "books.h"

#include "ledger.h"
#include "wire.h"

/* Counts are exact; of the events themselves the newest are kept. */
#define MAX_RECORDS 20000
#define MAX_LIST 20000

typedef struct {
  GQueue records;     /* SandboxRecord, oldest first */
  GHashTable *counts; /* type -> guint64 */
  guint64 count;
  guint64 audio_bytes;
} Direction;

struct _Books {
  GMutex lock;
  GCond changed;
  guint connections;
  guint64 orders; /* events so far, both ways */
  Ledger *ledger;
  Direction sides[2];     /* received, sent */
  GPtrArray *errors;      /* SandboxError */
  GPtrArray *truncations; /* SandboxTruncation */
  GPtrArray *deletions;   /* ids */
  GHashTable *item_audio; /* id -> ms */
  GHashTable *items;      /* connection -> GPtrArray of SandboxItem */
};

static void
record_free (gpointer data)
{
  SandboxRecord *record = data;

  g_free (record->type);
  g_free (record->json);
  g_free (record);
}

static void
error_free (gpointer data)
{
  SandboxError *error = data;

  g_free (error->code);
  g_free (error->message);
  g_free (error->param);
  g_free (error->event_id);
  g_free (error);
}

static void
truncation_free (gpointer data)
{
  SandboxTruncation *truncation = data;

  g_free (truncation->item_id);
  g_free (truncation);
}

static void
item_copy_free (gpointer data)
{
  SandboxItem *item = data;

  g_free (item->id);
  g_free (item->type);
  g_free (item->role);
  g_free (item->status);
  g_free (item->phase);
  g_free (item->text);
  g_free (item);
}

Books *
books_new (void)
{
  Books *books = g_new0 (Books, 1);
  guint i;

  g_mutex_init (&books->lock);
  g_cond_init (&books->changed);
  books->ledger = ledger_new ();
  for (i = 0; i < 2; i++)
    books->sides[i].counts = g_hash_table_new_full (
        g_str_hash, g_str_equal, g_free, g_free);
  books->errors = g_ptr_array_new_with_free_func (error_free);
  books->truncations = g_ptr_array_new_with_free_func (truncation_free);
  books->deletions = g_ptr_array_new_with_free_func (g_free);
  books->item_audio = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  books->items = g_hash_table_new_full (
      NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  return books;
}

void
books_free (Books *books)
{
  guint i;

  for (i = 0; i < 2; i++) {
    g_queue_clear_full (&books->sides[i].records, record_free);
    g_hash_table_unref (books->sides[i].counts);
  }
  ledger_free (books->ledger);
  g_ptr_array_unref (books->errors);
  g_ptr_array_unref (books->truncations);
  g_ptr_array_unref (books->deletions);
  g_hash_table_unref (books->item_audio);
  g_hash_table_unref (books->items);
  g_cond_clear (&books->changed);
  g_mutex_clear (&books->lock);
  g_free (books);
}

guint
books_add_connection (Books *books)
{
  guint number;

  g_mutex_lock (&books->lock);
  number = ++books->connections;
  g_cond_broadcast (&books->changed);
  g_mutex_unlock (&books->lock);
  return number;
}

static SandboxRecord *
record_new (guint connection, JsonObject *event)
{
  SandboxRecord *record = g_new0 (SandboxRecord, 1);
  const gchar *type = wire_string (event, "type");

  record->connection = connection;
  record->time_us = g_get_monotonic_time ();
  record->type = g_strdup (type != NULL ? type : "");
  record->json = wire_print_short (event, &record->audio_bytes);
  return record;
}

/* The lock is held. Takes the record. */
static void
enter (Books *books, gboolean sent, SandboxRecord *record)
{
  Direction *side = &books->sides[sent];
  guint64 *count = g_hash_table_lookup (side->counts, record->type);

  if (count == NULL) {
    count = g_new0 (guint64, 1);
    g_hash_table_insert (side->counts, g_strdup (record->type), count);
  }
  ++*count;
  record->order = ++books->orders;
  side->count++;
  side->audio_bytes += record->audio_bytes;
  g_queue_push_tail (&side->records, record);
  if (side->records.length > MAX_RECORDS)
    record_free (g_queue_pop_head (&side->records));
}

guint64
books_received (Books *books, guint connection, JsonObject *event)
{
  SandboxRecord *record = record_new (connection, event);
  guint64 audio_bytes = record->audio_bytes;

  g_mutex_lock (&books->lock);
  enter (books, FALSE, record);
  ledger_received (books->ledger, connection, books->orders, event);
  g_cond_broadcast (&books->changed);
  g_mutex_unlock (&books->lock);
  return audio_bytes;
}

/* The lock is held. */
static void
enter_error (Books *books, JsonObject *event)
{
  JsonObject *from = wire_object (event, "error");
  SandboxError *error;

  if (from == NULL || books->errors->len >= MAX_LIST)
    return;
  error = g_new0 (SandboxError, 1);
  error->code = g_strdup (wire_string (from, "code"));
  error->message = g_strdup (wire_string (from, "message"));
  error->param = g_strdup (wire_string (from, "param"));
  error->event_id = g_strdup (wire_string (from, "event_id"));
  g_ptr_array_add (books->errors, error);
}

void
books_sent (Books *books, guint connection, JsonObject *event)
{
  SandboxRecord *record = record_new (connection, event);

  g_mutex_lock (&books->lock);
  if (g_str_equal (record->type, "error"))
    enter_error (books, event);
  enter (books, TRUE, record);
  ledger_sent (books->ledger, connection, books->orders, event);
  g_cond_broadcast (&books->changed);
  g_mutex_unlock (&books->lock);
}

static guint
item_audio (Books *books, const gchar *item_id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (books->item_audio, item_id));
}

void
books_truncated (Books *books, const gchar *item_id, guint audio_end_ms)
{
  SandboxTruncation *truncation = g_new0 (SandboxTruncation, 1);

  truncation->item_id = g_strdup (item_id);
  truncation->audio_end_ms = audio_end_ms;
  g_mutex_lock (&books->lock);
  truncation->generated_ms = item_audio (books, item_id);
  if (books->truncations->len >= MAX_LIST)
    g_ptr_array_remove_index (books->truncations, 0);
  g_ptr_array_add (books->truncations, truncation);
  g_mutex_unlock (&books->lock);
}

void
books_deleted (Books *books, const gchar *item_id)
{
  g_mutex_lock (&books->lock);
  if (books->deletions->len >= MAX_LIST)
    g_ptr_array_remove_index (books->deletions, 0);
  g_ptr_array_add (books->deletions, g_strdup (item_id));
  g_mutex_unlock (&books->lock);
}

void
books_add_item_audio (Books *books, const gchar *item_id, guint ms)
{
  g_mutex_lock (&books->lock);
  if (g_hash_table_size (books->item_audio) >= MAX_LIST)
    g_hash_table_remove_all (books->item_audio);
  g_hash_table_replace (
      books->item_audio, g_strdup (item_id), GUINT_TO_POINTER (ms));
  g_mutex_unlock (&books->lock);
}

GPtrArray *
books_new_items (void)
{
  return g_ptr_array_new_with_free_func (item_copy_free);
}

void
books_set_items (Books *books, guint connection, GPtrArray *items)
{
  guint i;

  g_mutex_lock (&books->lock);
  for (i = 0; i < items->len; i++) {
    SandboxItem *item = g_ptr_array_index (items, i);

    item->restored = ledger_is_restored (books->ledger, connection, item->id);
  }
  g_hash_table_replace (books->items, GUINT_TO_POINTER (connection), items);
  /* A long soak makes many connections; the oldest are of no interest. */
  g_hash_table_remove (books->items, GUINT_TO_POINTER (connection - 100));
  g_mutex_unlock (&books->lock);
}

/* The lock is held. */
static guint64
count_side (Direction *side, const gchar *type)
{
  guint64 *count;

  if (type == NULL)
    return side->count;
  count = g_hash_table_lookup (side->counts, type);
  return count != NULL ? *count : 0;
}

guint64
books_count (Books *books, gboolean sent, const gchar *type)
{
  guint64 count;

  g_mutex_lock (&books->lock);
  count = count_side (&books->sides[sent], type);
  g_mutex_unlock (&books->lock);
  return count;
}

guint64
books_audio_bytes (Books *books, gboolean sent)
{
  guint64 bytes;

  g_mutex_lock (&books->lock);
  bytes = books->sides[sent].audio_bytes;
  g_mutex_unlock (&books->lock);
  return bytes;
}

guint
books_connections (Books *books)
{
  guint count;

  g_mutex_lock (&books->lock);
  count = books->connections;
  g_mutex_unlock (&books->lock);
  return count;
}

static SandboxRecord *
record_copy (const SandboxRecord *record)
{
  SandboxRecord *copy = g_memdup2 (record, sizeof *record);

  copy->type = g_strdup (record->type);
  copy->json = g_strdup (record->json);
  return copy;
}

GPtrArray *
books_dup_records (Books *books, gboolean sent, const gchar *type)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (record_free);
  GList *at;

  g_mutex_lock (&books->lock);
  for (at = books->sides[sent].records.head; at != NULL; at = at->next) {
    SandboxRecord *record = at->data;

    if (type == NULL || g_str_equal (record->type, type))
      g_ptr_array_add (copies, record_copy (record));
  }
  g_mutex_unlock (&books->lock);
  return copies;
}

GPtrArray *
books_dup_errors (Books *books)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (error_free);
  guint i;

  g_mutex_lock (&books->lock);
  for (i = 0; i < books->errors->len; i++) {
    const SandboxError *error = g_ptr_array_index (books->errors, i);
    SandboxError *copy = g_new0 (SandboxError, 1);

    copy->code = g_strdup (error->code);
    copy->message = g_strdup (error->message);
    copy->param = g_strdup (error->param);
    copy->event_id = g_strdup (error->event_id);
    g_ptr_array_add (copies, copy);
  }
  g_mutex_unlock (&books->lock);
  return copies;
}

GPtrArray *
books_dup_truncations (Books *books)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (truncation_free);
  guint i;

  g_mutex_lock (&books->lock);
  for (i = 0; i < books->truncations->len; i++) {
    const SandboxTruncation *truncation = g_ptr_array_index (
        books->truncations, i);
    SandboxTruncation *copy = g_memdup2 (truncation, sizeof *truncation);

    copy->item_id = g_strdup (truncation->item_id);
    g_ptr_array_add (copies, copy);
  }
  g_mutex_unlock (&books->lock);
  return copies;
}

gchar **
books_dup_deletions (Books *books)
{
  gchar **copies;
  guint i;

  g_mutex_lock (&books->lock);
  copies = g_new0 (gchar *, books->deletions->len + 1);
  for (i = 0; i < books->deletions->len; i++)
    copies[i] = g_strdup (g_ptr_array_index (books->deletions, i));
  g_mutex_unlock (&books->lock);
  return copies;
}

static SandboxItem *
item_copy (const SandboxItem *item)
{
  SandboxItem *copy = g_memdup2 (item, sizeof *item);

  copy->id = g_strdup (item->id);
  copy->type = g_strdup (item->type);
  copy->role = g_strdup (item->role);
  copy->status = g_strdup (item->status);
  copy->phase = g_strdup (item->phase);
  copy->text = g_strdup (item->text);
  return copy;
}

GPtrArray *
books_dup_items (Books *books, guint connection)
{
  GPtrArray *copies = books_new_items (), *items;
  guint i;

  g_mutex_lock (&books->lock);
  if (connection == 0)
    connection = books->connections;
  items = g_hash_table_lookup (books->items, GUINT_TO_POINTER (connection));
  for (i = 0; items != NULL && i < items->len; i++)
    g_ptr_array_add (copies, item_copy (g_ptr_array_index (items, i)));
  g_mutex_unlock (&books->lock);
  return copies;
}

GPtrArray *
books_dup_calls (Books *books)
{
  GPtrArray *copies;

  g_mutex_lock (&books->lock);
  copies = ledger_dup_calls (books->ledger);
  g_mutex_unlock (&books->lock);
  return copies;
}

GPtrArray *
books_dup_approvals (Books *books)
{
  GPtrArray *copies;

  g_mutex_lock (&books->lock);
  copies = ledger_dup_approvals (books->ledger);
  g_mutex_unlock (&books->lock);
  return copies;
}

GPtrArray *
books_dup_images (Books *books)
{
  GPtrArray *copies;

  g_mutex_lock (&books->lock);
  copies = ledger_dup_images (books->ledger);
  g_mutex_unlock (&books->lock);
  return copies;
}

guint
books_item_audio_ms (Books *books, const gchar *item_id)
{
  guint ms;

  g_mutex_lock (&books->lock);
  ms = item_audio (books, item_id);
  g_mutex_unlock (&books->lock);
  return ms;
}

gboolean
books_wait (Books *books, gboolean sent, const gchar *type, guint64 count,
    guint timeout_ms)
{
  gint64 end = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  gboolean fine = TRUE;

  g_mutex_lock (&books->lock);
  while (fine && count_side (&books->sides[sent], type) < count)
    fine = g_cond_wait_until (&books->changed, &books->lock, end);
  fine = count_side (&books->sides[sent], type) >= count;
  g_mutex_unlock (&books->lock);
  return fine;
}
