/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From properties and environment to what a session needs.
 */
#include "gstrealtime2configure.h"

#include <string.h>

#include "rt2endpoint.h"
#include "rt2keyfile.h"
#include "rt2pins.h"

/* Bytes of a value that goes into a header or a url. */
#define MAX_HEADER 16384
/* What the server takes for idle_timeout_ms. */
#define MIN_IDLE_TIMEOUT (5 * GST_SECOND)
#define MAX_IDLE_TIMEOUT (30 * GST_SECOND)

/* --- values --- */

static const gchar *
non_empty (const gchar *text)
{
  return text && *text ? text : NULL;
}

/* @text, or else the environment variable @variable; NULL if both are empty. */
static const gchar *
or_environment (const gchar *text, const gchar *variable)
{
  return non_empty (text) ? text : non_empty (g_getenv (variable));
}

static Rt2Fault *
property_fault (const gchar *name, const gchar *what, const gchar *debug)
{
  Rt2Fault *fault = rt2_fault_new (
      RT2_FAULT_SETTINGS, "Property %s %s.", name, what);

  fault->debug = g_strdup (debug);
  return fault;
}

static Rt2Fault *
json_fault (const gchar *member, const GError *error)
{
  gchar *name = g_strdelimit (g_strdup (member), "_", '-');
  Rt2Fault *fault = property_fault (
      strcmp (name, "session") == 0 ? "session-config" : name,
      "is not the JSON that it must be", error->message);

  fault->hint = g_strdup ("On a command line, put the JSON into a file and "
                          "write @ and its path.");
  g_free (name);
  return fault;
}

static Rt2Fault *
unreadable_fault (const gchar *name, const gchar *path, const GError *error)
{
  gchar *shown = g_filename_display_name (path);
  gchar *what = g_strdup_printf (
      "names a file that can't be read, \"%s\"", shown);
  Rt2Fault *fault = property_fault (name, what, error->message);

  g_free (what);
  g_free (shown);
  return fault;
}

/* Sets *field to @text, or to what is in the file that it names with @. FALSE,
 * and a fault, if that can't be read or is no text. */
static gboolean
put_text (gchar **field, const gchar *name, const gchar *text, Rt2Fault **fault)
{
  GError *error = NULL;
  gchar *content = NULL;
  gsize size = 0;

  if (!text)
    return TRUE;
  if (text[0] != '@') {
    content = g_strdup (text);
    size = strlen (text);
  } else if (!g_file_get_contents (text + 1, &content, &size, &error)) {
    *fault = unreadable_fault (name, text + 1, error);
    g_error_free (error);
    return FALSE;
  }
  if (!g_utf8_validate_len (content, size, NULL)) {
    *fault = property_fault (name, "is not valid UTF-8 text", NULL);
    g_free (content);
    return FALSE;
  }
  g_free (*field);
  *field = content;
  return TRUE;
}

/* The same from @file if @text says nothing. */
static gboolean
put_text_or_file (gchar **field, const gchar *name, const gchar *text,
    const gchar *file_name, const gchar *file, Rt2Fault **fault)
{
  gchar *named;
  gboolean ok;

  if ((text && *text) || !file || !*file)
    return put_text (field, name, text, fault);
  named = g_strconcat ("@", file, NULL);
  ok = put_text (field, file_name, named, fault);
  g_free (named);
  return ok;
}

/* Sets *field to @value, transfer full. */
static void
put (gchar **field, gchar *value)
{
  g_free (*field);
  *field = value;
}

/* The word on the wire for @value: its nick with underscores; NULL for the
 * value 0 of types that begin with "none" or "default". */
static gchar *
word_of (GType type, gint value)
{
  gchar *word = g_strdup (gst_realtime2_enum_nick (type, value));

  return word ? g_strdelimit (word, "-", '_') : NULL;
}

static gchar *
optional_word_of (GType type, gint value)
{
  return value == 0 ? NULL : word_of (type, value);
}

/* --- the connection --- */

