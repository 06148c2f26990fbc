/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A self-signed certificate for localhost and 127.0.0.1. */
#ifndef SANDBOX_CERTIFICATE_H
#define SANDBOX_CERTIFICATE_H

#include <gio/gio.h>

G_BEGIN_DECLS

/* Also writes the certificate, not the key, to a new PEM file whose path the
 * caller owns and removes. */
GTlsCertificate *certificate_make (gchar **pem_path, GError **error);

G_END_DECLS

#endif
