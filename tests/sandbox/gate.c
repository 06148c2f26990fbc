/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is let in, and to what: paths, keys, models, calls. */
#include "gate.h"

#include <string.h>

#include "models.h"

#define KEY_PROTOCOL "openai-insecure-api-key."
/* Of a sideband, whose call has one already. */
#define CALL_MODEL "gpt-realtime-2"

/* ---- the request ---- */

static const gchar *
path_of (SoupServerMessage *message)
{
  return g_uri_get_path (soup_server_message_get_uri (message));
}

static gboolean
is_azure (SoupServerMessage *message)
{
  return g_str_has_prefix (path_of (message), "/openai/");
}

static gboolean
is_translation (SoupServerMessage *message)
{
  return strstr (path_of (message), PATH_TRANSLATIONS) != NULL;
}

static gchar *
dup_query (SoupServerMessage *message, const gchar *name)
{
  GUri *uri = soup_server_message_get_uri (message);
  g_autoptr (GHashTable) query = NULL;

  if (g_uri_get_query (uri) == NULL)
    return NULL;
  query = soup_form_decode (g_uri_get_query (uri));
  return g_strdup (g_hash_table_lookup (query, name));
}

static const gchar *
header_of (SoupServerMessage *message, const gchar *name)
{
  return soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), name);
}

/* The key among the sub-protocols; transfer full. */
static gchar *
dup_offered_key (SoupServerMessage *message)
{
  const gchar *list = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message),
      "Sec-WebSocket-Protocol");
  g_auto (GStrv) names = g_strsplit (list != NULL ? list : "", ",", -1);
  guint i;

  for (i = 0; names[i] != NULL; i++)
    if (g_str_has_prefix (g_strstrip (names[i]), KEY_PROTOCOL))
      return g_strdup (names[i] + strlen (KEY_PROTOCOL));
  return NULL;
}

/* Azure takes its own header and a query, and no key as a sub-protocol. */
static gchar *
dup_key (SoupServerMessage *message)
{
  const gchar *bearer = header_of (message, "Authorization");

  if (bearer != NULL && g_ascii_strncasecmp (bearer, "Bearer ", 7) == 0)
    return g_strdup (bearer + 7);
  if (!is_azure (message))
    return dup_offered_key (message);
  if (header_of (message, "api-key") != NULL)
    return g_strdup (header_of (message, "api-key"));
  return dup_query (message, "api-key");
}

static gboolean
is_right_key (Gate *gate, const gchar *key)
{
  const Secret *secret = secrets_find (gate->secrets, key);

  if (secret != NULL)
    return !secret_is_expired (secret);
  return gate->api_key == NULL || g_strcmp0 (gate->api_key, key) == 0;
}

/* ---- answers in HTTP ---- */

static void
answer (Gate *gate, SoupServerMessage *message, guint status, JsonObject *body)
{
  gchar *printed = wire_print (body);

  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (
      message, "application/json", SOUP_MEMORY_TAKE, printed, strlen (printed));
  visits_request (gate->host->visits, message, status, 0);
}

static void
answer_error (Gate *gate, SoupServerMessage *message, guint status,
    const gchar *type, const gchar *code, const gchar *text, const gchar *param)
{
  g_autoptr (JsonObject) body = json_object_new ();
  JsonObject *error = json_object_new ();

  json_object_set_string_member (error, "message", text);
  json_object_set_string_member (error, "type", type);
  wire_set_string (error, "code", code);
  wire_set_string (error, "param", param);
  json_object_set_object_member (body, "error", error);
  answer (gate, message, status, body);
}

static gboolean
refuse (Gate *gate, SoupServerMessage *message, guint status, const gchar *code,
    const gchar *text)
{
  answer_error (gate, message, status, "invalid_request_error", code, text, "");
  return TRUE;
}

static gboolean
refuse_on_demand (
    Gate *gate, SoupServerMessage *message, const Failure *failure)
{
  g_autofree gchar *seconds = g_strdup_printf ("%u", failure->retry_after);

  if (failure->retry_after > 0)
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "Retry-After",
        seconds);
  answer_error (gate, message, failure->status, failure->type, failure->code,
      failure->message, NULL);
  return TRUE;
}