/* @uri as one for WebSocket: http and https are taken as ws and wss. */
static gchar *
as_websocket (const gchar *uri)
{
  if (g_ascii_strncasecmp (uri, "http://", 7) == 0
      || g_ascii_strncasecmp (uri, "https://", 8) == 0)
    return g_strconcat ("ws", uri + 4, NULL);
  return g_strdup (uri);
}

/* The base URL of the official SDKs, with the path that they append. */
static gchar *
uri_from_base (const gchar *base)
{
  gchar *uri = as_websocket (base);
  gsize len = strlen (uri);
  gchar *result;

  while (len > 0 && uri[len - 1] == '/')
    uri[--len] = '\0';
  result = g_strconcat (uri, "/realtime", NULL);
  g_free (uri);
  return result;
}

/* The endpoint in the environment of Azure's clients, with the path of its API;
 * NULL if there is none, or a key that is for another. */
static gchar *
uri_from_azure (const GstRealtime2Settings *settings)
{
  const gchar *endpoint = non_empty (g_getenv ("AZURE_OPENAI_ENDPOINT"));
  gchar *base, *uri;

  if (!endpoint || non_empty (settings->api_key_file)
      || or_environment (settings->api_key, "OPENAI_API_KEY"))
    return NULL;
  base = g_strconcat (endpoint,
      g_str_has_suffix (endpoint, "/") ? "openai/v1" : "/openai/v1", NULL);
  uri = uri_from_base (base);
  g_free (base);
  return uri;
}

gchar *
gst_realtime2_find_uri (const GstRealtime2Settings *settings)
{
  const gchar *base = non_empty (g_getenv ("OPENAI_BASE_URL"));
  gchar *uri;

  if (non_empty (settings->uri))
    return as_websocket (settings->uri);
  if (base)
    return uri_from_base (base);
  uri = uri_from_azure (settings);
  return uri ? uri : g_strdup (GST_REALTIME2_DEFAULT_URI);
}

static gboolean
has_host_suffix (const gchar *uri, const gchar *const *suffixes)
{
  GUri *parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);
  const gchar *host = parsed ? g_uri_get_host (parsed) : NULL;
  gboolean found = FALSE;

  for (guint i = 0; host && suffixes[i] && !found; i++)
    found = g_ascii_strcasecmp (host, suffixes[i] + 1) == 0
        || (strlen (host) > strlen (suffixes[i])
            && g_ascii_strcasecmp (
                   host + strlen (host) - strlen (suffixes[i]), suffixes[i])
                == 0);
  if (parsed)
    g_uri_unref (parsed);
  return found;
}

/* The vendor's own hosts take nobody without a key; others may. */
static gboolean
needs_key (const gchar *uri)
{
  static const gchar *const suffixes[] = { ".api.openai.com", NULL };

  return has_host_suffix (uri, suffixes);
}

static gboolean
is_azure (const gchar *uri)
{
  static const gchar *const suffixes[] = { ".openai.azure.com",
    ".services.ai.azure.com", ".cognitiveservices.azure.com", NULL };

  return has_host_suffix (uri, suffixes);
}

static const gchar *
find_key (const GstRealtime2Settings *settings, const gchar *uri)
{
  const gchar *key = non_empty (settings->api_key);

  if (!key && is_azure (uri))
    key = non_empty (g_getenv ("AZURE_OPENAI_API_KEY"));
  return key ? key : non_empty (g_getenv ("OPENAI_API_KEY"));
}

Rt2Fault *
gst_realtime2_key_file_fault (const gchar *path, const GError *error)
{
  gchar *shown = g_filename_display_name (path);
  Rt2Fault *fault = rt2_fault_new (RT2_FAULT_SETTINGS,
      "Property api-key-file: no key can be read from \"%s\": %s.", shown,
      error->message);

  fault->debug = g_strdup (error->message);
  fault->hint = g_strdup ("The first line of the file must be the key, and the "
                          "user that runs this must be able to read it.");
  g_free (shown);
  return fault;
}

gboolean
gst_realtime2_read_key_file (
    GstRealtime2Settings *settings, gboolean *exposed, Rt2Fault **fault)
{
  const gchar *path = non_empty (settings->api_key_file);
  GError *error = NULL;
  gchar *key;

  *exposed = FALSE;
  if (!path || non_empty (settings->api_key))
    return TRUE;
  key = rt2_key_file_read (path, exposed, &error);
  if (!key) {
    *fault = gst_realtime2_key_file_fault (path, error);
    g_error_free (error);
    return FALSE;
  }
  g_free (settings->api_key);
  settings->api_key = key;
  return TRUE;
}

