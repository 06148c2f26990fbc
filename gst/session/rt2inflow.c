/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A WebSocket extension that counts, and changes nothing but a key that the
 * server quotes.
 */
#include "rt2inflow.h"

#include "rt2mask.h"
#include "rt2types.h"

#include <time.h>

/* RFC 6455, 1.3 */
#define WEBSOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define NAME "x-realtime2-inflow"
#define HEADER "Sec-WebSocket-Extensions"

#define FIN 0x80
#define CONTROL 0x08
#define OPCODE 0x0f
#define TEXT 0x01
#define CLOSE 0x08

/* A server pings every some ten seconds. */
#define PINGS_AT_ONCE 1000
#define PINGS_PER_SECOND 100
/* Without a turn of the main loop: bytes, where a frame counts for so many more
 * than it has, and ns of this thread's own time. Both have to be exceeded: much
 * may come in one go from a near server, and a machine may be slow. */
#define BURST (64 * G_GUINT64_CONSTANT (1048576))
#define BURST_PER_FRAME 1024
#define BURST_TIME G_GUINT64_CONSTANT (1000000000)
/* So much of it may come before the main loop is looked at. */
#define BURST_LOOK G_GUINT64_CONSTANT (1048576)

#define RT2_TYPE_INFLOW_EXTENSION (rt2_inflow_extension_get_type ())
G_DECLARE_FINAL_TYPE (Rt2InflowExtension, rt2_inflow_extension, RT2,
    INFLOW_EXTENSION, SoupWebsocketExtension)

struct _Rt2InflowExtension {
  SoupWebsocketExtension parent;
  guint64 max_message; /* 0 = nothing is bounded yet */
  guint64 message;     /* bytes so far of the message that is coming in */
  guint64 burst;       /* since the last turn of the main loop */
  guint64 look;        /* where `burst` is when that is looked at next */
  guint64 turn;        /* the thread's time at that turn, ns */
  gboolean looks;      /* it is looked at now, which is no turn */
  gint64 pinged;       /* when `pings` was true, monotonic, us */
  guint pings;         /* that may still come */
  gboolean drops;
  gchar *key; /* taken out of messages; NULL = none is */
};

G_DEFINE_FINAL_TYPE (
    Rt2InflowExtension, rt2_inflow_extension, SOUP_TYPE_WEBSOCKET_EXTENSION)

struct _Rt2Inflow {
  Rt2InflowExtension *extension;
  GSource *turns;
};

/* -- what is counted ------------------------------------------------------- */

static gboolean
count_ping (Rt2InflowExtension *self, gint64 now)
{
  guint64 more = (now - self->pinged) * PINGS_PER_SECOND / G_USEC_PER_SEC;

  if (more > 0) {
    self->pings = MIN (self->pings + more, PINGS_AT_ONCE);
    self->pinged = now;
  }
  if (self->pings == 0)
    return FALSE;
  self->pings--;
  return TRUE;
}

static guint64
thread_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_GUINT64_CONSTANT (1000000000) + now.tv_nsec;
}

/* The owner wants the main loop more than what comes here: to stop it. */
static gboolean
is_something_urgent (Rt2InflowExtension *self)
{
  gint priority = G_MAXINT;
  gboolean ready;

  self->looks = TRUE;
  ready = g_main_context_prepare (
      g_main_context_get_thread_default (), &priority);
  self->looks = FALSE;
  return ready && priority <= G_PRIORITY_HIGH;
}

static gboolean
count_burst (Rt2InflowExtension *self, gsize size)
{
  self->burst += size + BURST_PER_FRAME;
  if (self->burst < self->look)
    return TRUE;
  self->look = self->burst + BURST_LOOK;
  return !is_something_urgent (self)
      && (self->burst <= BURST || thread_time () - self->turn <= BURST_TIME);
}

static gboolean
count_message (Rt2InflowExtension *self, guint8 first, gsize size)
{
  if (first & OPCODE)
    self->message = 0;
  self->message += size;
  return self->message <= self->max_message;
}

static gboolean
count (Rt2InflowExtension *self, guint8 first, gsize size, GError **error)
{
  gboolean control = first & CONTROL;

  if (!count_burst (self, size))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
        "The server sends without a pause, and faster than it can be read");
  else if (control && !count_ping (self, g_get_monotonic_time ()))
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_BUSY, "The server pings without a pause");
  else if (!control && !count_message (self, first, size))
    g_set_error_literal (error, SOUP_WEBSOCKET_ERROR,
        SOUP_WEBSOCKET_CLOSE_TOO_BIG, "Fragments of a message without an end");
  else
    return TRUE;
  return FALSE;
}

/* Here libsoup has it in what it read from the socket, and nowhere else yet. Of
 * fragments none is looked at: a key may be in two of them. */
static GBytes *
take_key_out (Rt2InflowExtension *self, guint8 first, GBytes *payload)
{
  if (!self->key || !(first & FIN) || (first & OPCODE) != TEXT)
    return payload;
  return rt2_mask_bytes (payload, self->key);
}

