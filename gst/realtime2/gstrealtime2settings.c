/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of properties, and what a session is told of them.
 */
#include "gstrealtime2settings.h"

#include <string.h>

#define DEFAULT_URI "wss://api.openai.com/v1/realtime"
#define DEFAULT_TRANSCRIPTION_MODEL "gpt-realtime-whisper"
#define AUTO G_MAXUINT64

typedef enum {
  KIND_STRING,
  KIND_SECRET,   /* a string that can't be read back */
  KIND_DURATION, /* guint64 ns */
  KIND_DOUBLE,
  KIND_INT,
  KIND_BOOLEAN,
  KIND_ENUM,
} Kind;

typedef struct {
  const gchar *name;
  const gchar *nick;
  Kind kind;
  gsize offset; /* in GstRealtime2Settings */
  GType (*enum_type) (void);
  const gchar *text;       /* default of a string */
  guint64 min, max, value; /* range and default of a duration; default of
                            * an enum or boolean */
  GstRealtime2Touches touches;
  const gchar *blurb;
} Property;

#define AT(field) G_STRUCT_OFFSET (GstRealtime2Settings, field)
#define MS GST_MSECOND
#define S GST_SECOND

static const Property table[] = {
  { .name = "uri",
      .nick = "URI",
      .kind = KIND_STRING,
      .offset = AT (uri),
      .blurb =
          "Where the Realtime API is, ws:// or wss://. Unset: "
          "OPENAI_BASE_URL with /realtime appended if that is set, else " DEFAULT_URI
          ". A key goes over ws:// to a loopback host only" },
  { .name = "api-key",
      .nick = "API key",
      .kind = KIND_SECRET,
      .offset = AT (api_key),
      .blurb =
          "API key, or an ephemeral key (ek_...). Can't be read back. "
          "Unset: the environment variable OPENAI_API_KEY, read when "
          "connecting. Prefer the variable: a command line can be seen by others" },
  { .name = "model",
      .nick = "Model",
      .kind = KIND_STRING,
      .offset = AT (model),
      .text = "gpt-realtime-2",
      .blurb = "Name of the model; any that the server knows" },
  { .name = "connect-timeout",
      .nick = "Connect timeout",
      .kind = KIND_DURATION,
      .offset = AT (connect_timeout),
      .max = 600 * S,
      .value = 10 * S,
      .blurb = "How long connecting may take, and how long the server may "
               "take to accept the configuration, ns (0 = for ever)" },
  { .name = "keepalive-interval",
      .nick = "Keepalive interval",
      .kind = KIND_DURATION,
      .offset = AT (keepalive_interval),
      .max = 3600 * S,
      .value = 15 * S,
      .blurb = "Time between pings, ns; a connection without any sign of life "
               "for twice as long is taken for lost (0 = no pings, never)" },
  { .name = "retries",
      .nick = "Retries",
      .kind = KIND_INT,
      .offset = AT (retries),
      .blurb =
          "How often in a row to try again to connect (-1 = for ever, "
          "-2 = auto: not before the first success if the host can't be found or "
          "does not answer, for ever after it). What trying again can't mend, "
          "such as a refused key, is never tried again" },
  { .name = "retry-backoff-max",
      .nick = "Retry backoff max",
      .kind = KIND_DURATION,
      .offset = AT (retry_backoff_max),
      .max = 3600 * S,
      .value = 30 * S,
      .blurb = "Longest pause between two tries, ns" },

  { .name = "instructions",
      .nick = "Instructions",
      .kind = KIND_STRING,
      .offset = AT (instructions),
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "What the agent is told to be and do, or @ and the path of a "
               "file that says it (unset = the server's own)" },
  { .name = "voice",
      .nick = "Voice",
      .kind = KIND_STRING,
      .offset = AT (voice),
      .text = "marin",
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "The agent's voice, such as marin or cedar. Can't change once "
               "the agent has spoken" },
  { .name = "reasoning-effort",
      .nick = "Reasoning effort",
      .kind = KIND_ENUM,
      .offset = AT (reasoning_effort),
      .enum_type = gst_realtime2_effort_get_type,
      .value = GST_REALTIME2_EFFORT_DEFAULT,
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "How much the model thinks before it answers; only for models "
               "that reason" },
  { .name = "turn-detection",
      .nick = "Turn detection",
      .kind = KIND_ENUM,
      .offset = AT (turn_detection),
      .enum_type = gst_realtime2_turn_detection_get_type,
      .value = RT2_TURN_DETECTION_SERVER_VAD,
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "How the end of the user's turn is found" },
  { .name = "vad-threshold",
      .nick = "VAD threshold",
      .kind = KIND_DOUBLE,
      .offset = AT (vad_threshold),
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "server-vad: how loud speech must be; higher suits noisy "
               "places" },
  { .name = "vad-prefix-padding",
      .nick = "VAD prefix padding",
      .kind = KIND_DURATION,
      .offset = AT (vad_prefix_padding),
      .max = 10 * S,
      .value = 300 * MS,
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "server-vad: audio before the detected start that belongs to "
               "the turn, ns" },
  { .name = "vad-silence-duration",
      .nick = "VAD silence duration",
      .kind = KIND_DURATION,
      .offset = AT (vad_silence_duration),
      .max = 30 * S,
      .value = 500 * MS,
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "server-vad: silence that ends the turn, ns" },
  { .name = "vad-eagerness",
      .nick = "VAD eagerness",
      .kind = KIND_ENUM,
      .offset = AT (vad_eagerness),
      .enum_type = gst_realtime2_eagerness_get_type,
      .value = GST_REALTIME2_EAGERNESS_AUTO,
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "semantic-vad: how soon the agent takes its turn" },
  { .name = "idle-timeout",
      .nick = "Idle timeout",
      .kind = KIND_DURATION,
      .offset = AT (idle_timeout),
      .max = 30 * S,
      .value = 0,
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "server-vad: silence after which the agent speaks up by "
               "itself, 5 to 30 s in ns (0 = never)" },
  { .name = "create-response",
      .nick = "Create response",
      .kind = KIND_BOOLEAN,
      .offset = AT (create_response),
      .value = TRUE,
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "Whether the end of a detected turn is answered" },
  { .name = "interrupt-response",
      .nick = "Interrupt response",
      .kind = KIND_BOOLEAN,
      .offset = AT (interrupt_response),
      .value = TRUE,
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb = "Whether the user's speech cuts the agent's" },
  { .name = "transcription-model",
      .nick = "Transcription model",
      .kind = KIND_STRING,
      .offset = AT (transcription_model),
      .touches = GST_REALTIME2_TOUCHES_SESSION,
      .blurb =
          "Model that writes down what the user says, such as " DEFAULT_TRANSCRIPTION_MODEL
          " (unset = that one if a text pad asks for "
          "the user's words, else none; empty = none)" },

  { .name = "chunk-duration",
      .nick = "Chunk duration",
      .kind = KIND_DURATION,
      .offset = AT (chunk_duration),
      .min = 10 * MS,
      .max = 1 * S,
      .value = 40 * MS,
      .blurb = "Length of the pieces in which audio is sent, ns" },
  { .name = "output-buffer-duration",
      .nick = "Output buffer duration",
      .kind = KIND_DURATION,
      .offset = AT (output_buffer_duration),
      .min = 5 * MS,
      .max = 1 * S,
      .value = 20 * MS,
      .blurb = "Length of the buffers on the src pad, ns" },
  { .name = "max-size-time",
      .nick = "Max size time",
      .kind = KIND_DURATION,
      .offset = AT (max_size_time),
      .min = 200 * MS,
      .max = 3600 * S,
      .value = 5 * S,
      .blurb = "Most audio that waits to be sent, ns; see leaky for what "
               "happens beyond it" },
  { .name = "leaky",
      .nick = "Leaky",
      .kind = KIND_ENUM,
      .offset = AT (leaky),
      .enum_type = gst_realtime2_leaky_get_type,
      .value = GST_REALTIME2_LEAKY_AUTO,
      .blurb = "What happens to audio beyond max-size-time; what is dropped is "
               "reported in a realtime2/overrun message" },
  { .name = "sync-input",
      .nick = "Sync input",
      .kind = KIND_ENUM,
      .offset = AT (sync_input),
      .enum_type = gst_realtime2_sync_input_get_type,
      .value = GST_REALTIME2_SYNC_INPUT_AUTO,
      .blurb = "Whether input is taken at the speed of the clock, as a file "
               "must be for a conversation" },
  { .name = "playout-offset",
      .nick = "Playout offset",
      .kind = KIND_DURATION,
      .offset = AT (playout_offset),
      .max = 60 * S,
      .value = 0,
      .touches = GST_REALTIME2_TOUCHES_PLAYOUT,
      .blurb = "Delay between the end of this pipeline and the listener's ear, "
               "ns" },
  { .name = "eos-silence",
      .nick = "EOS silence",
      .kind = KIND_DURATION,
      .offset = AT (eos_silence),
      .max = AUTO,
      .value = AUTO,
      .blurb =
          "Silence sent after the input has ended, so that the server "
          "finds the end of the turn, ns (-1 = auto: vad-silence-duration plus "
          "200 ms with server-vad, else none)" },
  { .name = "eos-timeout",
      .nick = "EOS timeout",
      .kind = KIND_DURATION,
      .offset = AT (eos_timeout),
      .max = 3600 * S,
      .value = 30 * S,
      .blurb = "After the input has ended: how long nothing may come from the "
               "server and nothing be played before the answer is given up, ns "
               "(0 = for ever)" },
};

