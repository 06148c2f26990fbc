/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The books: what came and went, for tests. Thread-safe; the sessions write,
 * anybody reads copies. */
#ifndef SANDBOX_BOOKS_H
#define SANDBOX_BOOKS_H

#include <json-glib/json-glib.h>

#include "sandbox.h"

G_BEGIN_DECLS

typedef struct _Books Books;

Books *books_new (void);
void books_free (Books *books);

guint books_add_connection (Books *books); /* returns its number */
/* Returns the bytes of audio in it. */
guint64 books_received (Books *books, guint connection, JsonObject *event);
void books_sent (Books *books, guint connection, JsonObject *event);
void books_truncated (Books *books, const gchar *item_id, guint audio_end_ms);
void books_deleted (Books *books, const gchar *item_id);
/* Audio sent of an item so far. */
void books_add_item_audio (Books *books, const gchar *item_id, guint ms);
/* Takes an array made by books_new_items(). */
GPtrArray *books_new_items (void);
void books_set_items (Books *books, guint connection, GPtrArray *items);

guint64 books_count (Books *books, gboolean sent, const gchar *type);
guint64 books_audio_bytes (Books *books, gboolean sent);
guint books_connections (Books *books);
GPtrArray *books_dup_records (Books *books, gboolean sent, const gchar *type);
GPtrArray *books_dup_errors (Books *books);
GPtrArray *books_dup_truncations (Books *books);
gchar **books_dup_deletions (Books *books);
GPtrArray *books_dup_items (Books *books, guint connection);
GPtrArray *books_dup_calls (Books *books);
GPtrArray *books_dup_approvals (Books *books);
GPtrArray *books_dup_images (Books *books);
guint books_item_audio_ms (Books *books, const gchar *item_id);
gboolean books_wait (Books *books, gboolean sent, const gchar *type,
    guint64 count, guint timeout_ms);

G_END_DECLS

#endif
