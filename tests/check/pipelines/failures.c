/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ways in which a connection fails for good.
 */
#include "failures.h"

#include "testpeer.h"

#define CODE(name) .code = GST_RESOURCE_ERROR_##name

const Failure failures[] = {
  { "no-key", FAILURE_DEFAULT_URI, CODE (SETTINGS),
      .says = { "no API key", "OPENAI_API_KEY", "api-key" },
      .launch_says = { "no API key", "OPENAI_API_KEY" } },
  { "refused", FAILURE_NOBODY, .keyed = TRUE, CODE (OPEN_READ_WRITE),
      .says = { "127.0.0.1", "listens", "server", "uri" },
      .launch_says = { "listens", "uri" } },
  { "unknown-host", FAILURE_UNKNOWN_NAME, .keyed = TRUE, CODE (OPEN_READ_WRITE),
      .says = { "realtime.invalid", "name", "resolved", "uri" },
      .launch_says = { "realtime.invalid", "uri" } },
  { "http-401", FAILURE_SERVER, .http_status = 401,
      .error_code = "invalid_api_key", .keyed = TRUE, CODE (NOT_AUTHORIZED),
      .says = { "refused", "key", "401", "OPENAI_API_KEY" },
      .launch_says = { "refused", "key", "OPENAI_API_KEY" } },
  { "http-403", FAILURE_SERVER, .http_status = 403, .keyed = TRUE,
      CODE (NOT_AUTHORIZED), .says = { "refused", "key", "403" },
      .launch_says = { "refused", "key" } },
  { "http-404", FAILURE_SERVER, .http_status = 404,
      .error_code = "model_not_found", .keyed = TRUE, CODE (NOT_FOUND),
      .says = { "404", "model", "uri" }, .launch_says = { "model", "uri" } },
  { "http-429", FAILURE_SERVER, .http_status = 429,
      .error_code = "insufficient_quota", .keyed = TRUE, CODE (BUSY),
      .says = { "billing", "account" }, .launch_says = { "billing" } },
  { "unknown-ca", FAILURE_SERVER, .tls = TEST_TLS_UNKNOWN_CA, .keyed = TRUE,
      CODE (OPEN_READ_WRITE), .says = { "certificate", "authority", "trust" },
      .launch_says = { "certificate" } },
  { "wrong-host", FAILURE_SERVER, .tls = TEST_TLS_WRONG_HOST, .keyed = TRUE,
      CODE (OPEN_READ_WRITE), .says = { "certificate", "another host", "uri" },
      .launch_says = { "certificate" } },
  { "expired", FAILURE_SERVER, .tls = TEST_TLS_EXPIRED, .keyed = TRUE,
      CODE (OPEN_READ_WRITE), .says = { "certificate", "expired", "clock" },
      .launch_says = { "certificate" } },
  { "close-3000", FAILURE_SERVER, .close_code = 3000,
      .error_code = "invalid_api_key", .keyed = TRUE, CODE (NOT_AUTHORIZED),
      .says = { "refused", "key", "OPENAI_API_KEY" },
      .launch_says = { "refused", "key", "OPENAI_API_KEY" } },
  { "close-3000-bare", FAILURE_SERVER, .close_code = 3000, .keyed = TRUE,
      CODE (NOT_AUTHORIZED), .says = { "refused", "key", "OPENAI_API_KEY" },
      .launch_says = { "refused", "key" } },
  { "close-4000", FAILURE_SERVER, .close_code = 4000,
      .error_code = "invalid_model", .keyed = TRUE, CODE (NOT_FOUND),
      .says = { "model", "uri" }, .launch_says = { "model" } },
  { "close-4000-beta", FAILURE_SERVER, .close_code = 4000,
      .error_code = "beta_api_shape_disabled", .keyed = TRUE, CODE (SETTINGS),
      .says = { "session-config", "plugin" },
      .launch_says = { "session-config" } },
  { "close-1008", FAILURE_SERVER, .close_code = 1008, .keyed = TRUE,
      CODE (READ), .says = { "1008", "reason" }, .launch_says = { "1008" } },
  { NULL },
};