#define N_PROPERTIES G_N_ELEMENTS (table)

/* --- properties --- */

static GParamFlags
flags_of (const Property *property)
{
  GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS;

  if (property->kind != KIND_SECRET)
    flags |= G_PARAM_READABLE;
  return flags
      | (property->touches == GST_REALTIME2_TOUCHES_NOTHING
              ? GST_PARAM_MUTABLE_READY
              : GST_PARAM_MUTABLE_PLAYING);
}

static GParamSpec *
make_pspec (const Property *p)
{
  GParamFlags flags = flags_of (p);

  switch (p->kind) {
    case KIND_DURATION:
      return g_param_spec_uint64 (
          p->name, p->nick, p->blurb, p->min, p->max, p->value, flags);
    case KIND_DOUBLE:
      return g_param_spec_double (
          p->name, p->nick, p->blurb, 0.0, 1.0, 0.5, flags);
    case KIND_INT:
      return g_param_spec_int (p->name, p->nick, p->blurb, RT2_RETRIES_AUTO,
          G_MAXINT, RT2_RETRIES_AUTO, flags);
    case KIND_BOOLEAN:
      return g_param_spec_boolean (
          p->name, p->nick, p->blurb, p->value != 0, flags);
    case KIND_ENUM:
      return g_param_spec_enum (
          p->name, p->nick, p->blurb, p->enum_type (), (gint) p->value, flags);
    default:
      return g_param_spec_string (p->name, p->nick, p->blurb, p->text, flags);
  }
}

