/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records what a transport calls back.
 */
#include "testclient.h"

#include <string.h>

#define PATIENCE_SECONDS 30

static void
run_hook (TestClient *client, TestHook hook)
{
  if (hook != NULL)
    hook (client);
}

static void
on_opened (gpointer user_data)
{
  TestClient *client = user_data;

  g_assert_false (client->quiet);
  g_assert_true (rt2_transport_is_open (client->transport));
  client->opened++;
  run_hook (client, client->on_opened);
}

static void
on_message (gpointer user_data, const gchar *text, gsize size)
{
  TestClient *client = user_data;

  g_assert_false (client->quiet);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpint (text[size], ==, '\0');
  g_ptr_array_add (client->messages, g_strdup (text));
  client->last_size = size;
  run_hook (client, client->on_message);
}

static void
on_writable (gpointer user_data)
{
  TestClient *client = user_data;

  g_assert_false (client->quiet);
  client->writable++;
  run_hook (client, client->on_writable);
}

static void
on_closed (gpointer user_data, const Rt2Fault *fault)
{
  TestClient *client = user_data;

  g_assert_false (client->quiet);
  g_assert_nonnull (fault);
  g_assert_false (rt2_transport_is_open (client->transport));
  client->closed++;
  rt2_fault_free (client->fault);
  client->fault = rt2_fault_copy (fault);
  run_hook (client, client->on_closed);
}

static const Rt2TransportListener listener = {
  on_opened,
  on_message,
  on_writable,
  on_closed,
};

TestClient *
test_client_new (void)
{
  TestClient *client = g_new0 (TestClient, 1);

  client->context = g_main_context_new ();
  g_main_context_push_thread_default (client->context);
  client->transport = rt2_transport_new (&listener, client);
  client->config = rt2_transport_config_new ();
  client->config->api_key = g_strdup (TEST_KEY);
  client->messages = g_ptr_array_new_with_free_func (g_free);
  return client;
}

void
test_client_free_transport (TestClient *client)
{
  rt2_transport_free (client->transport);
  client->transport = NULL;
  client->quiet = TRUE;
}

void
test_client_free (TestClient *client)
{
  if (client == NULL)
    return;

  test_client_free_transport (client);
  rt2_transport_settle ();
  test_client_run_idle (client);
  g_main_context_pop_thread_default (client->context);
  g_main_context_unref (client->context);
  rt2_transport_config_free (client->config);
  g_ptr_array_unref (client->messages);
  rt2_fault_free (client->fault);
  g_free (client);
}

void
test_client_connect (TestClient *client, const gchar *url)
{
  g_free (client->config->url);
  client->config->url = g_strdup (url);
  client->quiet = TRUE;
  rt2_transport_connect (client->transport, client->config);
  client->quiet = FALSE;
}

static gboolean
on_patience_over (gpointer unused)
{
  g_error ("test client: waited in vain");
  return G_SOURCE_REMOVE;
}

void
test_client_wait (TestClient *client, const guint *counter, guint n)
{
  GSource *patience = g_timeout_source_new_seconds (PATIENCE_SECONDS);

  g_source_set_callback (patience, on_patience_over, NULL, NULL);
  g_source_attach (patience, client->context);
  while (*counter < n)
    g_main_context_iteration (client->context, TRUE);
  g_source_destroy (patience);
  g_source_unref (patience);
}

void
test_client_wait_messages (TestClient *client, guint n)
{
  test_client_wait (client, &client->messages->len, n);
}

void
test_client_run_idle (TestClient *client)
{
  while (g_main_context_iteration (client->context, FALSE))
    ;
}

void
test_client_run_for (TestClient *client, gint64 us)
{
  gint64 end = g_get_monotonic_time () + us;
  GSource *alarm = g_timeout_source_new (us / 1000);

  g_source_set_dummy_callback (alarm);
  g_source_attach (alarm, client->context);
  while (client->closed == 0 && g_get_monotonic_time () < end)
    g_main_context_iteration (client->context, TRUE);
  g_source_destroy (alarm);
  g_source_unref (alarm);
}

static void
assert_no_key (const gchar *text, const gchar *key)
{
  g_assert_true (text == NULL || key == NULL || *key == '\0'
      || strstr (text, key) == NULL);
}

void
test_client_expect_fault (TestClient *client, Rt2FaultKind kind)
{
  const gchar *key = client->config->api_key;

  test_client_wait (client, &client->closed, 1);
  test_client_run_idle (client);
  g_test_message ("%s %s (%s)", client->fault->message, client->fault->hint,
      client->fault->debug);
  g_assert_cmpuint (client->closed, ==, 1);
  g_assert_cmpint (client->fault->kind, ==, kind);
  g_assert_nonnull (client->fault->message);
  g_assert_nonnull (client->fault->hint);
  assert_no_key (client->fault->message, key);
  assert_no_key (client->fault->hint, key);
  assert_no_key (client->fault->debug, key);
  assert_no_key (client->fault->server_code, key);
}
