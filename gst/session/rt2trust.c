/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process-wide trust database. glib-networking shares the parsed CA bundle
 * only in its own way: given a database type that it does not know, it asks
 * that for a verdict and parses nothing itself. This type is such a stranger
 * in front of the system's database.
 */
#include "rt2trust.h"

struct _Rt2TrustDatabase {
  GTlsDatabase parent;

  /* The system's database. Set once before the object is handed out; its
   * verify_chain may be called from any thread. */
  GTlsDatabase *system;
};

#define RT2_TYPE_TRUST_DATABASE (rt2_trust_database_get_type ())
G_DECLARE_FINAL_TYPE (
    Rt2TrustDatabase, rt2_trust_database, RT2, TRUST_DATABASE, GTlsDatabase)
G_DEFINE_FINAL_TYPE (Rt2TrustDatabase, rt2_trust_database, G_TYPE_TLS_DATABASE)

/* Called on glib-networking's handshake threads, several at a time. */
static GTlsCertificateFlags
rt2_trust_database_verify_chain (GTlsDatabase *database, GTlsCertificate *chain,
    const gchar *purpose, GSocketConnectable *identity,
    GTlsInteraction *interaction, GTlsDatabaseVerifyFlags flags,
    GCancellable *cancellable, GError **error)
{
  Rt2TrustDatabase *self = RT2_TRUST_DATABASE (database);

  return g_tls_database_verify_chain (self->system, chain, purpose, identity,
      interaction, flags, cancellable, error);
}

static void
rt2_trust_database_finalize (GObject *object)
{
  Rt2TrustDatabase *self = RT2_TRUST_DATABASE (object);

  g_clear_object (&self->system);
  G_OBJECT_CLASS (rt2_trust_database_parent_class)->finalize (object);
}

static void
rt2_trust_database_class_init (Rt2TrustDatabaseClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rt2_trust_database_finalize;
  G_TLS_DATABASE_CLASS (klass)->verify_chain = rt2_trust_database_verify_chain;
}

static void
rt2_trust_database_init (Rt2TrustDatabase *self)
{
}

static gpointer
make_default (gpointer unused)
{
  GTlsBackend *backend = g_tls_backend_get_default ();
  Rt2TrustDatabase *self;

  if (!g_tls_backend_supports_tls (backend))
    return NULL;

  self = g_object_new (RT2_TYPE_TRUST_DATABASE, NULL);
  self->system = g_tls_backend_get_default_database (backend);
  if (self->system == NULL)
    g_clear_object (&self);
  return self;
}

GTlsDatabase *
rt2_trust_get_default (void)
{
  static GOnce once = G_ONCE_INIT;
  gpointer shared = g_once (&once, make_default, NULL);

  return shared ? g_object_ref (shared) : NULL;
}