guint
gst_realtime2_settings_install (GObjectClass *klass)
{
  for (guint i = 0; i < N_PROPERTIES; i++)
    g_object_class_install_property (klass, i + 1, make_pspec (&table[i]));
  return N_PROPERTIES;
}

static void
wipe (gchar *secret)
{
  if (secret)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

GstRealtime2Touches
gst_realtime2_settings_set (
    GstRealtime2Settings *settings, guint id, const GValue *value)
{
  const Property *property = &table[id - 1];
  gpointer field = G_STRUCT_MEMBER_P (settings, property->offset);

  switch (property->kind) {
    case KIND_STRING:
      g_free (*(gchar **) field);
      *(gchar **) field = g_value_dup_string (value);
      break;
    case KIND_SECRET:
      wipe (*(gchar **) field);
      *(gchar **) field = g_value_dup_string (value);
      break;
    case KIND_DURATION:
      *(guint64 *) field = g_value_get_uint64 (value);
      break;
    case KIND_DOUBLE:
      *(gdouble *) field = g_value_get_double (value);
      break;
    case KIND_INT:
      *(gint *) field = g_value_get_int (value);
      break;
    case KIND_BOOLEAN:
      *(gboolean *) field = g_value_get_boolean (value);
      break;
    case KIND_ENUM:
      *(gint *) field = g_value_get_enum (value);
      break;
  }
  return property->touches;
}

void
gst_realtime2_settings_get (
    const GstRealtime2Settings *settings, guint id, GValue *value)
{
  const Property *property = &table[id - 1];
  gconstpointer field = G_STRUCT_MEMBER_P (settings, property->offset);

  switch (property->kind) {
    case KIND_STRING:
      g_value_set_string (value, *(gchar *const *) field);
      break;
    case KIND_SECRET:
      break;
    case KIND_DURATION:
      g_value_set_uint64 (value, *(const guint64 *) field);
      break;
    case KIND_DOUBLE:
      g_value_set_double (value, *(const gdouble *) field);
      break;
    case KIND_INT:
      g_value_set_int (value, *(const gint *) field);
      break;
    case KIND_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) field);
      break;
    case KIND_ENUM:
      g_value_set_enum (value, *(const gint *) field);
      break;
  }
}