void
gate_answer_unknown (Gate *gate, SoupServerMessage *message)
{
  refuse (gate, message, 404, NULL,
      "This sandbox answers WebSocket connections to " PATH_OPENAI
      "?model=gpt-realtime-2 or ?intent=transcription, and to " PATH_OPENAI
          PATH_TRANSLATIONS "?model=gpt-realtime-translate.");
}

/* ---- upgrades ---- */

static gboolean
is_known_path (const gchar *path)
{
  return g_str_equal (path, PATH_OPENAI) || g_str_equal (path, PATH_AZURE)
      || g_str_equal (path, PATH_OPENAI PATH_TRANSLATIONS)
      || g_str_equal (path, PATH_AZURE PATH_TRANSLATIONS);
}

/* The key that made a call cannot look at it; a standard key is wanted. */
static gboolean
is_known_call (Gate *gate, const gchar *call_id, const gchar *key)
{
  return gate->calls != NULL
      && g_strv_contains ((const gchar *const *) gate->calls, call_id)
      && secrets_find (gate->secrets, key) == NULL;
}

static gboolean
is_for_another_path (SoupServerMessage *message, const gchar *model)
{
  return model != NULL && !is_translation (message)
      && (strstr (model, "translate") != NULL
          || strstr (model, "whisper") != NULL);
}

static gboolean
refuse_azure (Gate *gate, SoupServerMessage *message, const gchar *key)
{
  g_autofree gchar *model = dup_query (message, "model");
  g_autofree gchar *version = dup_query (message, "api-version");

  if (!is_right_key (gate, key))
    return refuse (gate, message, 401, "401",
        "Access denied due to invalid subscription key.");
  if (version != NULL)
    return refuse (gate, message, 404, "404",
        "Resource not found: this path takes no 'api-version'.");
  if (is_for_another_path (message, model))
    return refuse (gate, message, 400, "OperationNotSupported",
        "The operation does not work with the specified model.");
  return FALSE;
}

gboolean
gate_refuse (Gate *gate, SoupServerMessage *message)
{
  g_autofree gchar *call_id = dup_query (message, "call_id");
  g_autofree gchar *key = dup_key (message);
  const Failure *failure;

  if (!is_known_path (path_of (message))) {
    gate_answer_unknown (gate, message);
    return TRUE;
  }
  failure = faults_next (gate->host->faults, FAULT_HTTP);
  if (failure != NULL)
    return refuse_on_demand (gate, message, failure);
  if (is_azure (message) && refuse_azure (gate, message, key))
    return TRUE;
  if (call_id != NULL && !is_known_call (gate, call_id, key))
    return refuse (gate, message, 404, "call_id_not_found",
        "No session found for the provided call_id");
  return FALSE;
}

/* ---- after the upgrade ---- */

static gboolean
check_key (
    Gate *gate, SoupServerMessage *message, Fault *fault, guint *close_code)
{
  g_autofree gchar *key = dup_key (message);

  if (header_of (message, "OpenAI-Beta") != NULL)
    return fault_set (fault, "beta_api_shape_disabled", NULL,
        "The Realtime Beta API is no longer supported. Please use "
        "/v1/realtime for the GA API.");
  if (is_right_key (gate, key))
    return TRUE;
  *close_code = 3000;
  return fault_set (fault, "invalid_api_key", NULL,
      "Incorrect API key provided. It is not the one that this sandbox was "
      "started with, or it has expired.");
}

/* Exactly one of model, intent and call_id. */
static gboolean
check_query (Admission *admission, const gchar *intent, Fault *fault)
{
  gboolean translates = admission->kind == SESSION_TRANSLATION;

  if (intent != NULL && (translates || !g_str_equal (intent, "transcription")))
    return fault_set (fault, "invalid_value", "intent",
        "The intent '%s' is not supported here.", intent);
  if (admission->kind == SESSION_TRANSCRIPTION && admission->model != NULL)
    return fault_set (fault, "invalid_model", NULL,
        "Model \"%s\" must not be in the URL of a transcription session: put "
        "it into session.audio.input.transcription.model.",
        admission->model);
  if (admission->call_id != NULL && admission->model != NULL)
    return fault_set (fault, "invalid_model", NULL,
        "A model must not be given with a call_id: the call has one.");
  return TRUE;
}

