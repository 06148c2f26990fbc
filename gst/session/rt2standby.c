/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection in the background.
 */
#include "rt2standby.h"

#include <string.h>

#include "rt2protocolpriv.h"
#include "rt2session.h"
#include "rt2thread.h"

struct _Rt2Standby {
  GThread *thread;                    /* that made it, and alone may use it */
  const Rt2StandbyListener *listener; /* static */
  gpointer owner;                     /* of the listener's calls */
  Rt2StandbyState state;
  Rt2Transport *transport; /* NULL once it was taken */
  gchar *key;              /* of the connection, to keep it out of texts */
  guint64 step;            /* ns that each step may take, 0 = for ever */
  GSource *timer;          /* of the step */
  gchar *update;           /* session.update, until it is sent */
  gchar *update_id;        /* its event id */
  guint mcp;               /* lists of tools that are still to come */
  Rt2SessionInfo *created; /* of session.created */
  Rt2SessionInfo *info;    /* of session.updated */
  gint64 birth, wall;      /* when session.created came, us: monotonic, unix */
  gchar *error_code;       /* of an `error` event that a close will follow */
  gchar *error_message;    /* likewise */
};

static void
disarm (Rt2Standby *standby)
{
  if (!standby->timer)
    return;
  g_source_destroy (standby->timer);
  g_clear_pointer (&standby->timer, g_source_unref);
}

static void
arm (Rt2Standby *standby, guint64 ns, GSourceFunc func)
{
  disarm (standby);
  standby->timer = g_timeout_source_new (MIN (ns / 1000000, G_MAXUINT));
  g_source_set_callback (standby->timer, func, standby, NULL);
  g_source_attach (standby->timer, g_main_context_get_thread_default ());
}

/* Takes @fault over. The last thing that is done with the standby. */
static void
fail (Rt2Standby *standby, Rt2Fault *fault)
{
  disarm (standby);
  rt2_fault_redact (fault, standby->key);
  standby->state = RT2_STANDBY_FAILED;
  rt2_transport_close (standby->transport);
  standby->listener->failed (standby->owner, fault);
  rt2_fault_free (fault);
}

static gboolean
on_step_timeout (gpointer data)
{
  Rt2Standby *standby = data;

  fail (standby,
      rt2_fault_new (RT2_FAULT_TIMEOUT,
          "The server took the connection but %s within the time allowed.",
          standby->created ? "did not accept the configuration"
                           : "opened no session"));
  return G_SOURCE_REMOVE;
}

static void
await_step (Rt2Standby *standby)
{
  if (standby->step > 0)
    arm (standby, standby->step, on_step_timeout);
}

static void
become_ready (Rt2Standby *standby)
{
  disarm (standby);
  standby->state = RT2_STANDBY_READY;
  standby->listener->ready (standby->owner);
}

static gboolean
on_mcp_timeout (gpointer data)
{
  become_ready (data);
  return G_SOURCE_REMOVE;
}

static void
on_opened (gpointer user_data)
{
  await_step (user_data);
}

/* Each of the handlers below may be the last thing that is done with the
 * standby. */

static void
on_created (Rt2Standby *standby, Rt2Event *event)
{
  if (standby->created)
    return;
  standby->created = g_steal_pointer (&event->session);
  standby->birth = g_get_monotonic_time ();
  standby->wall = g_get_real_time ();
  standby->state = RT2_STANDBY_CONFIGURING;
  rt2_transport_send (standby->transport, standby->update);
  g_clear_pointer (&standby->update, g_free);
  await_step (standby);
}

static void
on_updated (Rt2Standby *standby, Rt2Event *event)
{
  if (standby->state != RT2_STANDBY_CONFIGURING)
    return;
  disarm (standby);
  standby->info = g_steal_pointer (&event->session);
  standby->state = RT2_STANDBY_SEEDED;
  arm (standby, standby->mcp > 0 ? RT2_SESSION_MCP_WAIT : 0, on_mcp_timeout);
  standby->listener->configured (standby->owner, standby->info);
}

static void
on_mcp_listed (Rt2Standby *standby)
{
  if (standby->mcp == 0 || --standby->mcp > 0)
    return;
  if (standby->state == RT2_STANDBY_SEEDED)
    become_ready (standby);
}

static void
refuse (Rt2Standby *standby, const Rt2ServerError *error)
{
  Rt2Fault *fault = rt2_fault_new (RT2_FAULT_SETTINGS,
      "The server refused the configuration%s%s: %s",
      error->param ? " at " : "", error->param ? error->param : "",
      error->message ? error->message : "no reason given");

  fault->server_code = g_strdup (error->code);
  fail (standby, fault);
}