void
gst_realtime2_settings_init (GstRealtime2Settings *settings)
{
  memset (settings, 0, sizeof (*settings));
  for (guint i = 0; i < N_PROPERTIES; i++) {
    GParamSpec *pspec = g_param_spec_ref_sink (make_pspec (&table[i]));

    gst_realtime2_settings_set (
        settings, i + 1, g_param_spec_get_default_value (pspec));
    g_param_spec_unref (pspec);
  }
}

void
gst_realtime2_settings_clear (GstRealtime2Settings *settings)
{
  for (guint i = 0; i < N_PROPERTIES; i++) {
    gchar **field = G_STRUCT_MEMBER_P (settings, table[i].offset);

    if (table[i].kind == KIND_STRING)
      g_clear_pointer (field, g_free);
    else if (table[i].kind == KIND_SECRET)
      g_clear_pointer (field, wipe);
  }
}

GstRealtime2Settings *
gst_realtime2_settings_copy (const GstRealtime2Settings *settings)
{
  GstRealtime2Settings *copy = g_new (GstRealtime2Settings, 1);

  *copy = *settings;
  for (guint i = 0; i < N_PROPERTIES; i++) {
    gchar **field = G_STRUCT_MEMBER_P (copy, table[i].offset);

    if (table[i].kind == KIND_STRING || table[i].kind == KIND_SECRET)
      *field = g_strdup (*field);
  }
  return copy;
}

void
gst_realtime2_settings_free (GstRealtime2Settings *settings)
{
  gst_realtime2_settings_clear (settings);
  g_free (settings);
}

/* --- what a session is told --- */

static const gchar *
non_empty (const gchar *text)
{
  return text && *text ? text : NULL;
}

/* @text, or what is in the file that it names with @. NULL and a fault if that
 * can't be read. */
static gchar *
read_text (const gchar *name, const gchar *text, Rt2Fault **fault)
{
  GError *error = NULL;
  gchar *content = NULL;
  gsize size;

  if (text[0] != '@')
    content = g_strdup (text);
  else if (!g_file_get_contents (text + 1, &content, &size, &error)) {
    *fault = rt2_fault_new (RT2_FAULT_SETTINGS,
        "The file given for property %s can't be read.", name);
    (*fault)->debug = g_strdup (error->message);
    g_error_free (error);
    return NULL;
  }
  if (!g_utf8_validate (content, -1, NULL)) {
    *fault = rt2_fault_new (
        RT2_FAULT_SETTINGS, "Property %s is not valid UTF-8.", name);
    g_clear_pointer (&content, g_free);
  }
  return content;
}

/* The base URL of the official SDKs (http or https) as one for WebSocket. */
static gchar *
uri_from_base (const gchar *base)
{
  gsize len = strlen (base);

  while (len > 0 && base[len - 1] == '/')
    len--;
  if (g_ascii_strncasecmp (base, "http", 4) == 0)
    return g_strdup_printf ("ws%.*s/realtime", (gint) (len - 4), base + 4);
  return g_strdup_printf ("%.*s/realtime", (gint) len, base);
}

