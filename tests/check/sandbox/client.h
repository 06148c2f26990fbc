/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WebSocket client of a few lines for tests of the sandbox. It judges every
 * event that it gets by the list of fields that the real wire always has. */
#ifndef TEST_CLIENT_H
#define TEST_CLIENT_H

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "sandbox.h"

G_BEGIN_DECLS

typedef struct {
  SoupSession *session;
  SoupWebsocketConnection *websocket; /* NULL: the upgrade was refused */
  SoupStatus status;                  /* of the upgrade */
  gchar *error_body;                  /* of a refused upgrade, if any */
  GPtrArray *events;                  /* JsonObject, all that came, in order */
  guint taken;                        /* how many client_wait() has passed */
  gboolean done;                      /* of the operation that is waited for */
  gboolean closed;
  gboolean translates; /* by the path */
  gboolean lenient;    /* unknown events and missing fields are borne */
  GByteArray *audio;   /* of all audio deltas */
} Client;

/* path: after the port, e.g. "/v1/realtime?model=gpt-realtime-2"; NULL: that.
 * headers: name, value, ..., NULL; or NULL. protocols: NULL or a list. */
Client *client_open (Sandbox *sandbox, const gchar *path,
    const gchar *const *headers, const gchar *const *protocols);
void client_free (Client *client);

/* JSON with single quotes for double ones. */
void client_send (Client *client, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);
void client_send_text (Client *client, const gchar *text);
/* input_audio_buffer.append of raw bytes, in one event. */
void client_append (Client *client, gconstpointer data, gsize size);
/* The same in events of `piece` bytes. */
void client_append_pieces (
    Client *client, gconstpointer data, gsize size, gsize piece);

/* The next event of a type, skipping others; the client keeps it. Fails the
 * test after 30 seconds or when the connection closes. */
JsonObject *client_wait (Client *client, const gchar *type);
/* The next event of any type. */
JsonObject *client_next (Client *client);
/* Fails unless the next error has this code; returns its error object. */
JsonObject *client_expect_error (Client *client, const gchar *code);
/* Sends `event`, as client_send() does, and expects its refusal, which blames
 * `param`; NULL: none. */
void client_expect_refusal (
    Client *client, const gchar *event, const gchar *code, const gchar *param);
/* The server ends the connection with that error; frees the client. */
void client_expect_end (Client *client, const gchar *code, guint close_code);
/* The same of a new client at that path, closed with 4000. */
void client_expect_no_way (
    Sandbox *sandbox, const gchar *path, const gchar *code);
/* response.create and what came of it: the response of response.done. params:
 * the event's `response`, or NULL for none. */
JsonObject *client_respond (Client *client, const gchar *params);
/* Sends something with a certain answer and waits for it: all answers to what
 * was sent before are there. */
void client_fence (Client *client);
/* session.update and its answer; the effective session. */
JsonObject *client_configure (Client *client, const gchar *session);
/* Waits for the close; its code. */
guint client_wait_closed (Client *client);
/* How many events of a type came so far. */
guint client_count (Client *client, const gchar *type);
/* Index of the nth (from 0) event of a type among all; -1: none. */
gint client_index (Client *client, const gchar *type, guint nth);
JsonObject *client_event (Client *client, const gchar *type, guint nth);
/* The nth events of these types came in this order. types: ends with NULL. */
void client_expect_order (Client *client, guint nth, const gchar *const *types);
/* `delta` of all events of a type so far, joined; item_id: only of that item,
 * NULL: of all. The caller frees it. */
gchar *client_join (Client *client, const gchar *type, const gchar *item_id);

/* A value by its dotted path, [n] for elements; fails if it is not there. */
JsonNode *json_at (JsonObject *object, const gchar *path);
const gchar *json_text (JsonObject *object, const gchar *path);
gint64 json_int (JsonObject *object, const gchar *path);
gboolean json_null (JsonObject *object, const gchar *path);
gboolean json_has (JsonObject *object, const gchar *path);

/* A sandbox on its own thread; script and options as in sandbox.h. */
Sandbox *start_sandbox (const SandboxOptions *options);
/* One with a script (single quotes) that answers as fast as it can. */
Sandbox *start_script (const gchar *script);

/* What a test stands on: start_script() and one connection to it. */
typedef struct {
  Sandbox *sandbox;
  Client *client;
} Fixture;

/* path: as of client_open(); script: NULL is one without turns. */
void fixture_open (Fixture *fixture, const gchar *path, const gchar *script);
/* For g_test_add(); data: the script. Waits for the session. */
void fixture_set_up (Fixture *fixture, gconstpointer data);
void fixture_tear_down (Fixture *fixture, gconstpointer data);

/* PCM at 24 kHz. */
GByteArray *make_silence (guint ms);
void add_silence (GByteArray *pcm, guint ms);
void add_tone (GByteArray *pcm, guint ms, gint amplitude);
void add_noise (GByteArray *pcm, guint ms, gdouble level_db);
/* A recorded human voice; skips the test and returns NULL if there is none. */
GByteArray *load_voice (void);
GByteArray *decode_base64 (const gchar *text);

G_END_DECLS

#endif
