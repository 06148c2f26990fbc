/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One session: its state from session.created to the end. */
#include "session.h"

#include "call.h"
#include "dispatch.h"
#include "hearing.h"
#include "items.h"
#include "mcp.h"
#include "response.h"
#include "translation.h"
#include "turns.h"

void
admission_clear (Admission *admission)
{
  g_clear_pointer (&admission->model, g_free);
  g_clear_pointer (&admission->call_id, g_free);
  g_clear_pointer (&admission->preset, json_object_unref);
}

GSource *
session_later (guint64 ms, GSourceFunc function, gpointer data)
{
  GSource *source = g_timeout_source_new (MIN (ms, G_MAXUINT));

  g_source_set_callback (source, function, data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

/* Parameters that a client secret was made with: checked then. */
static void
preset (Session *session, JsonObject *parameters)
{
  ConfigLocks locks = { 0 };
  Fault fault = { 0 };

  if (parameters != NULL)
    config_update (session->config, parameters, &locks, &fault);
  fault_clear (&fault);
}

Session *
session_new (Host *host, const SessionOutlet *outlet, gpointer link,
    guint connection, guint seed, const Admission *admission)
{
  Session *session = g_new0 (Session, 1);
  gboolean translates = admission->kind == SESSION_TRANSLATION;
  g_autofree gchar *id = NULL;

  session->host = host;
  session->outlet = outlet;
  session->link = link;
  session->connection = connection;
  session->rand = g_rand_new_with_seed (seed);
  id = wire_make_id (session->rand, "sess");
  session->conversation_id = wire_make_id (session->rand, "conv");
  session->config = config_new (admission->kind, id, admission->model,
      g_get_real_time () / G_USEC_PER_SEC + host->session_seconds,
      admission->azure);
  preset (session, admission->preset);
  session->conversation = conversation_new ();
  session->mcp = mcp_new (session);
  session->input = input_new (
      translates ? &translation_listener : &turns_listener, session);
  session->own_cursor.script = host->script;
  session->cursor = host->script != NULL && host->script->shared
      ? &host->cursor
      : &session->own_cursor;
  session->aside = g_ptr_array_new ();
  session->hearings = g_ptr_array_new_with_free_func (hearing_free);
  if (translates)
    session->translation = translation_new (session);
  if (admission->call_id != NULL)
    session->call = call_new (session);
  turns_configure (session);
  return session;
}

void
session_free (Session *session)
{
  if (session->expiry != NULL)
    g_source_destroy (session->expiry);
  g_clear_pointer (&session->expiry, g_source_unref);
  response_abandon_all (session);
  hearing_drop (session);
  mcp_free (session->mcp);
  g_clear_pointer (&session->call, call_free);
  g_clear_pointer (&session->translation, translation_free);
  g_ptr_array_unref (session->aside);
  g_ptr_array_unref (session->hearings);
  g_free (session->speech_item_id);
  input_free (session->input);
  conversation_free (session->conversation);
  config_free (session->config);
  g_free (session->conversation_id);
  g_rand_free (session->rand);
  g_free (session);
}

static gboolean
expire (gpointer data)
{
  Session *session = data;
  Fault fault = { 0 };
  guint seconds = session->host->session_seconds;
  g_autofree gchar *age = seconds % 60 == 0
      ? g_strdup_printf ("%u minutes", seconds / 60)
      : g_strdup_printf ("%u seconds", seconds);

  fault_set (&fault, "session_expired", NULL,
      "Your session hit the maximum duration of %s.", age);
  session_refuse (session, "invalid_request_error", &fault, NULL);
  session_close (session, 1001, NULL);
  return G_SOURCE_REMOVE;
}

static void
announce_conversation (Session *session)
{
  JsonObject *event = session_event (session, "conversation.created");
  JsonObject *conversation = json_object_new ();

  json_object_set_string_member (conversation, "id", session->conversation_id);
  json_object_set_string_member (
      conversation, "object", "realtime.conversation");
  json_object_set_object_member (event, "conversation", conversation);
  session_send (session, event);
}

void
session_start (Session *session)
{
  JsonObject *event = session_event (session, "session.created");
  guint seconds = session->host->session_seconds;

  json_object_set_object_member (
      event, "session", json_object_ref (session->config->session));
  session_send (session, event);
  if (session->host->strange & STRANGE_CONVERSATION)
    announce_conversation (session);
  mcp_configure (session->mcp);
  if (session->call != NULL)
    call_begin (session->call);
  session->expiry = session_later ((guint64) seconds * 1000, expire, session);
}

void
session_send (Session *session, JsonObject *event)
{
  JsonObject *odd = strange_event (
      session->host->strange, session->rand, session->events_sent);

  session->events_sent++;
  strange_apply (session->host->strange, event);
  if (odd != NULL) {
    session->outlet->send (session->link, odd);
    json_object_unref (odd);
  }
  session->outlet->send (session->link, event);
  json_object_unref (event);
}

JsonObject *
session_event (Session *session, const gchar *type)
{
  return wire_event (session->rand, type);
}

void
session_close (Session *session, guint code, const gchar *reason)
{
  session->outlet->close (session->link, code, reason);
}

void
session_refuse (
    Session *session, const gchar *type, Fault *fault, const gchar *event_id)
{
  session_send (session, wire_error (session->rand, type, fault, event_id));
  fault_clear (fault);
}

void
session_send_item (
    Session *session, const gchar *type, Item *item, gboolean with_phase)
{
  JsonObject *event = session_event (session, type);

  wire_set_string (event, "previous_item_id",
      conversation_previous (session->conversation, item));
  json_object_set_object_member (event, "item", items_show (item, with_phase));
  session_publish (session);
  session_send (session, event);
}

void
session_publish (Session *session)
{
  GPtrArray *copies = books_new_items ();
  guint i;

  for (i = 0; i < session->conversation->items->len; i++) {
    Item *item = g_ptr_array_index (session->conversation->items, i);
    SandboxItem *copy = g_new0 (SandboxItem, 1);

    copy->connection = session->connection;
    copy->id = g_strdup (item->id);
    copy->type = g_strdup (item_type (item));
    copy->role = g_strdup (item_role (item));
    copy->status = g_strdup (wire_string (item->json, "status"));
    copy->phase = g_strdup (wire_string (item->json, "phase"));
    copy->text = item_dup_text (item);
    copy->audio_ms = item_audio_ms (item);
    copy->truncated_ms = item->truncated_ms;
    g_ptr_array_add (copies, copy);
  }
  books_set_items (session->host->books, session->connection, copies);
}

static void
take_note (Session *session, JsonObject *event)
{
  const gchar *type = wire_string (event, "type");
  guint64 audio_bytes = books_received (
      session->host->books, session->connection, event);

  if (type != NULL)
    visits_event (
        session->host->visits, session->connection, type, audio_bytes);
}

void
session_receive (Session *session, const gchar *text, gsize size)
{
  g_autoptr (JsonObject) event = wire_parse (text, size);
  Fault fault = { 0 };

  if (event != NULL) {
    take_note (session, event);
    dispatch_event (session, event);
    return;
  }
  fault_set (&fault, "invalid_json", NULL,
      "Invalid event: failed to parse JSON value.");
  session_refuse (session, "invalid_request_error", &fault, NULL);
}

void
session_receive_binary (Session *session)
{
  Fault fault = { 0 };

  fault_set (&fault, "invalid_event", NULL,
      "Expected a text WebSocket message; binary frames are not supported.");
  session_refuse (session, "invalid_request_error", &fault, NULL);
}