static gchar *
find_uri (const GstRealtime2Settings *settings)
{
  const gchar *base = non_empty (g_getenv ("OPENAI_BASE_URL"));

  if (non_empty (settings->uri))
    return g_strdup (settings->uri);
  return base ? uri_from_base (base) : g_strdup (DEFAULT_URI);
}

/* The vendor's own host takes nobody without a key; others may. */
static gboolean
needs_key (const gchar *uri)
{
  GUri *parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);
  const gchar *host = parsed ? g_uri_get_host (parsed) : NULL;
  gboolean needed = host
      && (g_ascii_strcasecmp (host, "api.openai.com") == 0
          || g_str_has_suffix (host, ".api.openai.com"));

  if (parsed)
    g_uri_unref (parsed);
  return needed;
}

Rt2SessionOptions *
gst_realtime2_settings_make_options (
    const GstRealtime2Settings *settings, Rt2Fault **fault)
{
  Rt2SessionOptions *options;
  const gchar *key = non_empty (settings->api_key);
  gchar *uri = find_uri (settings);

  if (!key)
    key = non_empty (g_getenv ("OPENAI_API_KEY"));
  if (!key && needs_key (uri)) {
    *fault = rt2_fault_new (
        RT2_FAULT_SETTINGS, "There is no API key for %s.", uri);
    (*fault)->hint = g_strdup (
        "Set the environment variable OPENAI_API_KEY or "
        "the property api-key, or set uri to a server that needs none.");
    g_free (uri);
    return NULL;
  }

  options = rt2_session_options_new ();
  options->transport->url = uri;
  options->transport->api_key = g_strdup (key);
  options->transport->connect_timeout = settings->connect_timeout;
  options->transport->keepalive_interval = settings->keepalive_interval;
  options->model = g_strdup (settings->model);
  options->retries = settings->retries;
  options->retry_backoff_max = settings->retry_backoff_max;
  options->eos_silence = settings->eos_silence;
  options->eos_timeout = settings->eos_timeout;
  return options;
}

/* Sets *field to @value, transfer full. */
static void
put (gchar **field, gchar *value)
{
  g_free (*field);
  *field = value;
}

static const gchar *
effort_name (gint effort)
{
  if (effort == GST_REALTIME2_EFFORT_DEFAULT)
    return NULL;
  return gst_realtime2_enum_nick (GST_TYPE_REALTIME2_EFFORT, effort);
}

Rt2SessionConfig *
gst_realtime2_settings_make_config (const GstRealtime2Settings *settings,
    Rt2AudioFormat input_format, Rt2AudioFormat output_format,
    gboolean wants_user_text, Rt2Fault **fault)
{
  Rt2SessionConfig *config;
  gchar *instructions = NULL;

  if (settings->instructions) {
    instructions = read_text ("instructions", settings->instructions, fault);
    if (!instructions)
      return NULL;
  }
  config = rt2_session_config_new ();
  put (&config->instructions, instructions);
  put (&config->voice, g_strdup (non_empty (settings->voice)));
  put (&config->reasoning_effort,
      g_strdup (effort_name (settings->reasoning_effort)));
  config->input_format = input_format;
  config->output_format = output_format;
  config->turn_detection = settings->turn_detection;
  config->vad_threshold = settings->vad_threshold;
  config->vad_prefix_padding = settings->vad_prefix_padding;
  config->vad_silence_duration = settings->vad_silence_duration;
  put (&config->vad_eagerness,
      g_strdup (gst_realtime2_enum_nick (
          GST_TYPE_REALTIME2_EAGERNESS, settings->vad_eagerness)));
  config->idle_timeout = settings->idle_timeout;
  config->create_response = settings->create_response;
  config->interrupt_response = settings->interrupt_response;
  put (&config->transcription_model, g_strdup (settings->transcription_model));
  if (!config->transcription_model && wants_user_text)
    put (&config->transcription_model, g_strdup (DEFAULT_TRANSCRIPTION_MODEL));
  return config;
}