static Rt2Fault *
no_key_fault (const gchar *uri)
{
  Rt2Fault *fault = rt2_fault_new (
      RT2_FAULT_SETTINGS, "There is no API key for %s.", uri);

  fault->hint = g_strdup (
      "Set the environment variable OPENAI_API_KEY or one of the "
      "properties api-key and api-key-file, or set uri to a server that needs none.");
  return fault;
}

gboolean
gst_realtime2_is_sideband (const GstRealtime2Settings *settings)
{
  return non_empty (settings->call_id) != NULL;
}

Rt2SessionType
gst_realtime2_session_type (const GstRealtime2Settings *settings)
{
  switch (settings->session_type) {
    case GST_REALTIME2_SESSION_TYPE_REALTIME:
      return RT2_SESSION_TYPE_REALTIME;
    case GST_REALTIME2_SESSION_TYPE_TRANSCRIPTION:
      return RT2_SESSION_TYPE_TRANSCRIPTION;
    case GST_REALTIME2_SESSION_TYPE_TRANSLATION:
      return RT2_SESSION_TYPE_TRANSLATION;
    default:
      return rt2_session_type_of_model (settings->model);
  }
}

guint64
gst_realtime2_presentation_delay (const GstRealtime2Settings *settings)
{
  return gst_realtime2_session_type (settings) == RT2_SESSION_TYPE_REALTIME
      ? 0
      : settings->latency;
}

gchar *
gst_realtime2_find_key (const GstRealtime2Settings *settings)
{
  gchar *uri = gst_realtime2_find_uri (settings);
  gchar *key = g_strdup (find_key (settings, uri));

  g_free (uri);
  return key;
}

/* A header may hold neither line ends nor what is not text, and servers have a
 * limit. */
static gboolean
is_header (const gchar *name, const gchar *value)
{
  if (strlen (value) > MAX_HEADER || !g_utf8_validate (value, -1, NULL))
    return FALSE;
  for (const gchar *c = name; *c; c++)
    if (!g_ascii_isalnum (*c) && *c != '-' && *c != '_')
      return FALSE;
  for (const gchar *c = value; *c; c++)
    if (g_ascii_iscntrl (*c))
      return FALSE;
  return *name != '\0';
}

/* FALSE, and a fault, if @name or @value can't stand in a header. */
static gboolean
add_header (GPtrArray *headers, const gchar *property, const gchar *name,
    const gchar *value, Rt2Fault **fault)
{
  if (!value)
    return TRUE;
  if (!is_header (name, value)) {
    *fault = property_fault (property, "can't be sent in an HTTP header", NULL);
    return FALSE;
  }
  g_ptr_array_add (headers, g_strdup (name));
  g_ptr_array_add (headers, g_strdup (value));
  return TRUE;
}

static gboolean
add_extra_headers (
    GPtrArray *headers, const GstStructure *extra, Rt2Fault **fault)
{
  for (gint i = 0; extra && i < gst_structure_n_fields (extra); i++) {
    const gchar *name = gst_structure_nth_field_name (extra, i);
    const GValue *value = gst_structure_get_value (extra, name);
    gchar *text = G_VALUE_HOLDS_STRING (value) ? g_value_dup_string (value)
                                               : gst_value_serialize (value);
    gboolean ok = add_header (headers, "extra-headers", name, text, fault);

    rt2_secret_free (text);
    if (!ok)
      return FALSE;
  }
  return TRUE;
}

