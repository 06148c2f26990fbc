/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From properties and environment to a connection: where it goes, with which
 * key, and with which headers. Nothing goes over the net.
 */
#include "gstrealtime2configure.h"

#include <string.h>

/* As the SDKs of the vendor name them. */
static const gchar *const variables[] = { "OPENAI_BASE_URL", "OPENAI_API_KEY",
  "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "AZURE_OPENAI_API_KEY",
  "AZURE_OPENAI_ENDPOINT" };

typedef struct {
  GstRealtime2Settings settings;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    g_unsetenv (variables[i]);
  gst_realtime2_settings_init (&fixture->settings);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  gst_realtime2_settings_clear (&fixture->settings);
}

static void
set (gchar **field, const gchar *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static Rt2SessionOptions *
make (Fixture *fixture)
{
  Rt2Fault *fault = NULL;
  Rt2SessionOptions *options = gst_realtime2_make_options (
      &fixture->settings, &fault);

  if (fault)
    g_error ("%s", fault->message);
  g_assert_nonnull (options);
  return options;
}

/* Nothing is made, and the fault names @property. */
static void
assert_refused (Fixture *fixture, const gchar *property)
{
  Rt2Fault *fault = NULL;

  g_assert_null (gst_realtime2_make_options (&fixture->settings, &fault));
  g_assert_nonnull (fault);
  g_test_message ("%s %s", fault->message, fault->hint);
  g_assert_cmpint (fault->kind, ==, RT2_FAULT_SETTINGS);
  g_assert_true (strstr (fault->message, property)
      || (fault->hint && strstr (fault->hint, property)));
  rt2_fault_free (fault);
}

/* The header @name, NULL if there is none. */
static const gchar *
header (Rt2SessionOptions *options, const gchar *name)
{
  gchar **headers = options->transport->headers;

  for (guint i = 0; headers && headers[i]; i += 2)
    if (g_ascii_strcasecmp (headers[i], name) == 0)
      return headers[i + 1];
  return NULL;
}

/* --- where --- */

static void
test_uri (Fixture *fixture, gconstpointer unused)
{
  static const struct {
    const gchar *uri, *base, *url;
  } cases[] = {
    { NULL, NULL, "wss://api.openai.com/v1/realtime" },
    { "", "", "wss://api.openai.com/v1/realtime" },
    { NULL, "https://proxy.invalid/v1", "wss://proxy.invalid/v1/realtime" },
    { NULL, "https://proxy.invalid/v1/", "wss://proxy.invalid/v1/realtime" },
    { NULL, "http://127.0.0.1:8080/x", "ws://127.0.0.1:8080/x/realtime" },
    { NULL, "wss://proxy.invalid", "wss://proxy.invalid/realtime" },
    { "wss://mine.invalid/a", "https://proxy.invalid/v1",
        "wss://mine.invalid/a" },
    { "ws://127.0.0.1:1/realtime", NULL, "ws://127.0.0.1:1/realtime" },
    { "https://mine.invalid/v1/realtime", NULL,
        "wss://mine.invalid/v1/realtime" },
    { "HTTP://127.0.0.1/realtime", NULL, "ws://127.0.0.1/realtime" },
    { "https://r.openai.azure.com/openai/v1/realtime", NULL,
        "wss://r.openai.azure.com/openai/v1/realtime" },
    { "wss://us.api.openai.com/v1/realtime", NULL,
        "wss://us.api.openai.com/v1/realtime" },
  };

  g_setenv ("OPENAI_API_KEY", "sk-x", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Rt2SessionOptions *options;
    gchar *scheme;

    set (&fixture->settings.uri, cases[i].uri);
    if (cases[i].base)
      g_setenv ("OPENAI_BASE_URL", cases[i].base, TRUE);
    else
      g_unsetenv ("OPENAI_BASE_URL");
    options = make (fixture);
    /* A scheme may be written in any case. */
    scheme = g_ascii_strdown (options->transport->url, -1);
    g_assert_cmpstr (scheme, ==, cases[i].url);
    g_free (scheme);
    rt2_session_options_free (options);
  }
}

/* The endpoint of Azure's clients serves who has no key for another. */
static void
test_azure_endpoint (Fixture *fixture, gconstpointer unused)
{
  static const struct {
    const gchar *endpoint, *base, *key, *property;
    const gchar *url;
  } cases[] = {
    { "https://r.openai.azure.com", NULL, NULL, NULL,
        "wss://r.openai.azure.com/openai/v1/realtime" },
    { "https://r.openai.azure.com/", NULL, NULL, NULL,
        "wss://r.openai.azure.com/openai/v1/realtime" },
    { "https://r.openai.azure.com", "https://proxy.invalid/v1", NULL, NULL,
        "wss://proxy.invalid/v1/realtime" },
    { "https://r.openai.azure.com", NULL, "sk-o", NULL,
        "wss://api.openai.com/v1/realtime" },
    { "https://r.openai.azure.com", NULL, NULL, "sk-p",
        "wss://api.openai.com/v1/realtime" },
  };

  g_setenv ("AZURE_OPENAI_API_KEY", "az", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Rt2SessionOptions *options;

    set (&fixture->settings.api_key, cases[i].property);
    g_setenv ("AZURE_OPENAI_ENDPOINT", cases[i].endpoint, TRUE);
    g_setenv ("OPENAI_BASE_URL", cases[i].base ? cases[i].base : "", TRUE);
    g_setenv ("OPENAI_API_KEY", cases[i].key ? cases[i].key : "", TRUE);
    options = make (fixture);
    g_assert_cmpstr (options->transport->url, ==, cases[i].url);
    g_assert_cmpint (options->transport->key_in_header, ==,
        strstr (cases[i].url, "azure") != NULL);
    rt2_session_options_free (options);
  }
}

/* --- the key --- */

typedef struct {
  const gchar *uri, *property, *openai, *azure;
  const gchar *key;
} KeyCase;

static void
test_key (Fixture *fixture, gconstpointer unused)
{
  static const KeyCase cases[] = {
    { NULL, "sk-p", NULL, NULL, "sk-p" },
    { NULL, NULL, "sk-o", NULL, "sk-o" },
    { NULL, "", "sk-o", NULL, "sk-o" },
    { NULL, "sk-p", "sk-o", "az", "sk-p" },
    { NULL, NULL, "sk-o", "az", "sk-o" },
    { "wss://api.openai.com.invalid/", NULL, NULL, "az", NULL },
    { "wss://r.openai.azure.com/openai/v1/realtime", NULL, "sk-o", "az", "az" },
    { "wss://r.openai.azure.com/openai/v1/realtime", NULL, "sk-o", NULL,
        "sk-o" },
    { "wss://r.openai.azure.com/openai/v1/realtime", "p", "sk-o", "az", "p" },
    { "wss://r.services.ai.azure.com/openai/v1/realtime", NULL, NULL, "az",
        "az" },
    { "wss://R.OpenAI.Azure.com/openai/v1/realtime", NULL, NULL, "az", "az" },
    { "wss://openai.azure.com.invalid/", NULL, "sk-o", "az", "sk-o" },
    { "wss://notopenai.azure.com.invalid/", NULL, NULL, "az", NULL },
    { "ws://127.0.0.1/", NULL, NULL, NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gchar *key;

    set (&fixture->settings.uri, cases[i].uri);
    set (&fixture->settings.api_key, cases[i].property);
    g_setenv ("OPENAI_API_KEY", cases[i].openai ? cases[i].openai : "", TRUE);
    g_setenv (
        "AZURE_OPENAI_API_KEY", cases[i].azure ? cases[i].azure : "", TRUE);
    key = gst_realtime2_find_key (&fixture->settings);
    g_test_message ("%u", i);
    g_assert_cmpstr (key, ==, cases[i].key);
    g_free (key);
    rt2_session_options_free (make (fixture));
  }
}

/* --- the fallback --- */

#define OPENAI "wss://api.openai.com/v1/realtime"
#define AZURE "wss://r.openai.azure.com/openai/v1/realtime"
#define MINE "wss://mine.invalid/v1/realtime"

static const struct {
  const gchar *uri, *fallback;
  const gchar *property, *own; /* api-key, fallback-api-key */
  const gchar *openai, *azure; /* the environment */
  const gchar *key;            /* that the fallback gets */
  gboolean known;              /* and who we are */
} fallback_keys[] = {
  { OPENAI, MINE, "sk-p", NULL, "sk-o", "az", NULL, FALSE },
  { OPENAI, MINE, NULL, NULL, "sk-o", NULL, NULL, FALSE },
  { OPENAI, MINE, "sk-p", "own", NULL, NULL, "own", FALSE },
  { MINE, MINE, "sk-p", NULL, NULL, NULL, "sk-p", TRUE },
  { MINE, MINE, "sk-p", "own", NULL, NULL, "own", TRUE },
  { MINE, "wss://MINE.invalid:443/other", "sk-p", NULL, NULL, NULL, "sk-p",
      TRUE },
  { MINE, "wss://mine.invalid:444/other", "sk-p", NULL, "sk-o", "az", NULL,
      FALSE },
  { MINE, "wss://mine.invalid.evil/", "sk-p", NULL, "sk-o", "az", NULL, FALSE },
  { OPENAI, "wss://eu.api.openai.com/v1/realtime", "sk-p", NULL, NULL, NULL,
      "sk-p", TRUE },
  { OPENAI, "wss://eu.api.openai.com/v1/realtime", NULL, NULL, "sk-o", NULL,
      "sk-o", TRUE },
  { OPENAI, "wss://api.openai.com.evil/", "sk-p", NULL, "sk-o", "az", NULL,
      FALSE },
  { OPENAI, "wss://evilapi.openai.com.invalid/", "sk-p", NULL, "sk-o", "az",
      NULL, FALSE },
  { OPENAI, AZURE, "sk-p", NULL, "sk-o", "az", "az", FALSE },
  { OPENAI, AZURE, "sk-p", NULL, "sk-o", NULL, NULL, FALSE },
  { AZURE, OPENAI, "az-p", NULL, "sk-o", "az", "sk-o", FALSE },
  { AZURE, "https://s.openai.azure.com/openai/v1/realtime", "az-p", NULL, NULL,
      "az", "az", FALSE },
  { AZURE, "wss://s.openai.azure.com/openai/v1/realtime", "az-p", NULL, NULL,
      NULL, NULL, FALSE },
};

/* The key of one server never goes to another by itself. */
static void
test_fallback_key (Fixture *fixture, gconstpointer unused)
{
  fixture->settings.extra_headers = gst_structure_new (
      "headers", "X-Token", G_TYPE_STRING, "secret", NULL);
  set (&fixture->settings.organization, "org");
  set (&fixture->settings.safety_identifier, "user");
  for (guint i = 0; i < G_N_ELEMENTS (fallback_keys); i++) {
    Rt2SessionOptions *options;
    gchar *all;

    g_test_message ("%u", i);
    set (&fixture->settings.uri, fallback_keys[i].uri);
    set (&fixture->settings.fallback_uri, fallback_keys[i].fallback);
    set (&fixture->settings.api_key, fallback_keys[i].property);
    set (&fixture->settings.fallback_api_key, fallback_keys[i].own);
    g_setenv ("OPENAI_API_KEY",
        fallback_keys[i].openai ? fallback_keys[i].openai : "", TRUE);
    g_setenv ("AZURE_OPENAI_API_KEY",
        fallback_keys[i].azure ? fallback_keys[i].azure : "", TRUE);
    options = make (fixture);
    g_assert_cmpstr (options->fallback->api_key, ==, fallback_keys[i].key);
    g_assert_cmpint (options->fallback_shares_key, ==,
        fallback_keys[i].known && !fallback_keys[i].own);
    g_assert_cmpint (options->fallback->key_in_header, ==,
        strstr (fallback_keys[i].fallback, ".azure.com/") != NULL);
    all = g_strjoinv (" ", options->fallback->headers);
    g_assert_cmpint (
        strstr (all, "secret") != NULL, ==, fallback_keys[i].known);
    g_assert_cmpint (strstr (all, "org") != NULL, ==, fallback_keys[i].known);
    g_assert_nonnull (strstr (all, "user"));
    g_free (all);
    rt2_session_options_free (options);
  }
}

static void
test_fallback_model (Fixture *fixture, gconstpointer unused)
{
  Rt2SessionOptions *options;

  set (&fixture->settings.uri, MINE);
  options = make (fixture);
  g_assert_null (options->fallback);
  rt2_session_options_free (options);

  set (&fixture->settings.model, "a");
  set (&fixture->settings.fallback_uri, "https://other.invalid/v1/realtime");
  options = make (fixture);
  g_assert_cmpstr (
      options->fallback->url, ==, "wss://other.invalid/v1/realtime");
  g_assert_cmpstr (options->fallback_model, ==, "a");
  rt2_session_options_free (options);

  set (&fixture->settings.fallback_model, "b");
  options = make (fixture);
  g_assert_cmpstr (options->model, ==, "a");
  g_assert_cmpstr (options->fallback_model, ==, "b");
  rt2_session_options_free (options);
}

/* It is looked at before it is needed. */
static void
test_bad_fallback (Fixture *fixture, gconstpointer unused)
{
  static const gchar *const uris[] = { "nonsense", "ftp://h/",
    "ws://192.0.2.1/", "wss://name:word@h/" };

  set (&fixture->settings.uri, "ws://127.0.0.1:1/");
  set (&fixture->settings.fallback_api_key, "sk-f");
  for (guint i = 0; i < G_N_ELEMENTS (uris); i++) {
    set (&fixture->settings.fallback_uri, uris[i]);
    assert_refused (fixture, "fallback-uri");
  }
  set (&fixture->settings.fallback_uri, OPENAI);
  rt2_session_options_free (make (fixture));
  set (&fixture->settings.fallback_api_key, NULL);
  assert_refused (fixture, "fallback-api-key");
}

/* The vendor's hosts take nobody without a key; a server of one's own may. */
static void
test_no_key (Fixture *fixture, gconstpointer unused)
{
  assert_refused (fixture, "api-key");
  assert_refused (fixture, "OPENAI_API_KEY");
  set (&fixture->settings.uri, "wss://eu.api.openai.com/v1/realtime");
  assert_refused (fixture, "api-key");
  set (&fixture->settings.uri, "wss://mine.invalid/v1/realtime");
  rt2_session_options_free (make (fixture));
}

static void
test_auth (Fixture *fixture, gconstpointer unused)
{
  static const struct {
    const gchar *uri;
    GstRealtime2Auth auth;
    gboolean in_header;
  } cases[] = {
    { NULL, GST_REALTIME2_AUTH_AUTO, FALSE },
    { NULL, GST_REALTIME2_AUTH_API_KEY, TRUE },
    { "wss://mine.invalid/", GST_REALTIME2_AUTH_AUTO, FALSE },
    { "wss://r.openai.azure.com/", GST_REALTIME2_AUTH_AUTO, TRUE },
    { "https://r.openai.azure.com/", GST_REALTIME2_AUTH_AUTO, TRUE },
    { "wss://r.cognitiveservices.azure.com/", GST_REALTIME2_AUTH_AUTO, TRUE },
    { "wss://r.openai.azure.com/", GST_REALTIME2_AUTH_BEARER, FALSE },
    { "wss://openai.azure.com.invalid/", GST_REALTIME2_AUTH_AUTO, FALSE },
  };

  g_setenv ("OPENAI_API_KEY", "sk-x", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Rt2SessionOptions *options;

    set (&fixture->settings.uri, cases[i].uri);
    fixture->settings.auth = cases[i].auth;
    options = make (fixture);
    g_assert_cmpint (options->transport->key_in_header, ==, cases[i].in_header);
    rt2_session_options_free (options);
  }
}

/* --- headers --- */

static void
test_headers (Fixture *fixture, gconstpointer unused)
{
  Rt2SessionOptions *options;

  set (&fixture->settings.uri, "ws://127.0.0.1/");
  options = make (fixture);
  g_assert_null (header (options, "OpenAI-Organization"));
  g_assert_null (header (options, "OpenAI-Project"));
  g_assert_null (header (options, "OpenAI-Safety-Identifier"));
  g_assert_null (header (options, "OpenAI-Beta"));
  rt2_session_options_free (options);

  g_setenv ("OPENAI_ORG_ID", "org-e", TRUE);
  g_setenv ("OPENAI_PROJECT_ID", "proj-e", TRUE);
  set (&fixture->settings.safety_identifier, "hash-1");
  options = make (fixture);
  g_assert_cmpstr (header (options, "OpenAI-Organization"), ==, "org-e");
  g_assert_cmpstr (header (options, "OpenAI-Project"), ==, "proj-e");
  g_assert_cmpstr (header (options, "OpenAI-Safety-Identifier"), ==, "hash-1");
  rt2_session_options_free (options);

  set (&fixture->settings.organization, "org-p");
  set (&fixture->settings.project, "proj-p");
  fixture->settings.extra_headers = gst_structure_new ("headers", "X-Tenant",
      G_TYPE_STRING, "a b", "X-Number", G_TYPE_INT, 7, NULL);
  options = make (fixture);
  g_assert_cmpstr (header (options, "OpenAI-Organization"), ==, "org-p");
  g_assert_cmpstr (header (options, "OpenAI-Project"), ==, "proj-p");
  g_assert_cmpstr (header (options, "X-Tenant"), ==, "a b");
  g_assert_cmpstr (header (options, "X-Number"), ==, "7");
  rt2_session_options_free (options);
}

/* Nobody gets a header of their own into the request by way of a value. */
static void
test_injection (Fixture *fixture, gconstpointer unused)
{
  static const gchar *const bad[] = { "a\r\nX-Evil: 1", "a\nb", "a\rb", "\x01",
    "a\x7f", "\xff\xfe" };

  set (&fixture->settings.uri, "ws://127.0.0.1/");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    set (&fixture->settings.organization, bad[i]);
    assert_refused (fixture, "organization");
    set (&fixture->settings.organization, NULL);
    set (&fixture->settings.project, bad[i]);
    assert_refused (fixture, "project");
    set (&fixture->settings.project, NULL);
    set (&fixture->settings.safety_identifier, bad[i]);
    assert_refused (fixture, "safety-identifier");
    set (&fixture->settings.safety_identifier, NULL);
    if (!g_utf8_validate (bad[i], -1, NULL))
      continue;
    fixture->settings.extra_headers = gst_structure_new (
        "headers", "X-Tenant", G_TYPE_STRING, bad[i], NULL);
    assert_refused (fixture, "extra-headers");
    g_clear_pointer (&fixture->settings.extra_headers, gst_structure_free);
  }
}

/* --- the rest --- */

static void
test_rest (Fixture *fixture, gconstpointer unused)
{
  GstRealtime2Settings *settings = &fixture->settings;
  Rt2SessionOptions *options;

  set (&settings->uri, "wss://mine.invalid/");
  set (&settings->model, "my-model");
  set (&settings->call_id, "rtc_1");
  set (&settings->proxy, "http://u:p@proxy.invalid:3128");
  set (&settings->tls_pins,
      "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,"
      "sha256//BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=");
  settings->connect_timeout = 3 * GST_SECOND;
  settings->keepalive_interval = 7 * GST_SECOND;
  settings->retries = 4;
  settings->retry_backoff_max = 9 * GST_SECOND;
  settings->eos_silence = 11 * GST_MSECOND;
  settings->eos_timeout = 13 * GST_SECOND;
  options = make (fixture);
  g_assert_cmpstr (options->model, ==, "my-model");
  g_assert_cmpstr (options->call_id, ==, "rtc_1");
  g_assert_cmpstr (
      options->transport->proxy, ==, "http://u:p@proxy.invalid:3128");
  g_assert_cmpuint (g_strv_length (options->transport->pins), ==, 2);
  g_assert_cmpuint (options->transport->connect_timeout, ==, 3 * GST_SECOND);
  g_assert_cmpuint (options->transport->keepalive_interval, ==, 7 * GST_SECOND);
  g_assert_cmpint (options->retries, ==, 4);
  g_assert_cmpuint (options->retry_backoff_max, ==, 9 * GST_SECOND);
  g_assert_cmpuint (options->eos_silence, ==, 11 * GST_MSECOND);
  g_assert_cmpuint (options->eos_timeout, ==, 13 * GST_SECOND);
  rt2_session_options_free (options);
}

static void
test_empty_is_unset (Fixture *fixture, gconstpointer unused)
{
  GstRealtime2Settings *settings = &fixture->settings;
  Rt2SessionOptions *options;

  set (&settings->uri, "wss://mine.invalid/");
  set (&settings->call_id, "");
  set (&settings->proxy, "");
  set (&settings->tls_pins, "");
  set (&settings->organization, "");
  options = make (fixture);
  g_assert_null (options->call_id);
  g_assert_null (options->transport->proxy);
  g_assert_null (options->transport->pins);
  g_assert_null (header (options, "OpenAI-Organization"));
  rt2_session_options_free (options);
}

static void
test_bad_pins (Fixture *fixture, gconstpointer unused)
{
  set (&fixture->settings.uri, "wss://mine.invalid/");
  set (&fixture->settings.tls_pins, "sha1//AAAA");
  assert_refused (fixture, "tls-pins");
  set (&fixture->settings.tls_pins, ";");
  assert_refused (fixture, "tls-pins");
}

static void
test_delay (Fixture *fixture, gconstpointer unused)
{
  GstRealtime2Settings *settings = &fixture->settings;

  settings->latency = 3 * GST_SECOND;
  g_assert_cmpuint (gst_realtime2_presentation_delay (settings), ==, 0);
  set (&settings->model, "gpt-realtime-translate");
  g_assert_cmpuint (
      gst_realtime2_presentation_delay (settings), ==, 3 * GST_SECOND);
  settings->session_type = GST_REALTIME2_SESSION_TYPE_REALTIME;
  g_assert_cmpuint (gst_realtime2_presentation_delay (settings), ==, 0);
  settings->session_type = GST_REALTIME2_SESSION_TYPE_TRANSCRIPTION;
  g_assert_cmpuint (
      gst_realtime2_presentation_delay (settings), ==, 3 * GST_SECOND);
}

#define ADD(NAME, FUNC)                                                        \
  g_test_add ("/configure/" NAME, Fixture, NULL, set_up, FUNC, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* The plugin has the same types as this program. */
  g_setenv ("GST_REGISTRY_DISABLE", "yes", TRUE);
  gst_init (&argc, &argv);
  ADD ("uri", test_uri);
  ADD ("azure-endpoint", test_azure_endpoint);
  ADD ("key", test_key);
  ADD ("fallback-key", test_fallback_key);
  ADD ("fallback-model", test_fallback_model);
  ADD ("fallback-bad", test_bad_fallback);
  ADD ("no-key", test_no_key);
  ADD ("auth", test_auth);
  ADD ("headers", test_headers);
  ADD ("injection", test_injection);
  ADD ("rest", test_rest);
  ADD ("empty-is-unset", test_empty_is_unset);
  ADD ("bad-pins", test_bad_pins);
  ADD ("delay", test_delay);
  return g_test_run ();
}