static GBytes *
process_incoming_message (SoupWebsocketExtension *extension, guint8 *header,
    GBytes *payload, GError **error)
{
  Rt2InflowExtension *self = RT2_INFLOW_EXTENSION (extension);

  if (self->drops && (header[0] & OPCODE) != CLOSE) {
    g_bytes_unref (payload);
    return g_bytes_new_static ("", 0);
  }
  if (self->drops || self->max_message == 0
      || count (self, header[0], g_bytes_get_size (payload), error))
    return take_key_out (self, header[0], payload);
  g_bytes_unref (payload);
  return NULL;
}

static void
finalize (GObject *object)
{
  rt2_secret_free (RT2_INFLOW_EXTENSION (object)->key);
  G_OBJECT_CLASS (rt2_inflow_extension_parent_class)->finalize (object);
}

static void
rt2_inflow_extension_class_init (Rt2InflowExtensionClass *klass)
{
  SoupWebsocketExtensionClass *extension_class =
      SOUP_WEBSOCKET_EXTENSION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  extension_class->name = NAME;
  extension_class->process_incoming_message = process_incoming_message;
}

static void
rt2_inflow_extension_init (Rt2InflowExtension *self)
{
}

/* -- the handshake ----------------------------------------------------------
 */

/* Whether the server understood the question. What libsoup refuses for this
 * reason must be without extensions: libsoup loses them. */
static gboolean
is_answered (SoupMessage *message)
{
  const gchar *key = soup_message_headers_get_one (
      soup_message_get_request_headers (message), "Sec-WebSocket-Key");
  const gchar *answer = soup_message_headers_get_one (
      soup_message_get_response_headers (message), "Sec-WebSocket-Accept");
  GChecksum *checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize size = sizeof (digest);
  gchar *wanted;
  gboolean answered;

  g_checksum_update (checksum, (const guchar *) (key ? key : ""), -1);
  g_checksum_update (checksum, (const guchar *) WEBSOCKET_GUID, -1);
  g_checksum_get_digest (checksum, digest, &size);
  g_checksum_free (checksum);
  wanted = g_base64_encode (digest, size);
  answered = g_strcmp0 (answer, wanted) == 0;
  g_free (wanted);
  return answered;
}

/* Before libsoup looks at the answer. What the server names itself is not
 * ours, and refused by libsoup. */
static void
on_informational (SoupMessage *message, SoupSession *session)
{
  SoupMessageHeaders *answer = soup_message_get_response_headers (message);

  if (soup_message_get_status (message) != SOUP_STATUS_SWITCHING_PROTOCOLS
      || soup_message_headers_get_list (answer, HEADER) != NULL
      || !is_answered (message))
    return;
  soup_session_add_feature_by_type (session, RT2_TYPE_INFLOW_EXTENSION);
  soup_message_headers_append (
      soup_message_get_request_headers (message), HEADER, NAME);
  soup_message_headers_append (answer, HEADER, NAME);
}

void
rt2_inflow_prepare (SoupSession *session, SoupMessage *message)
{
  /* It brings compression along, which we do not offer. What knows extensions
   * has to be there when the message is queued. */
  soup_session_add_feature_by_type (
      session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  soup_session_remove_feature_by_type (
      session, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  g_signal_connect_object (
      message, "got-informational", G_CALLBACK (on_informational), session, 0);
}

/* -- an open connection -----------------------------------------------------
 */

typedef struct {
  GSource source;
  Rt2InflowExtension *extension;
} Turns;

/* Asked before each turn of the main loop. */
static gboolean
turns_prepare (GSource *source, gint *timeout)
{
  Rt2InflowExtension *extension = ((Turns *) source)->extension;

  *timeout = -1;
  if (extension->looks)
    return FALSE;
  extension->burst = 0;
  extension->look = BURST_LOOK;
  extension->turn = thread_time ();
  return FALSE;
}

static GSourceFuncs turns_funcs = { turns_prepare, NULL, NULL, NULL };

static GSource *
turns_new (Rt2InflowExtension *extension)
{
  GSource *source = g_source_new (&turns_funcs, sizeof (Turns));

  ((Turns *) source)->extension = extension;
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static Rt2InflowExtension *
find_extension (SoupWebsocketConnection *connection)
{
  GList *l = soup_websocket_connection_get_extensions (connection);

  while (l != NULL && !RT2_IS_INFLOW_EXTENSION (l->data))
    l = l->next;
  return l ? g_object_ref (l->data) : NULL;
}

Rt2Inflow *
rt2_inflow_new (
    SoupWebsocketConnection *connection, guint64 max_message, const gchar *key)
{
  Rt2InflowExtension *extension = find_extension (connection);
  Rt2Inflow *inflow;

  if (extension == NULL)
    return NULL;
  extension->max_message = max_message;
  extension->key = rt2_mask_is_safe (key) ? g_strdup (key) : NULL;
  extension->turn = thread_time ();
  extension->look = BURST_LOOK;
  extension->pinged = g_get_monotonic_time ();
  extension->pings = PINGS_AT_ONCE;
  inflow = g_new (Rt2Inflow, 1);
  inflow->extension = extension;
  inflow->turns = turns_new (extension);
  return inflow;
}

void
rt2_inflow_drop (Rt2Inflow *inflow)
{
  if (inflow != NULL)
    inflow->extension->drops = TRUE;
}

void
rt2_inflow_free (Rt2Inflow *inflow)
{
  if (inflow == NULL)
    return;
  g_source_destroy (inflow->turns);
  g_source_unref (inflow->turns);
  g_object_unref (inflow->extension);
  g_free (inflow);
}