static gboolean
put_headers (Rt2TransportConfig *transport,
    const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  GPtrArray *headers = g_ptr_array_new_with_free_func (rt2_secret_free);
  gboolean ok = add_header (headers, "organization", "OpenAI-Organization",
                    or_environment (settings->organization, "OPENAI_ORG_ID"),
                    fault)
      && add_header (headers, "project", "OpenAI-Project",
          or_environment (settings->project, "OPENAI_PROJECT_ID"), fault)
      && add_header (headers, "safety-identifier", "OpenAI-Safety-Identifier",
          non_empty (settings->safety_identifier), fault)
      && add_extra_headers (headers, settings->extra_headers, fault);

  g_ptr_array_add (headers, NULL);
  if (ok)
    transport->headers = g_strdupv ((gchar **) headers->pdata);
  g_ptr_array_unref (headers);
  return ok;
}

static gboolean
put_tls (Rt2TransportConfig *transport, const GstRealtime2Settings *settings,
    Rt2Fault **fault)
{
  g_set_object (&transport->tls_database, settings->tls_database);
  g_set_object (&transport->client_certificate, settings->client_certificate);
  if (!non_empty (settings->tls_pins))
    return TRUE;
  transport->pins = rt2_pins_parse (settings->tls_pins);
  if (!transport->pins)
    *fault = property_fault ("tls-pins",
        "must be sha256//BASE64, several with commas between", NULL);
  return transport->pins != NULL;
}

/* The proxy's uri is not quoted: it may hold a password. */
static gboolean
put_proxy (Rt2TransportConfig *transport, const gchar *proxy, Rt2Fault **fault)
{
  GUri *uri;
  gboolean ok;

  if (!proxy)
    return TRUE;
  uri = g_uri_parse (proxy, G_URI_FLAGS_NONE, NULL);
  ok = uri && g_strcmp0 (g_uri_get_scheme (uri), "http") == 0
      && non_empty (g_uri_get_host (uri));
  if (ok)
    transport->proxy = g_strdup (proxy);
  else
    *fault = property_fault ("proxy",
        "must be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT", NULL);
  g_clear_pointer (&uri, g_uri_unref);
  return ok;
}

static gboolean
put_connection (Rt2TransportConfig *transport,
    const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  transport->key_in_header = settings->auth == GST_REALTIME2_AUTH_API_KEY
      || (settings->auth == GST_REALTIME2_AUTH_AUTO
          && is_azure (transport->url));
  transport->connect_timeout = settings->connect_timeout;
  transport->keepalive_interval = settings->keepalive_interval;
  return put_headers (transport, settings, fault)
      && put_proxy (transport, non_empty (settings->proxy), fault)
      && put_tls (transport, settings, fault);
}

/* --- the fallback --- */

gboolean
gst_realtime2_is_same_host (const gchar *a, const gchar *b)
{
  Rt2Fault *fault = NULL;
  Rt2Endpoint *one = rt2_endpoint_new (a, NULL, &fault), *other;
  gboolean same;

  g_clear_pointer (&fault, rt2_fault_free);
  other = rt2_endpoint_new (b, NULL, &fault);
  g_clear_pointer (&fault, rt2_fault_free);
  same = one && other && one->plain == other->plain
      && g_ascii_strcasecmp (one->where, other->where) == 0;
  rt2_endpoint_free (one);
  rt2_endpoint_free (other);
  return same;
}

gboolean
gst_realtime2_is_same_family (const gchar *a, const gchar *b)
{
  return (needs_key (a) && needs_key (b)) || gst_realtime2_is_same_host (a, b);
}

/* Static, or the settings'; NULL if there is none that may go there. */
static const gchar *
find_fallback_key (const GstRealtime2Settings *settings, const gchar *uri,
    const gchar *fallback)
{
  if (non_empty (settings->fallback_api_key))
    return settings->fallback_api_key;
  if (gst_realtime2_is_same_family (uri, fallback))
    return find_key (settings, uri);
  if (is_azure (fallback))
    return non_empty (g_getenv ("AZURE_OPENAI_API_KEY"));
  return needs_key (fallback) ? non_empty (g_getenv ("OPENAI_API_KEY")) : NULL;
}

static Rt2Fault *
fallback_fault (const gchar *why)
{
  Rt2Fault *fault = rt2_fault_new (
      RT2_FAULT_SETTINGS, "Property fallback-uri can't be used. %s", why);

  fault->hint = g_strdup (
      "Set `fallback-uri` to wss://HOST/PATH and `fallback-api-key` to a key for "
      "it, or unset `fallback-uri`.");
  return fault;
}

