/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Client secrets: keys that are made for one kind of session and expire. */
#include "secrets.h"

#include "models.h"
#include "schema.h"

#define DEFAULT_SECONDS 600
#define DEFAULT_MODEL "gpt-realtime-2"
#define MAX_SECRETS 1000

struct _Secrets {
  GRand *rand;
  guint seconds;     /* 0: as asked */
  GHashTable *known; /* key -> Secret */
};

static const gchar *const anchors[] = { "created_at", NULL };
static const Rule expiry_rules[] = {
  { "anchor", RULE_STRING, .values = anchors },
  { "seconds", RULE_INTEGER, .min = 10, .max = 7200 },
  { NULL },
};
static const Rule body_rules[] = {
  { "expires_after", RULE_OBJECT, .fields = expiry_rules },
  { "session", RULE_OBJECT },
  { NULL },
};

static void
secret_free (gpointer data)
{
  Secret *secret = data;

  g_free (secret->model);
  g_clear_pointer (&secret->preset, json_object_unref);
  g_free (secret);
}

Secrets *
secrets_new (guint seed, guint seconds)
{
  Secrets *secrets = g_new0 (Secrets, 1);

  secrets->rand = g_rand_new_with_seed (seed);
  secrets->seconds = seconds;
  secrets->known = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, secret_free);
  return secrets;
}

void
secrets_free (Secrets *secrets)
{
  g_hash_table_unref (secrets->known);
  g_rand_free (secrets->rand);
  g_free (secrets);
}

const Secret *
secrets_find (Secrets *secrets, const gchar *key)
{
  return key != NULL ? g_hash_table_lookup (secrets->known, key) : NULL;
}

gboolean
secret_is_expired (const Secret *secret)
{
  return g_get_monotonic_time () >= secret->expires_us;
}

static gboolean
is_expired (gpointer key, gpointer value, gpointer data)
{
  return secret_is_expired (value);
}

static gboolean
check_room (Secrets *secrets, Fault *fault)
{
  if (g_hash_table_size (secrets->known) < MAX_SECRETS
      || g_hash_table_foreach_remove (secrets->known, is_expired, NULL) > 0)
    return TRUE;
  return fault_set (fault, "rate_limit_exceeded", NULL,
      "There are too many client secrets: wait until some have expired.");
}

/* The model is named once, when the session begins. */
static Secret *
read_secret (JsonObject *session, gboolean translates)
{
  Secret *secret = g_new0 (Secret, 1);
  const gchar *model = session ? wire_string (session, "model") : NULL;

  secret->kind = translates ? SESSION_TRANSLATION : SESSION_REALTIME;
  if (session != NULL
      && g_strcmp0 (wire_string (session, "type"), "transcription") == 0)
    secret->kind = SESSION_TRANSCRIPTION;
  if (secret->kind == SESSION_REALTIME && model == NULL)
    model = DEFAULT_MODEL;
  secret->model = g_strdup (model);
  if (session != NULL)
    secret->preset = wire_copy_object (session);
  if (translates && model != NULL)
    json_object_remove_member (secret->preset, "model");
  return secret;
}

/* What a session that uses the secret will look like; NULL: refused. */
static JsonObject *
make_session (Secrets *secrets, Secret *secret, Fault *fault)
{
  g_autofree gchar *id = wire_make_id (secrets->rand, "sess");
  ConfigLocks locks = { 0 };
  JsonObject *session = NULL;
  Config *config;

  if (secret->kind != SESSION_TRANSCRIPTION
      && !models_check_session (
          secret->kind == SESSION_TRANSLATION, secret->model, fault))
    return NULL;
  config = config_new (secret->kind, id, secret->model, 0, FALSE);
  if (secret->preset == NULL
      || config_update (config, secret->preset, &locks, fault))
    session = json_object_ref (config->session);
  config_free (config);
  return session;
}

JsonObject *
secrets_make (
    Secrets *secrets, JsonObject *body, gboolean translates, Fault *fault)
{
  JsonObject *expiry, *session, *answer;
  gint64 seconds = DEFAULT_SECONDS;
  Secret *secret;
  gchar *key;

  if (!schema_check_object (body_rules, body, "", fault)
      || !check_room (secrets, fault))
    return NULL;
  secret = read_secret (wire_object (body, "session"), translates);
  session = make_session (secrets, secret, fault);
  if (session == NULL) {
    secret_free (secret);
    return NULL;
  }
  expiry = wire_object (body, "expires_after");
  if (expiry != NULL)
    seconds = wire_integer (expiry, "seconds", seconds);
  if (secrets->seconds > 0)
    seconds = secrets->seconds;
  secret->expires_us = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  key = wire_make_id (secrets->rand, "ek");
  answer = json_object_new ();
  json_object_set_string_member (answer, "value", key);
  json_object_set_int_member (
      answer, "expires_at", g_get_real_time () / G_USEC_PER_SEC + seconds);
  json_object_set_object_member (answer, "session", session);
  g_hash_table_insert (secrets->known, key, secret);
  return answer;
}