struct _Scene {
  const Failure *failure;
  TestServer *server; /* or NULL */
  gchar *uri;         /* or NULL */
};

static gchar *
error_text (const Failure *failure, const gchar *prefix)
{
  return g_strdup_printf (
      "{%s\"error\":{\"type\":\"invalid_request_error\",\"code\":\"%s\","
      "\"message\":\"Not with %s.\",\"param\":null,\"event_id\":null}}",
      prefix, failure->error_code ? failure->error_code : "forbidden",
      FAILURE_KEY);
}

static void
on_opened (TestServer *server, guint connection, gpointer data)
{
  const Failure *failure = ((Scene *) data)->failure;
  g_autofree gchar *event = error_text (
      failure, "\"type\":\"error\",\"event_id\":\"event_1\",");
  g_autofree gchar *reason = g_strdup_printf ("Not with %s.", FAILURE_KEY);

  if (failure->error_code != NULL)
    test_server_send (server, connection, event);
  test_server_close (server, connection, failure->close_code, reason);
}

static void
open_server (Scene *scene)
{
  static const TestServerScript script = { .opened = on_opened };
  const Failure *failure = scene->failure;

  scene->server = test_server_new (
      failure->tls, failure->close_code ? &script : NULL, scene);
  scene->uri = g_strdup_printf ("%s://127.0.0.1:%u/v1/realtime",
      failure->tls == TEST_TLS_NONE ? "ws" : "wss",
      test_server_get_port (scene->server));
  if (failure->http_status != 0) {
    g_autofree gchar *body = error_text (failure, "");

    test_server_refuse (scene->server, failure->http_status, body, NULL);
  }
}

Scene *
failure_stage (const Failure *failure)
{
  Scene *scene = g_new0 (Scene, 1);

  scene->failure = failure;
  if (failure->place == FAILURE_NOBODY)
    scene->uri = g_strdup_printf (
        "ws://127.0.0.1:%u/v1/realtime", test_peer_find_closed_port ());
  else if (failure->place == FAILURE_UNKNOWN_NAME)
    scene->uri = g_strdup ("wss://realtime.invalid/v1/realtime");
  else if (failure->place == FAILURE_SERVER)
    open_server (scene);
  return scene;
}

void
scene_free (Scene *scene)
{
  g_clear_pointer (&scene->server, test_server_free);
  g_free (scene->uri);
  g_free (scene);
}

const gchar *
scene_get_uri (Scene *scene)
{
  return scene->uri;
}

/* -- a resolver that knows nobody -------------------------------------------
 */

#define TEST_TYPE_RESOLVER (test_resolver_get_type ())
G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GResolver)

struct _TestResolver {
  GResolver parent;
};

G_DEFINE_FINAL_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static void
lookup_with_flags_async (GResolver *resolver, const gchar *host,
    GResolverNameLookupFlags flags, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, data);

  g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
      "Error resolving \"%s\": Name or service not known", host);
}

static void
lookup_async (GResolver *resolver, const gchar *host, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer data)
{
  lookup_with_flags_async (resolver, host, 0, cancellable, callback, data);
}

static GList *
lookup_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  resolver_class->lookup_by_name_async = lookup_async;
  resolver_class->lookup_by_name_finish = lookup_finish;
  resolver_class->lookup_by_name_with_flags_async = lookup_with_flags_async;
  resolver_class->lookup_by_name_with_flags_finish = lookup_finish;
}

static void
test_resolver_init (TestResolver *resolver)
{
}

void
failure_forget_names (void)
{
  g_autoptr (GResolver) resolver = g_object_new (TEST_TYPE_RESOLVER, NULL);

  g_resolver_set_default (resolver);
}