/* What the connection would otherwise find out when it is too late. */
static gboolean
check_fallback (const Rt2TransportConfig *transport, Rt2Fault **fault)
{
  Rt2Fault *why = NULL;
  Rt2Endpoint *endpoint = rt2_endpoint_new (
      transport->url, transport->api_key, &why);

  if (!endpoint)
    *fault = fallback_fault (why->message);
  else if (!transport->api_key && needs_key (transport->url))
    *fault = fallback_fault ("There is no API key for it.");
  else if (endpoint->plain && transport->pins)
    *fault = fallback_fault (
        "A server without TLS has no public key that could be pinned.");
  rt2_endpoint_free (endpoint);
  rt2_fault_free (why);
  return *fault == NULL;
}

/* Of a stranger, no header tells who we are, but the end user's hash. */
static gboolean
put_stranger (Rt2TransportConfig *transport,
    const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  GPtrArray *headers = g_ptr_array_new_with_free_func (g_free);
  gboolean ok = add_header (headers, "safety-identifier",
      "OpenAI-Safety-Identifier", non_empty (settings->safety_identifier),
      fault);

  for (guint i = 0; transport->headers && transport->headers[i]; i++)
    explicit_bzero (transport->headers[i], strlen (transport->headers[i]));
  g_strfreev (transport->headers);
  g_ptr_array_add (headers, NULL);
  transport->headers = g_strdupv ((gchar **) headers->pdata);
  g_ptr_array_unref (headers);
  g_clear_object (&transport->client_certificate);
  return ok;
}

static gboolean
put_fallback (Rt2SessionOptions *options, const GstRealtime2Settings *settings,
    Rt2Fault **fault)
{
  const gchar *uri = options->transport->url, *model;
  Rt2TransportConfig *transport;

  if (!non_empty (settings->fallback_uri))
    return TRUE;
  transport = options->fallback = rt2_transport_config_copy (
      options->transport);
  g_free (transport->url);
  transport->url = as_websocket (settings->fallback_uri);
  transport->api_key = g_strdup (
      find_fallback_key (settings, uri, transport->url));
  options->fallback_shares_key = !non_empty (settings->fallback_api_key)
      && gst_realtime2_is_same_family (uri, transport->url);
  if (!gst_realtime2_is_same_family (uri, transport->url)) {
    transport->key_in_header = is_azure (transport->url);
    if (!put_stranger (transport, settings, fault))
      return FALSE;
  }
  model = non_empty (settings->fallback_model);
  options->fallback_model = g_strdup (model ? model : settings->model);
  options->fallback_look = settings->fallback_interval;
  return check_fallback (transport, fault);
}

/* What goes into the url besides `uri`, and into messages. */
gboolean
gst_realtime2_check_names (
    const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  const struct {
    const gchar *property;
    const gchar *value;
  } names[] = {
    { "model", settings->model },
    { "fallback-uri", settings->fallback_uri },
    { "fallback-api-key", settings->fallback_api_key },
    { "fallback-model", settings->fallback_model },
    { "call-id", settings->call_id },
    { "event-log", settings->event_log },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!names[i].value
        || (strlen (names[i].value) <= MAX_HEADER
            && g_utf8_validate (names[i].value, -1, NULL)))
      continue;
    *fault = property_fault (
        names[i].property, "is too long or is not valid UTF-8 text", NULL);
    return FALSE;
  }
  return TRUE;
}

/* --- the budget --- */

static gboolean
put_budget (Rt2SessionOptions *options, const GstRealtime2Settings *settings,
    Rt2Fault **fault)
{
  gchar *prices = NULL;
  GError *error = NULL;

  options->budget.max_cost = rt2_money_from_usd (settings->max_cost);
  options->budget.max_duration = settings->max_duration;
  if (!put_text (&prices, "pricing", settings->pricing, fault))
    return FALSE;
  options->pricing = rt2_pricing_new (prices, &error);
  if (!options->pricing)
    *fault = json_fault ("pricing", error);
  g_clear_error (&error);
  g_free (prices);
  return options->pricing != NULL;
}

