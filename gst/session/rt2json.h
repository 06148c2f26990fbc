/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json-glib behind a guard. json-glib 1.6 overflows the stack on deep nesting,
 * leaks on two roots, accepts single quotes and "var x =", turns 1e999 into
 * inf and wraps long integers: text is scanned before it gets there, and every
 * getter checks the type. Pure: no I/O, no globals.
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define RT2_JSON_ERROR (rt2_json_error_quark ())
GQuark rt2_json_error_quark (void);

typedef enum {
  RT2_JSON_ERROR_UTF8,   /* not valid UTF-8, or holds a NUL byte */
  RT2_JSON_ERROR_DEPTH,  /* nested deeper than RT2_JSON_MAX_DEPTH */
  RT2_JSON_ERROR_SYNTAX, /* not one JSON value by RFC 8259 */
  RT2_JSON_ERROR_TYPE,   /* the root is not an object */
  RT2_JSON_ERROR_SIZE,   /* more values or members than we take */
} Rt2JsonError;

#define RT2_JSON_MAX_DEPTH 64
/* Values in one text, and members in one object. A value costs json-glib some
 * 200 bytes, whatever it costs the sender; names may be chosen to collide. */
#define RT2_JSON_MAX_VALUES 100000
#define RT2_JSON_MAX_MEMBERS 1024

/* Parses one JSON object. @size is the length of @text in bytes; text after the
 * object other than white space is an error; a NUL after @size bytes is not
 * needed. Of equal names the last counts. "\u0000" and lone surrogates become
 * U+FFFD, integers beyond 64 bits doubles, numbers beyond doubles null. Caller
 * owns the returned object (json_object_unref()). */
JsonObject *rt2_json_parse_object (
    const gchar *text, gsize size, GError **error);

/* Parses one JSON value of any type, for properties that take arrays too. */
JsonNode *rt2_json_parse (const gchar *text, gsize size, GError **error);

/* Getters: @object and @array may be NULL; a missing member, null or a value of
 * another type gives the fallback. Strings and objects belong to @object. */
const gchar *rt2_json_string (JsonObject *object, const gchar *name);
JsonObject *rt2_json_object (JsonObject *object, const gchar *name);
JsonArray *rt2_json_array (JsonObject *object, const gchar *name);
gboolean rt2_json_boolean (
    JsonObject *object, const gchar *name, gboolean fallback);
/* Whole numbers in [0, G_MAXINT64]; a double with a whole value counts. */
guint64 rt2_json_uint (JsonObject *object, const gchar *name, guint64 fallback);
/* Finite numbers only. */
gdouble rt2_json_double (
    JsonObject *object, const gchar *name, gdouble fallback);
/* The object at index @i of @array, or NULL if it is something else. */
JsonObject *rt2_json_array_object (JsonArray *array, guint i);
/* The first object of @array whose member @name is the string @value, or NULL.
 */
JsonObject *rt2_json_find (
    JsonArray *array, const gchar *name, const gchar *value);
/* The member as JSON text, newly allocated; NULL if it is missing. */
gchar *rt2_json_member_text (JsonObject *object, const gchar *name);

/* @object as one line of JSON, newly allocated. (json-glib writes 1e20 as
 * "1e+20.0", which is not JSON.) */
gchar *rt2_json_to_text (JsonObject *object);

/* Appends @text to @out as a JSON string with its quotes. What is not UTF-8
 * becomes U+FFFD. */
void rt2_json_append_string (GString *out, const gchar *text);

/* Lays @overlay over @target: objects are laid over objects member by member,
 * everything else, null included, replaces. Arrays may be shared with @overlay
 * afterwards. */
void rt2_json_lay_over (JsonObject *target, JsonObject *overlay);

G_END_DECLS