static void
note_reason (Rt2Standby *standby, const Rt2ServerError *error)
{
  g_free (standby->error_code);
  g_free (standby->error_message);
  standby->error_code = g_strdup (error->code);
  standby->error_message = g_strdup (error->message);
}

static void
on_error (Rt2Standby *standby, const Rt2ServerError *error)
{
  if (rt2_fault_code_is_fatal (error->code)) {
    fail (standby, rt2_fault_from_close (0, NULL, error->code, error->message));
    return;
  }
  if (g_strcmp0 (error->code, "session_expired") == 0)
    note_reason (standby, error);
  else if (standby->state == RT2_STANDBY_CONFIGURING
      && (!error->event_id
          || g_str_equal (error->event_id, standby->update_id)))
    refuse (standby, error);
  else
    standby->listener->error (standby->owner, error);
}

static void
on_message (gpointer user_data, const gchar *text, gsize size)
{
  Rt2Standby *standby = user_data;
  g_autoptr (Rt2Event) event = rt2_event_parse (text, size, NULL);

  if (!event)
    return;
  rt2_event_redact (event, standby->key);
  switch (event->type) {
    case RT2_EVENT_SESSION_CREATED:
      on_created (standby, event);
      break;
    case RT2_EVENT_SESSION_UPDATED:
      on_updated (standby, event);
      break;
    case RT2_EVENT_MCP_LIST_COMPLETED:
    case RT2_EVENT_MCP_LIST_FAILED:
      on_mcp_listed (standby);
      break;
    case RT2_EVENT_ERROR:
      on_error (standby, event->error);
      break;
    default:
      break;
  }
}

static void
on_writable (gpointer user_data)
{
}

static void
on_closed (gpointer user_data, const Rt2Fault *fault)
{
  Rt2Standby *standby = user_data;

  fail (standby,
      standby->error_code ? rt2_fault_from_close (fault->close_code,
          fault->debug, standby->error_code, standby->error_message)
                          : rt2_fault_copy (fault));
}

static const Rt2TransportListener transport_listener = {
  .opened = on_opened,
  .message = on_message,
  .writable = on_writable,
  .closed = on_closed,
};

Rt2Standby *
rt2_standby_new (const Rt2StandbyListener *listener, gpointer owner,
    const Rt2TransportConfig *config, const gchar *update,
    const gchar *update_id, guint mcp)
{
  Rt2Standby *standby = g_new0 (Rt2Standby, 1);

  standby->thread = g_thread_self ();
  standby->listener = listener;
  standby->owner = owner;
  standby->update = g_strdup (update);
  standby->update_id = g_strdup (update_id);
  standby->mcp = mcp;
  standby->step = config->connect_timeout;
  standby->key = g_strdup (config->api_key);
  standby->transport = rt2_transport_new (&transport_listener, standby);
  rt2_transport_connect (standby->transport, config);
  return standby;
}

void
rt2_standby_free (Rt2Standby *standby)
{
  if (!standby)
    return;
  RT2_ASSERT_THREAD (standby->thread);
  disarm (standby);
  if (standby->transport) {
    rt2_transport_close (standby->transport);
    rt2_transport_free (standby->transport);
  }
  if (standby->key)
    explicit_bzero (standby->key, strlen (standby->key));
  g_free (standby->key);
  g_free (standby->update);
  g_free (standby->update_id);
  rt2_session_info_free (standby->created);
  rt2_session_info_free (standby->info);
  g_free (standby->error_code);
  g_free (standby->error_message);
  g_free (standby);
}

Rt2StandbyState
rt2_standby_get_state (const Rt2Standby *standby)
{
  RT2_ASSERT_THREAD (standby->thread);
  return standby->state;
}

Rt2Transport *
rt2_standby_get_transport (Rt2Standby *standby)
{
  RT2_ASSERT_THREAD (standby->thread);
  return standby->transport;
}

const Rt2SessionInfo *
rt2_standby_get_created (const Rt2Standby *standby)
{
  RT2_ASSERT_THREAD (standby->thread);
  return standby->created;
}

const Rt2SessionInfo *
rt2_standby_get_info (const Rt2Standby *standby)
{
  RT2_ASSERT_THREAD (standby->thread);
  return standby->info;
}

gint64
rt2_standby_get_birth (const Rt2Standby *standby, gint64 *wall)
{
  RT2_ASSERT_THREAD (standby->thread);
  *wall = standby->wall;
  return standby->birth;
}

Rt2Transport *
rt2_standby_steal (Rt2Standby *standby, const Rt2TransportListener *listener,
    gpointer user_data)
{
  RT2_ASSERT_THREAD (standby->thread);
  g_return_val_if_fail (standby->state == RT2_STANDBY_READY, NULL);

  rt2_transport_set_listener (standby->transport, listener, user_data);
  return g_steal_pointer (&standby->transport);
}
