/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors on demand: which, where, and how often. */
#include "faults.h"

#include <gio/gio.h>
#include <string.h>

#include "dispatch.h"
#include "schema.h"

struct _Faults {
  GPtrArray *failures; /* Failure */
};

#define REQUEST "invalid_request_error"
#define SERVER "server_error"

/* The documented codes: where they come from if nobody says so, and what
 * follows. Others may be asked for as well. */
static const struct {
  const gchar *code, *at, *type, *message;
  gint close;   /* 0: stay open */
  guint status; /* of HTTP */
  guint retry_after;
} catalogue[] = {
  { "beta_api_shape_disabled", FAULT_CONNECT, REQUEST,
      "The Realtime Beta API is no longer supported. Please use /v1/realtime "
      "for the GA API.",
      4000 },
  { "invalid_api_key", FAULT_CONNECT, REQUEST, "Incorrect API key provided.",
      3000, 401 },
  { "insufficient_quota", FAULT_CONNECT, "insufficient_quota",
      "You exceeded your current quota, please check your plan and billing "
      "details.",
      4000, 429 },
  { "billing_hard_limit_reached", FAULT_CONNECT, REQUEST,
      "Billing hard limit has been reached.", 4000, 429 },
  { "account_deactivated", FAULT_CONNECT, REQUEST,
      "The account is deactivated.", 4000, 401 },
  { "credit_balance_exhausted", FAULT_HTTP, "insufficient_quota",
      "The credit balance is exhausted.", 4000, 429 },
  { "invalid_model", FAULT_CONNECT, REQUEST,
      "The model is not supported in realtime mode.", 4000, 400 },
  { "model_not_found", FAULT_CONNECT, REQUEST,
      "The model does not exist or you do not have access to it.", 4000, 404 },
  { "OperationNotSupported", FAULT_HTTP, REQUEST,
      "The operation does not work with the specified model.", 4000, 400 },
  { "call_id_not_found", FAULT_HTTP, REQUEST,
      "No session found for the provided call_id", 4000, 404 },
  { "session_expired", "response.create", REQUEST,
      "Your session hit the maximum duration of 60 minutes.", 1001 },
  { "rate_limit_exceeded", FAULT_RESPONSE, "rate_limit_exceeded",
      "Rate limit reached. Please try again later.", 0, 429, 1 },
  { "inference_rate_limit_exceeded", FAULT_RESPONSE, "rate_limit_exceeded",
      "Rate limit reached. Please try again later.", 0, 429, 1 },
  { "server_error", "response.create", SERVER,
      "The server had an error while processing your request.", 0, 500 },
  { "server_is_overloaded", FAULT_HTTP, SERVER,
      "The server is overloaded. Please try again later.", 0, 503, 1 },
  { "slow_down", FAULT_HTTP, SERVER, "Too many connections. Please slow down.",
      0, 429, 1 },
  { "invalid_json", "session.update", REQUEST,
      "Invalid event: failed to parse JSON value." },
  { "invalid_event", "session.update", REQUEST,
      "The 'type' field is missing." },
  { "unknown_parameter", "session.update", REQUEST, "Unknown parameter." },
  { "missing_required_parameter", "session.update", REQUEST,
      "Missing required parameter." },
  { "invalid_type", "session.update", REQUEST, "Invalid type." },
  { "invalid_value", "session.update", REQUEST, "Invalid value." },
  { "cannot_update_voice", "session.update", REQUEST,
      "Cannot update a conversation's voice if assistant audio is present." },
  { "conversation_already_has_active_response", "response.create", REQUEST,
      "Conversation already has an active response in progress. Wait until "
      "the response is finished before creating a new one." },
  { "response_cancel_not_active", "response.cancel", REQUEST,
      "Cancellation failed: no active response found" },
  { "input_audio_buffer_commit_empty", "input_audio_buffer.commit", REQUEST,
      "Error committing input audio buffer: buffer too small. Expected at "
      "least 100ms of audio, but buffer only has 0.00ms of audio." },
  { "item_retrieve_invalid_item_id", "conversation.item.retrieve", REQUEST,
      "Error retrieving item: the item does not exist." },
  { "item_delete_invalid_item_id", "conversation.item.delete", REQUEST,
      "Error deleting item: the item does not exist." },
  { "item_truncate_invalid_item_id", "conversation.item.truncate", REQUEST,
      "Error truncating item: the item does not exist." },
  { "unsupported_content_type", "conversation.item.truncate", REQUEST,
      "Only model output audio messages can be truncated" },
  { "string_above_max_length", "conversation.item.create", REQUEST,
      "Invalid 'item.call_id': string too long. Expected a string with "
      "maximum length 32, but got a string with length 438" },
  { "audio_unintelligible", FAULT_TRANSCRIPTION, "transcription_error",
      "The audio could not be transcribed." },
  { "transcription_error", FAULT_TRANSCRIPTION, "transcription_error",
      "The transcription failed." },
};

static void
failure_free (gpointer data)
{
  Failure *failure = data;

  g_free (failure->code);
  g_free (failure->at);
  g_free (failure->type);
  g_free (failure->message);
  g_free (failure);
}

Faults *
faults_new (void)
{
  Faults *faults = g_new0 (Faults, 1);

  faults->failures = g_ptr_array_new_with_free_func (failure_free);
  return faults;
}