static void
read_query (SoupServerMessage *message, Admission *admission)
{
  g_autofree gchar *intent = dup_query (message, "intent");

  admission->azure = is_azure (message);
  admission->model = dup_query (message, "model");
  admission->call_id = dup_query (message, "call_id");
  if (is_translation (message))
    admission->kind = SESSION_TRANSLATION;
  else if (g_strcmp0 (intent, "transcription") == 0)
    admission->kind = SESSION_TRANSCRIPTION;
}

/* What a client secret brings along, if it is one for such a session. */
static void
read_secret (Gate *gate, SoupServerMessage *message, Admission *admission)
{
  g_autofree gchar *key = dup_key (message);
  const Secret *secret = secrets_find (gate->secrets, key);

  if (secret == NULL || secret->kind != admission->kind)
    return;
  if (admission->model == NULL)
    admission->model = g_strdup (secret->model);
  if (secret->preset != NULL)
    admission->preset = json_object_ref (secret->preset);
}

static gboolean
fail_on_demand (Gate *gate, Fault *fault, guint *close_code)
{
  const Failure *failure = faults_next (gate->host->faults, FAULT_CONNECT);

  if (failure == NULL)
    return FALSE;
  *close_code = failure->close;
  fault_set (fault, failure->code, NULL, "%s", failure->message);
  return TRUE;
}

gboolean
gate_admit (Gate *gate, SoupServerMessage *message, Admission *admission,
    Fault *fault, guint *close_code)
{
  g_autofree gchar *intent = dup_query (message, "intent");

  *close_code = 4000;
  read_query (message, admission);
  if (fail_on_demand (gate, fault, close_code)
      || !check_key (gate, message, fault, close_code)
      || !check_query (admission, intent, fault))
    return FALSE;
  read_secret (gate, message, admission);
  if (admission->call_id != NULL)
    admission->model = g_strdup (CALL_MODEL);
  /* Azure's models are deployments, whatever their name. */
  if (admission->kind == SESSION_TRANSCRIPTION
      || (admission->azure && admission->model != NULL
          && *admission->model != '\0'))
    return TRUE;
  return models_check_session (
      admission->kind == SESSION_TRANSLATION, admission->model, fault);
}

/* ---- client secrets ---- */

/* Only a standard key makes others. */
static gboolean
may_make_secrets (Gate *gate, SoupServerMessage *message)
{
  g_autofree gchar *key = dup_key (message);

  return is_right_key (gate, key) && secrets_find (gate->secrets, key) == NULL;
}

static JsonObject *
read_body (SoupServerMessage *message)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  gsize size;
  const gchar *text = g_bytes_get_data (bytes, &size);

  if (size == 0)
    return json_object_new ();
  return g_utf8_validate (text, size, NULL) ? wire_parse (text, size) : NULL;
}

void
gate_answer_secret (Gate *gate, SoupServerMessage *message)
{
  g_autoptr (JsonObject) body = NULL, made = NULL;
  Fault fault = { 0 };

  if (!g_str_equal (soup_server_message_get_method (message), "POST")) {
    refuse (gate, message, 405, "method_not_supported",
        "A client secret is made with POST.");
    return;
  }
  if (!may_make_secrets (gate, message)) {
    refuse (
        gate, message, 401, "invalid_api_key", "Incorrect API key provided.");
    return;
  }
  body = read_body (message);
  if (body == NULL)
    fault_set (&fault, "invalid_json", NULL,
        "We could not parse the JSON body of your request.");
  else
    made = secrets_make (gate->secrets, body, is_translation (message), &fault);
  if (made != NULL)
    answer (gate, message, 200, made);
  else
    answer_error (gate, message, 400, "invalid_request_error", fault.code,
        fault.message, fault.param);
  fault_clear (&fault);
}