Rt2SessionOptions *
gst_realtime2_make_options (
    const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  Rt2SessionOptions *options;
  gchar *uri;

  if (!gst_realtime2_check_names (settings, fault))
    return NULL;
  uri = gst_realtime2_find_uri (settings);
  if (!find_key (settings, uri) && needs_key (uri)) {
    *fault = no_key_fault (uri);
    g_free (uri);
    return NULL;
  }
  options = rt2_session_options_new ();
  options->transport->url = uri;
  options->model = g_strdup (settings->model);
  options->call_id = g_strdup (non_empty (settings->call_id));
  options->retries = settings->retries;
  options->retry_backoff_max = settings->retry_backoff_max;
  options->max_turn_replay = settings->max_turn_replay;
  options->eos_silence = settings->eos_silence;
  options->eos_timeout = settings->eos_timeout;
  options->tool_timeout = settings->tool_timeout;
  options->event_log = g_strdup (non_empty (settings->event_log));
  options->event_log_audio = settings->event_log_audio;
  if (!put_connection (options->transport, settings, fault)
      || !put_fallback (options, settings, fault)
      || !put_text (&options->greeting, "greeting", settings->greeting, fault)
      || !put_text (
          &options->disclosure, "disclosure", settings->disclosure, fault)
      || !put_budget (options, settings, fault)) {
    rt2_session_options_free (options);
    return NULL;
  }
  return options;
}

/* --- the session --- */

/* A call that is joined has its voice already: only another than our default is
 * meant for it. */
static const gchar *
voice_for (const GstRealtime2Settings *settings)
{
  if (!settings->voice
      || (gst_realtime2_is_sideband (settings)
          && g_str_equal (settings->voice, GST_REALTIME2_DEFAULT_VOICE)))
    return "";
  return settings->voice;
}

/* Strings that may be text or the name of a file. */
static gboolean
put_texts (Rt2SessionConfig *config, const GstRealtime2Settings *settings,
    Rt2Fault **fault)
{
  return put_text_or_file (&config->instructions, "instructions",
             settings->instructions, "instructions-file",
             settings->instructions_file, fault)
      && put_text (&config->transcription_prompt, "transcription-prompt",
          settings->transcription_prompt, fault)
      && put_text_or_file (&config->tools, "tools", settings->tools,
          "tools-file", settings->tools_file, fault)
      && put_text (&config->settable, "tool-properties",
          settings->tool_properties, fault)
      && put_text (
          &config->tool_choice, "tool-choice", settings->tool_choice, fault)
      && put_text (
          &config->truncation, "truncation", settings->truncation, fault)
      && put_text (&config->prompt, "prompt", settings->prompt, fault)
      && put_text (&config->tracing, "tracing", settings->tracing, fault)
      && put_text (&config->include, "include", settings->include, fault)
      && put_text (
          &config->overlay, "session-config", settings->session_config, fault)
      && put_text (&config->voice, "voice", voice_for (settings), fault)
      && put_text (&config->transcription_model, "transcription-model",
          settings->transcription_model, fault)
      && put_text (&config->transcription_language, "transcription-language",
          settings->transcription_language, fault)
      && put_text (&config->language, "language", settings->language, fault);
}

static void
put_turn_detection (
    Rt2SessionConfig *config, const GstRealtime2Settings *settings)
{
  config->turn_detection = settings->turn_detection;
  config->vad_threshold = settings->vad_threshold;
  config->vad_prefix_padding = settings->vad_prefix_padding;
  config->vad_silence_duration = settings->vad_silence_duration;
  put (&config->vad_eagerness,
      word_of (GST_TYPE_REALTIME2_EAGERNESS, settings->vad_eagerness));
  config->idle_timeout = settings->idle_timeout;
  config->create_response = settings->create_response;
  config->interrupt_response = settings->interrupt_response;
  config->min_interruption = settings->min_interruption;
  config->guards_greeting = (settings->protect
                                & (GST_REALTIME2_PROTECT_GREETING
                                    | GST_REALTIME2_PROTECT_ALL))
      != 0;
  config->guards_speech = settings->protect != 0
      || non_empty (settings->disclosure) != NULL;
  config->builtin_tools = settings->builtin_tools;
  config->image_keep = settings->image_keep;
  config->history_limit = settings->history_limit;
}