void
faults_free (Faults *faults)
{
  g_ptr_array_unref (faults->failures);
  g_free (faults);
}

static Failure *
failure_new (const gchar *code)
{
  Failure *failure = g_new0 (Failure, 1);
  guint i;

  failure->code = g_strdup (code);
  failure->close = -1;
  failure->status = 400;
  for (i = 0; i < G_N_ELEMENTS (catalogue); i++) {
    if (!g_str_equal (catalogue[i].code, code))
      continue;
    failure->at = g_strdup (catalogue[i].at);
    failure->type = g_strdup (catalogue[i].type);
    failure->message = g_strdup (catalogue[i].message);
    failure->close = catalogue[i].close > 0 ? catalogue[i].close : -1;
    failure->status = catalogue[i].status > 0 ? catalogue[i].status : 400;
    failure->retry_after = catalogue[i].retry_after;
    return failure;
  }
  failure->at = g_strdup ("response.create");
  failure->type = g_strdup (REQUEST);
  failure->message = g_strdup_printf (
      "The sandbox was asked for the error '%s'.", code);
  return failure;
}

static gboolean
is_place (const gchar *at)
{
  static const gchar *const places[] = { FAULT_HTTP, FAULT_CONNECT,
    FAULT_RESPONSE, FAULT_TRANSCRIPTION, NULL };

  return g_strv_contains (places, at) || dispatch_knows (at);
}

/* Takes the failure. */
static gboolean
add (Faults *faults, Failure *failure, GError **error)
{
  if (!is_place (failure->at)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "No fault can happen at '%s': use http, connect, response, "
        "transcription, or the type of a client event.",
        failure->at);
    failure_free (failure);
    return FALSE;
  }
  /* Nothing can come after a refusal. */
  if (g_str_equal (failure->at, FAULT_CONNECT) && failure->close < 0)
    failure->close = 4000;
  g_ptr_array_add (faults->failures, failure);
  return TRUE;
}

static void
replace (gchar **field, const gchar *value)
{
  if (value == NULL)
    return;
  g_free (*field);
  *field = g_strdup (value);
}

gboolean
faults_add (Faults *faults, const gchar *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "@", 2);
  const gchar *place = parts[0] != NULL ? parts[1] : NULL;
  const gchar *colon = place != NULL ? strrchr (place, ':') : NULL;
  g_autofree gchar *at = colon != NULL ? g_strndup (place, colon - place)
                                       : g_strdup (place);
  guint64 nth = 0;
  Failure *failure;

  if (colon != NULL
      && !g_ascii_string_to_unsigned (colon + 1, 10, 1, G_MAXUINT, &nth, error))
    return FALSE;
  if (parts[0] == NULL || *parts[0] == '\0') {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "A fault needs a code: CODE, CODE@PLACE or CODE@PLACE:N.");
    return FALSE;
  }
  failure = failure_new (parts[0]);
  replace (&failure->at, at);
  failure->nth = nth;
  return add (faults, failure, error);
}

static const Rule failure_rules[] = {
  { "code", RULE_STRING, RULE_REQUIRED },
  { "at", RULE_STRING },
  { "nth", RULE_INTEGER, .max = G_MAXINT },
  { "type", RULE_STRING },
  { "message", RULE_STRING },
  { "close", RULE_INTEGER, .min = 1000, .max = 4999 },
  { "status", RULE_INTEGER, .min = 400, .max = 599 },
  { "retry_after", RULE_INTEGER, .max = 86400 },
  { NULL },
};
static const Rule one_failure = { "fault", RULE_OBJECT,
  .fields = failure_rules };
static const Rule all_failures = { "faults", RULE_ARRAY,
  .element = &one_failure };

static gboolean
add_object (Faults *faults, JsonObject *object, GError **error)
{
  Failure *failure = failure_new (wire_string (object, "code"));

  replace (&failure->at, wire_string (object, "at"));
  replace (&failure->type, wire_string (object, "type"));
  replace (&failure->message, wire_string (object, "message"));
  failure->nth = wire_integer (object, "nth", 0);
  failure->close = wire_integer (object, "close", failure->close);
  failure->status = wire_integer (object, "status", failure->status);
  failure->retry_after = wire_integer (
      object, "retry_after", failure->retry_after);
  return add (faults, failure, error);
}

gboolean
faults_add_array (Faults *faults, JsonArray *array, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  Fault fault = { 0 };
  guint i;

  json_node_set_array (node, array);
  if (!schema_check_value (&all_failures, node, "faults", &fault)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "The script is wrong: %s See --help for its form.", fault.message);
    fault_clear (&fault);
    return FALSE;
  }
  for (i = 0; i < json_array_get_length (array); i++)
    if (!add_object (faults, json_array_get_object_element (array, i), error))
      return FALSE;
  return TRUE;
}

const Failure *
faults_next (Faults *faults, const gchar *at)
{
  const Failure *due = NULL;
  guint i;

  for (i = 0; i < faults->failures->len; i++) {
    Failure *failure = g_ptr_array_index (faults->failures, i);

    if (!g_str_equal (failure->at, at))
      continue;
    failure->count++;
    if (due == NULL && (failure->nth == 0 || failure->nth == failure->count))
      due = failure;
  }
  return due;
}
