/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON text and event objects: ids, strict reading, copying, faults. */
#ifndef SANDBOX_WIRE_H
#define SANDBOX_WIRE_H

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Why a client event is refused. All strings owned. */
typedef struct {
  gchar *code;
  gchar *message;
  gchar *param; /* or NULL */
} Fault;

/* Always FALSE, so that a check can end with it. Only the first one stays. */
gboolean fault_set (Fault *fault, const gchar *code, const gchar *param,
    const gchar *format, ...) G_GNUC_PRINTF (4, 5);
void fault_clear (Fault *fault);

/* prefix_ and 21 base62 characters. */
gchar *wire_make_id (GRand *rand, const gchar *prefix);

/* {type, event_id}; transfer full. */
JsonObject *wire_event (GRand *rand, const gchar *type);

/* An error event; transfer full. event_id: of the client event, or NULL. */
JsonObject *wire_error (
    GRand *rand, const gchar *type, const Fault *fault, const gchar *event_id);

/* Random padding as on the real deltas. */
void wire_set_obfuscation (JsonObject *event, GRand *rand);

gchar *wire_print (JsonObject *object);

/* The event without the audio that it carries, whose decoded size is set. */
gchar *wire_print_short (JsonObject *event, guint64 *audio_bytes);

/* One JSON object, strictly: no comments, no second root, no nesting deeper
 * than 64. NULL if it is anything else. */
JsonObject *wire_parse (const gchar *text, gsize size);

/* Deep copies. */
JsonNode *wire_copy (JsonNode *node);
JsonObject *wire_copy_object (JsonObject *object);

/* NULL unless the member is there and has that type. */
const gchar *wire_string (JsonObject *object, const gchar *name);
JsonObject *wire_object (JsonObject *object, const gchar *name);
JsonArray *wire_array (JsonObject *object, const gchar *name);
gint64 wire_integer (JsonObject *object, const gchar *name, gint64 fallback);
gboolean wire_boolean (
    JsonObject *object, const gchar *name, gboolean fallback);
gboolean wire_is_null (JsonObject *object, const gchar *name);

/* Sets a string, or null. */
void wire_set_string (
    JsonObject *object, const gchar *name, const gchar *value);

/* Strict base64. FALSE if a character, the length or the padding is wrong. */
gboolean wire_decode_base64 (const gchar *text, guint8 **data, gsize *size);

G_END_DECLS

#endif
