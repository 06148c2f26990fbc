/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks what the user set before anything goes over the net.
 */
#include "rt2endpoint.h"

#include <libsoup/soup.h>
#include <string.h>

/* Characters. The longest keys are tokens of some thousand. */
#define MAX_KEY 16384

static Rt2Fault *
settings_fault (const gchar *message, const gchar *hint)
{
  Rt2Fault *fault = rt2_fault_new (RT2_FAULT_SETTINGS, "%s", message);

  fault->hint = g_strdup (hint);
  return fault;
}

static gboolean
host_is_loopback (const gchar *host)
{
  g_autoptr (GInetAddress) address = NULL;

  if (g_ascii_strcasecmp (host, "localhost") == 0)
    return TRUE;
  address = g_inet_address_new_from_string (host);
  return address != NULL && g_inet_address_get_is_loopback (address);
}

static Rt2Fault *
check_key (const gchar *key, gboolean plain, const gchar *host)
{
  const gchar *p;

  if (plain && !host_is_loopback (host))
    return settings_fault (
        "The API key is not sent in the clear: ws:// is only for this host.",
        "Use wss:// in `uri`.");
  for (p = key; g_ascii_isgraph (*p); p++)
    ;
  if (*key == '\0' || *p != '\0' || p - key > MAX_KEY)
    return settings_fault (
        "The API key is empty, too long, or holds a space, a line end or "
        "another character that no key has.",
        "Set OPENAI_API_KEY or the api-key property to the key alone.");
  return NULL;
}

/* The url is not quoted in messages: people put secrets into queries. */
static Rt2Fault *
check_url (GUri *uri)
{
  const gchar *scheme = uri ? g_uri_get_scheme (uri) : NULL;
  const gchar *host = uri ? g_uri_get_host (uri) : NULL;

  if (uri == NULL)
    return settings_fault (
        "The uri is not valid.", "Set `uri` to wss://host/path.");
  if (strcmp (scheme, "ws") != 0 && strcmp (scheme, "wss") != 0)
    return settings_fault ("The uri is not a WebSocket address.",
        "Set `uri` to an address that begins with wss:// (or ws://).");
  if (host == NULL || *host == '\0' || g_uri_get_port (uri) == 0)
    return settings_fault ("The uri names no host and port to connect to.",
        "Set `uri` to wss://host/path.");
  if (g_uri_get_userinfo (uri) != NULL)
    return settings_fault ("The uri holds a user name or a password.",
        "Take them out of `uri` and set api-key instead.");
  return NULL;
}

static gchar *
host_and_port (GUri *uri, gboolean plain)
{
  const gchar *host = g_uri_get_host (uri);
  gint port = g_uri_get_port (uri);

  if (port < 0)
    port = plain ? 80 : 443;
  return g_strdup_printf (strchr (host, ':') ? "[%s]:%d" : "%s:%d", host, port);
}

Rt2Endpoint *
rt2_endpoint_new (const gchar *url, const gchar *api_key, Rt2Fault **fault)
{
  g_autoptr (GUri) uri = url ? g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL)
                             : NULL;
  Rt2Endpoint *endpoint;
  gboolean plain;

  *fault = check_url (uri);
  if (*fault != NULL)
    return NULL;
  plain = strcmp (g_uri_get_scheme (uri), "ws") == 0;
  if (api_key != NULL)
    *fault = check_key (api_key, plain, g_uri_get_host (uri));
  if (*fault != NULL)
    return NULL;

  endpoint = g_new0 (Rt2Endpoint, 1);
  endpoint->plain = plain;
  endpoint->where = host_and_port (uri, plain);
  endpoint->uri = g_steal_pointer (&uri);
  return endpoint;
}

void
rt2_endpoint_free (Rt2Endpoint *endpoint)
{
  if (endpoint == NULL)
    return;

  g_uri_unref (endpoint->uri);
  g_free (endpoint->where);
  g_free (endpoint);
}

gchar *
rt2_endpoint_public_uri (const gchar *url)
{
  g_autoptr (GUri) uri = url ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;

  if (uri == NULL)
    return g_strdup ("");
  return g_uri_to_string_partial (
      uri, G_URI_HIDE_USERINFO | G_URI_HIDE_QUERY | G_URI_HIDE_FRAGMENT);
}

/* Whether the query of @url says already what to connect to. */
static gboolean
names_target (const gchar *url)
{
  static const gchar *const names[] = { "model=", "intent=", "call_id=" };
  const gchar *query = strchr (url, '?');

  for (guint i = 0; query && i < G_N_ELEMENTS (names); i++) {
    const gchar *found = strstr (query, names[i]);

    if (found && (found[-1] == '?' || found[-1] == '&'))
      return TRUE;
  }
  return FALSE;
}

/* @url with one more parameter; takes it over. */
static gchar *
add_parameter (gchar *url, const gchar *name, const gchar *value)
{
  gchar *escaped = g_uri_escape_string (value, NULL, FALSE);
  gchar *longer = g_strconcat (
      url, strchr (url, '?') ? "&" : "?", name, "=", escaped, NULL);

  g_free (escaped);
  g_free (url);
  return longer;
}

/* @base with "/translations" at the end of its path. */
static gchar *
translation_url (const gchar *base)
{
  gsize path = strcspn (base, "?");
  gsize end = path;

  while (end > 0 && base[end - 1] == '/')
    end--;
  if (end >= strlen ("/translations")
      && strncmp (base + end - strlen ("/translations"), "/translations",
             strlen ("/translations"))
          == 0)
    return g_strdup (base);
  return g_strdup_printf ("%.*s/translations%s", (gint) end, base, base + path);
}

gchar *
rt2_endpoint_url (const gchar *base, Rt2SessionType type, const gchar *model,
    const gchar *call_id)
{
  gchar *url = g_strdup (base ? base : "");

  if (names_target (url))
    return url;
  if (call_id)
    return add_parameter (url, "call_id", call_id);
  if (type == RT2_SESSION_TYPE_TRANSCRIPTION)
    return add_parameter (url, "intent", "transcription");
  if (type == RT2_SESSION_TYPE_TRANSLATION) {
    g_free (url);
    url = translation_url (base ? base : "");
  }
  return model && *model ? add_parameter (url, "model", model) : url;
}
