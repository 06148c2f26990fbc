/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How to connect: the values, and the secrets among them.
 */
#include "rt2transport.h"

#include "rt2types.h"

#define DEFAULT_CONNECT_TIMEOUT (10 * G_GUINT64_CONSTANT (1000000000))
#define DEFAULT_KEEPALIVE (15 * G_GUINT64_CONSTANT (1000000000))

Rt2TransportConfig *
rt2_transport_config_new (void)
{
  Rt2TransportConfig *config = g_new0 (Rt2TransportConfig, 1);

  config->connect_timeout = DEFAULT_CONNECT_TIMEOUT;
  config->keepalive_interval = DEFAULT_KEEPALIVE;
  return config;
}

Rt2TransportConfig *
rt2_transport_config_copy (const Rt2TransportConfig *config)
{
  Rt2TransportConfig *copy = g_new (Rt2TransportConfig, 1);

  *copy = *config;
  copy->url = g_strdup (config->url);
  copy->api_key = g_strdup (config->api_key);
  copy->headers = g_strdupv (config->headers);
  copy->proxy = g_strdup (config->proxy);
  copy->pins = g_strdupv (config->pins);
  if (copy->tls_database)
    g_object_ref (copy->tls_database);
  if (copy->client_certificate)
    g_object_ref (copy->client_certificate);
  return copy;
}

void
rt2_transport_config_free (Rt2TransportConfig *config)
{
  if (config == NULL)
    return;

  g_free (config->url);
  rt2_secret_free (config->api_key);
  for (guint i = 0; config->headers && config->headers[i]; i++)
    rt2_secret_free (config->headers[i]);
  g_free (config->headers);
  rt2_secret_free (config->proxy);
  g_strfreev (config->pins);
  g_clear_object (&config->tls_database);
  g_clear_object (&config->client_certificate);
  g_free (config);
}
