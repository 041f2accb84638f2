/* Text of the storage in storage.c: built piece by piece, and the little of JSON that it has to read. */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socorro_plugin.h"

static char *copy_text(socorro_str from) { return strndup(from.len == 0 ? "" : (const char *)from.ptr, from.len); }

typedef struct text {
  char *bytes;
  size_t len, room;
  bool failed;
} text;

static void text_add(text *it, const char *format, ...) {
  for (int attempt = 0; attempt < 2 && !it->failed; attempt++) {
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(it->bytes == NULL ? NULL : it->bytes + it->len, it->room - it->len, format, arguments);
    va_end(arguments);
    if (len >= 0 && (size_t)len < it->room - it->len) {
      it->len += (size_t)len;
      return;
    }
    size_t room = (it->room + (size_t)(len < 0 ? 0 : len) + 64) * 2;
    char *bytes = len < 0 ? NULL : realloc(it->bytes, room);
    it->failed = bytes == NULL;
    if (bytes != NULL) it->bytes = bytes, it->room = room;
  }
}

/* The value after "key": in JSON of our host, whose texts in question have no escapes. */
static const char *json_value(const char *json, const char *key) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\"", key);
  const char *found = strstr(json, quoted);
  if (found == NULL) return NULL;
  found += strlen(quoted);
  while (*found == ' ' || *found == ':') found++;
  return found;
}

static bool json_text(const char *json, const char *key, char *out, size_t len) {
  const char *value = json_value(json, key);
  if (value == NULL || *value != '"' || strlen(value) < len + 2 || value[len + 1] != '"') return false;
  memcpy(out, value + 1, len);
  out[len] = '\0';
  return true;
}

#endif