/* What the server would refuse after connecting. */
static gboolean
check_values (const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  if (settings->idle_timeout == 0
      || (settings->idle_timeout >= MIN_IDLE_TIMEOUT
          && settings->idle_timeout <= MAX_IDLE_TIMEOUT))
    return TRUE;
  *fault = property_fault ("idle-timeout",
      "must be 0, or from 5 s to 30 s (5000000000 to 30000000000)", NULL);
  return FALSE;
}

/* Who writes down what is said, in a session that is for nothing else. */
static const gchar *
transcriber_of (const GstRealtime2Settings *settings)
{
  if (non_empty (settings->transcription_model))
    return settings->transcription_model;
  if (rt2_session_type_of_model (settings->model)
      == RT2_SESSION_TYPE_TRANSCRIPTION)
    return settings->model;
  return GST_REALTIME2_DEFAULT_TRANSCRIPTION_MODEL;
}

static void
put_values (Rt2SessionConfig *config, const GstRealtime2Settings *settings)
{
  config->type = gst_realtime2_session_type (settings);
  config->sideband = gst_realtime2_is_sideband (settings);
  put (&config->model,
      g_strdup (config->type == RT2_SESSION_TYPE_TRANSCRIPTION
              ? transcriber_of (settings)
              : settings->model));
  put (&config->reasoning_effort,
      optional_word_of (GST_TYPE_REALTIME2_EFFORT, settings->reasoning_effort));
  put (&config->transcription_delay,
      optional_word_of (
          GST_TYPE_REALTIME2_EFFORT, settings->transcription_delay));
  put (&config->noise_reduction,
      optional_word_of (
          GST_TYPE_REALTIME2_NOISE_REDUCTION, settings->noise_reduction));
  config->text_only = settings->output_modality == GST_REALTIME2_MODALITY_TEXT;
  config->speed = settings->speed;
  config->max_age = settings->session_max_age;
  config->max_output_tokens = settings->max_output_tokens;
  config->parallel_tool_calls = settings->parallel_tool_calls;
}

/* The property that @member of the session comes from. */
static const gchar *
property_of (const GstRealtime2Settings *settings, const gchar *member)
{
  gboolean of_file = g_str_equal (member, "tools")
      && !(settings->tools && *settings->tools) && settings->tools_file
      && *settings->tools_file;

  return of_file ? "tools-file" : member;
}

Rt2SessionConfig *
gst_realtime2_make_config (const GstRealtime2Settings *settings,
    Rt2AudioFormat input_format, Rt2AudioFormat output_format,
    gboolean wants_user_text, Rt2Fault **fault)
{
  Rt2SessionConfig *config = rt2_session_config_new ();
  const gchar *member;
  GError *error = NULL;

  put_values (config, settings);
  put_turn_detection (config, settings);
  config->input_format = input_format;
  config->output_format = output_format;
  if (!check_values (settings, fault) || !put_texts (config, settings, fault)) {
    rt2_session_config_free (config);
    return NULL;
  }
  if (!config->transcription_model && wants_user_text)
    put (&config->transcription_model,
        g_strdup (GST_REALTIME2_DEFAULT_TRANSCRIPTION_MODEL));
  if (!rt2_session_config_check (config, &member, &error)) {
    *fault = json_fault (property_of (settings, member), error);
    g_error_free (error);
    rt2_session_config_free (config);
    return NULL;
  }
  return config;
}

/* --- tools --- */

Rt2Toolbox *
gst_realtime2_make_toolbox (
    const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  gchar *exec = NULL, *http = NULL;
  const gchar *member;
  Rt2Toolbox *toolbox = NULL;
  GError *error = NULL;

  if (put_text (&exec, "tool-exec", settings->tool_exec, fault)
      && put_text (&http, "tool-http", settings->tool_http, fault)) {
    toolbox = rt2_toolbox_new (exec, http, &member, &error);
    if (!toolbox)
      *fault = property_fault (member, "can't be used", error->message);
    g_clear_error (&error);
  }
  g_free (exec);
  g_free (http);
  return toolbox;
}
